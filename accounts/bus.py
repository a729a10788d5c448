"""Hides how an inbox reaches other processes: not at all (one process), or through Redis.

The database is the truth and the bus carries hints. When its connection was lost and is back,
`recovered` is called once: what was published meanwhile is gone, and clients resume by `seq`.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Protocol
from uuid import UUID, uuid4

import msgspec
import redis
import redis.asyncio
from django.conf import settings

from accounts import metrics

logger = logging.getLogger(__name__)

ROUTE_SECONDS = 90  # a process that died is forgotten after this
ROUTE_REFRESH_SECONDS = 30
RECONNECT_MIN_SECONDS, RECONNECT_MAX_SECONDS = 0.1, 5.0
FIRST_SUBSCRIPTION_SECONDS = 2.0  # a socket opens without it when Redis is down
# A connection whose other end vanished without a word is noticed after half a minute.
KEEPALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """One event on its way: who it is for, and its bytes in both encodings."""

    account_ids: list[UUID]
    msgpack: bytes
    json: bytes


class Bus(Protocol):
    """Carries parcels to the other processes where these accounts have a socket."""

    def carry(self, parcels: Sequence[Parcel]) -> None: ...
    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]: ...
    async def arrive(self, account_id: UUID) -> None: ...
    async def depart(self, account_id: UUID) -> None: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...

    @property
    def joined(self) -> bool:
        """Whether what other processes carry arrives here."""


class LocalBus:
    """One process: there is nowhere else to carry anything to."""

    def carry(self, parcels: Sequence[Parcel]) -> None:
        return

    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]:
        return set()

    async def arrive(self, account_id: UUID) -> None:
        return

    async def depart(self, account_id: UUID) -> None:
        return

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    @property
    def joined(self) -> bool:
        return True


class RedisBus:
    """One channel per process, one message per destination process and call of `carry`."""

    def __init__(
        self,
        url: str,
        prefix: str,
        hand_over: Callable[[Sequence[Parcel]], None],
        recovered: Callable[[], None],
    ) -> None:
        self._prefix, self._hand_over, self._recovered = prefix, hand_over, recovered
        self._process_id = uuid4().hex
        self._sync = redis.Redis.from_url(url, socket_timeout=5)
        # redis-py reads with a timeout by default, which would end an idle subscription.
        self._async = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=None,
            socket_keepalive=True,
            socket_keepalive_options=KEEPALIVE,
            client_name=f"{prefix}-bus",
        )
        self._subscribed = asyncio.Event()
        self._was_subscribed = False
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Parcel])
        self._local: set[UUID] = set()
        self._tasks: list[asyncio.Task[None]] = []
        metrics.BUS_CONNECTED.set_function(lambda: float(self._subscribed.is_set()))

    def carry(self, parcels: Sequence[Parcel]) -> None:
        """Blocks: call it from a database thread. A Redis that is down costs a hint."""
        try:
            for process, bundle in self._bundles(parcels).items():
                self._sync.publish(self._channel(process), self._encoder.encode(bundle))
        except redis.RedisError as error:
            metrics.BUS_LOST.inc(len(parcels))
            logger.warning("bus: %d parcels not carried (%s)", len(parcels), type(error).__name__)

    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]:
        """Those of these accounts that another process has a socket of. Blocks, as `carry`."""
        try:
            pipeline = self._sync.pipeline(transaction=False)
            for account_id in account_ids:
                pipeline.scard(self._route(account_id))
            counts = pipeline.execute()
        except redis.RedisError:
            return set()
        return {account for account, count in zip(account_ids, counts, strict=True) if count}

    def _bundles(self, parcels: Sequence[Parcel]) -> dict[str, list[Parcel]]:
        accounts = list({account for parcel in parcels for account in parcel.account_ids})
        pipeline = self._sync.pipeline(transaction=False)
        for account in accounts:
            pipeline.smembers(self._route(account))
        routes = dict(zip(accounts, pipeline.execute(), strict=True))
        bundles: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            by_process: dict[str, list[UUID]] = {}
            for account in parcel.account_ids:
                for process in routes[account]:
                    by_process.setdefault(process.decode(), []).append(account)
            for process, account_ids in by_process.items():
                if process != self._process_id:
                    addressed = Parcel(account_ids, parcel.msgpack, parcel.json)
                    bundles.setdefault(process, []).append(addressed)
        return bundles

    @property
    def joined(self) -> bool:
        return self._subscribed.is_set()

    async def open(self) -> None:
        """Join the bus, or wait a little for it in vain: it is tried again and again."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), context=Context()),
                asyncio.create_task(self._refresh(), context=Context()),
            ]
        if not self._subscribed.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._subscribed.wait(), FIRST_SUBSCRIPTION_SECONDS)

    async def close(self) -> None:
        """Nothing is routed here any more."""
        left, self._local = list(self._local), set()
        try:
            pipeline = self._async.pipeline(transaction=False)
            for account_id in left:
                pipeline.srem(self._route(account_id), self._process_id)
            await pipeline.execute()
        except redis.RedisError as error:
            logger.warning("bus: routes were not removed (%s)", type(error).__name__)

    async def arrive(self, account_id: UUID) -> None:
        """Route this account's parcels here, from now until `depart`."""
        await self.open()
        self._local.add(account_id)
        await self._write_routes([account_id])

    async def depart(self, account_id: UUID) -> None:
        self._local.discard(account_id)
        try:
            await self._async.srem(self._route(account_id), self._process_id)
        except redis.RedisError as error:
            logger.warning("bus: a route was not removed (%s)", type(error).__name__)

    async def _listen(self) -> None:
        delay = RECONNECT_MIN_SECONDS
        while True:
            try:
                await self._receive()
            except (redis.RedisError, OSError) as error:
                logger.warning("bus: connection lost (%s), again soon", type(error).__name__)
            if self._subscribed.is_set():
                delay = RECONNECT_MIN_SECONDS
                self._subscribed.clear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_MAX_SECONDS)

    async def _receive(self) -> None:
        """Hand over what arrives, until the connection is lost."""
        async with self._async.pubsub() as subscription:
            await subscription.subscribe(self._channel(self._process_id))
            async for message in subscription.listen():
                if message["type"] == "message":
                    self._hand_over(self._decoder.decode(message["data"]))
                elif message["type"] == "subscribe":
                    await self._start_again()

    async def _start_again(self) -> None:
        """The subscription stands. If it is not the first, hints were lost, perhaps routes too.

        Said for each confirmation, since redis-py may connect and subscribe again by itself.
        """
        again, self._was_subscribed = self._was_subscribed, True
        self._subscribed.set()
        if again:
            metrics.BUS_RECONNECTS.inc()
            await self._write_routes(list(self._local))
            self._recovered()

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(ROUTE_REFRESH_SECONDS)
            await self._write_routes(list(self._local))

    async def _write_routes(self, account_ids: Sequence[UUID]) -> None:
        try:
            pipeline = self._async.pipeline(transaction=False)
            for account_id in account_ids:
                pipeline.sadd(self._route(account_id), self._process_id)
                pipeline.expire(self._route(account_id), ROUTE_SECONDS)
            await pipeline.execute()
        except redis.RedisError as error:
            logger.warning("bus: routes not written (%s)", type(error).__name__)

    def _route(self, account_id: UUID) -> str:
        return f"{self._prefix}:route:{account_id.hex}"

    def _channel(self, process_id: str) -> str:
        return f"{self._prefix}:process:{process_id}"


def make_bus(hand_over: Callable[[Sequence[Parcel]], None], recovered: Callable[[], None]) -> Bus:
    """The bus of this process, as the settings say."""
    if settings.REDIS_URL:
        return RedisBus(settings.REDIS_URL, settings.BUS_PREFIX, hand_over, recovered)
    return LocalBus()
