"""The bus of several processes: one channel each, and who has sockets of whom, in Redis."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context
from itertools import batched
from threading import Lock, Thread
from typing import Any
from uuid import UUID, uuid4

import msgspec

from accounts import metrics
from accounts.bus._links import LOST, link
from accounts.bus._parcels import Parcel
from accounts.rest import Rest

logger = logging.getLogger(__name__)

ROUTE_SECONDS = 90  # a process that died is forgotten after this
ROUTE_REFRESH_SECONDS = 30
ROUTES_AT_ONCE = 500
RECONNECT_MIN_SECONDS, RECONNECT_MAX_SECONDS = 0.1, 5.0
FIRST_SUBSCRIPTION_SECONDS = 2.0  # a server opens without it when Redis is down
SILENCE_SECONDS = 1.0  # in which a Redis that did not answer is not asked: a commit waits for it


class RedisBus:
    """One channel per process, one message per destination process and call of `carry`."""

    def __init__(
        self,
        url: str,
        prefix: str,
        hand_over: Callable[[Sequence[Parcel]], None],
    ) -> None:
        self._prefix, self._hand_over = prefix, hand_over
        self._process_id = uuid4().hex
        self._link = link(url, prefix)
        self._subscribed = asyncio.Event()
        self._was_subscribed = False
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Parcel])
        self._sockets: dict[UUID, int] = {}  # of this process
        self._untold: dict[UUID, asyncio.Future[int]] = {}  # whose number Redis does not know yet
        self._unwritten: set[UUID] = set()  # whose number it could not be told
        self._telling: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._rest = Rest()
        self._gap = _Gap(self.carry)
        self._closed = False
        metrics.BUS_CONNECTED.set_function(lambda: float(self._subscribed.is_set()))

    @property
    def joined(self) -> bool:
        return self._subscribed.is_set()

    def carry(self, parcels: Sequence[Parcel]) -> None:
        if not self._rest.is_over():
            self._lose(parcels)
            return
        try:
            bundles = self._bundles(parcels)
            if bundles:
                self._link.publish(
                    {self._channel(to): self._encoder.encode(what) for to, what in bundles.items()}
                )
        except LOST as error:
            self._rest.lasts(SILENCE_SECONDS)
            self._lose(parcels)
            logger.warning("bus: %d parcels not carried (%s)", len(parcels), type(error).__name__)
        else:
            self._rest.lasts(0.0)

    def _lose(self, parcels: Sequence[Parcel]) -> None:
        metrics.BUS_LOST.inc(len(parcels))
        self._gap.widen(parcels)

    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]:
        try:
            routes = self._routes(account_ids)
        except LOST:
            return set()
        return {account for account, processes in routes.items() if processes}

    async def count(self, account_id: UUID, sockets: int) -> int:
        await self.open()
        if self._closed:
            return 0
        if sockets:
            self._sockets[account_id] = sockets
        else:
            self._sockets.pop(account_id, None)
        told = self._untold.setdefault(account_id, asyncio.get_running_loop().create_future())
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), context=Context())
        return await asyncio.shield(told)

    async def open(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), context=Context()),
                asyncio.create_task(self._refresh(), context=Context()),
            ]
            with suppress(TimeoutError):
                await asyncio.wait_for(self._subscribed.wait(), FIRST_SUBSCRIPTION_SECONDS)

    async def close(self) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._subscribed.clear()
        left, self._sockets = list(self._sockets), {}
        for some in batched(left, ROUTES_AT_ONCE):
            await self._write(some)
        with suppress(*LOST):
            await self._link.close()

    def _bundles(self, parcels: Sequence[Parcel]) -> dict[str, list[Parcel]]:
        """What goes to each of the other processes."""
        routes = self._routes({account for parcel in parcels for account in parcel.account_ids})
        bundles: dict[str, list[Parcel]] = {}
        if not any(routes.values()):  # everybody concerned is here, or nowhere
            return bundles
        for parcel in parcels:
            by_process: dict[str, list[UUID]] = {}
            for account in parcel.account_ids:
                for process in routes[account]:
                    by_process.setdefault(process, []).append(account)
            for process, account_ids in by_process.items():
                addressed = Parcel(account_ids, parcel.msgpack, parcel.json)
                bundles.setdefault(process, []).append(addressed)
        return bundles

    def _routes(self, account_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
        """How many sockets of each account each other process has. One round trip."""
        accounts = list(account_ids)
        pipeline = self._link.pipeline()
        for account in accounts:
            pipeline.hgetall(self._route(account))
        return dict(zip(accounts, map(self._others, pipeline.execute()), strict=True))

    def _others(self, route: dict[bytes, bytes]) -> dict[str, int]:
        """A route without this process, and without those that stopped renewing it."""
        now, found = time.time(), {}
        for process, value in route.items():
            sockets, _, until = value.partition(b":")
            if float(until) > now and (name := process.decode()) != self._process_id:
                found[name] = int(sockets)
        return found

    async def _tell(self) -> None:
        """Tell Redis the numbers as they are now: what changed meanwhile is the next turn's."""
        while self._untold:
            told, self._untold = self._untold, {}
            for some in batched(told, ROUTES_AT_ONCE):
                others = await self._write(some)
                for account_id, number in zip(some, others, strict=True):
                    if not told[account_id].done():
                        told[account_id].set_result(number)

    async def _write(self, account_ids: Sequence[UUID]) -> list[int]:
        """Write the routes of these accounts; how many sockets of each the others have."""
        pipeline, value_ends = self._link.async_pipeline(), time.time() + ROUTE_SECONDS
        for account_id in account_ids:
            route = self._route(account_id)
            if sockets := self._sockets.get(account_id, 0):
                pipeline.hset(route, self._process_id, f"{sockets}:{value_ends:.0f}")
                pipeline.expire(route, ROUTE_SECONDS)
            else:
                pipeline.hdel(route, self._process_id)
            pipeline.hgetall(route)
        try:
            answers: list[Any] = await pipeline.execute()
        except LOST as error:
            logger.warning("bus: routes not written (%s)", type(error).__name__)
            self._unwritten.update(account_ids)
            return [0] * len(account_ids)
        self._unwritten.difference_update(account_ids)
        routes = [answer for answer in answers if isinstance(answer, dict)]
        return [sum(self._others(route).values()) for route in routes]

    async def _listen(self) -> None:
        delay = RECONNECT_MIN_SECONDS
        while True:
            try:
                await self._receive()
            except LOST as error:
                logger.warning("bus: connection lost (%s), again soon", type(error).__name__)
            if self._subscribed.is_set():
                delay = RECONNECT_MIN_SECONDS
                self._subscribed.clear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_MAX_SECONDS)

    async def _receive(self) -> None:
        """Hand over what arrives, until the connection is lost."""
        async for data in self._link.listen(self._channel(self._process_id)):
            if data is None:
                await self._start_again()
            else:
                self._hand_over(self._decoder.decode(data))

    async def _start_again(self) -> None:
        """The subscription stands. If it is not the first, hints were lost, perhaps routes too.

        Said for each confirmation, since redis-py may connect and subscribe again by itself.
        """
        again, self._was_subscribed = self._was_subscribed, True
        self._subscribed.set()
        if again:
            metrics.BUS_RECONNECTS.inc()
            await self._renew()
            self._hand_over([Parcel.gap(self._sockets)])

    async def _refresh(self) -> None:
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(SILENCE_SECONDS)
            await self._write_again()
            if time.monotonic() - renewed > ROUTE_REFRESH_SECONDS:
                renewed = time.monotonic()
                await self._renew()

    async def _write_again(self) -> None:
        """Write what could not be written; whoever was without a route meanwhile has a gap."""
        for some in batched(list(self._unwritten), ROUTES_AT_ONCE):
            await self._write(some)
            if self._unwritten.isdisjoint(some):
                self._hand_over([Parcel.gap(some)])

    async def _renew(self) -> None:
        for some in batched(list(self._sockets), ROUTES_AT_ONCE):
            await self._write(some)

    def _route(self, account_id: UUID) -> str:
        return f"{self._prefix}:route:{account_id.hex}"

    def _channel(self, process_id: str) -> str:
        return f"{self._prefix}:process:{process_id}"


class _Gap:
    """Whose parcels were lost, until the other processes know: no later parcel need show it.

    Asked from many threads. A thread of its own speaks, since workers have no event loop.
    """

    def __init__(self, carry: Callable[[Sequence[Parcel]], None]) -> None:
        self._carry = carry
        self._lock = Lock()
        self._account_ids: set[UUID] = set()
        self._speaking = False

    def widen(self, parcels: Iterable[Parcel]) -> None:
        """These were lost, be they gaps themselves."""
        with self._lock:
            self._account_ids.update(*(parcel.account_ids for parcel in parcels))
            if self._account_ids and not self._speaking:
                self._speaking = True
                Thread(target=self._speak, name="bus-gap", daemon=True).start()

    def _speak(self) -> None:
        while True:
            time.sleep(SILENCE_SECONDS)
            with self._lock:
                account_ids, self._account_ids = self._account_ids, set()
                self._speaking = bool(account_ids)
            if not account_ids:
                return
            self._carry([Parcel.gap(account_ids)])
