"""Hides which Redis is there: one server (`redis://`), or a cluster (`redis+cluster://`).

In a cluster a channel is sharded: it lives on the node that owns its name, and a publication
reaches that shard alone. redis-py's own cluster subscription can only be asked again and again, so
we subscribe with a plain connection at the owning node, and look for the owner anew when it is lost
or says that the channel has moved.
"""

import socket
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlsplit

import redis
import redis.asyncio
import redis.cluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

CLUSTER = "+cluster"  # of the scheme: redis+cluster://, rediss+cluster://
LOST = (redis.RedisError, redis.RedisClusterException, OSError)
SYNC_NODE: Any = redis.cluster.ClusterNode  # redis-py does not type it
PORT = 6379  # where an address has none
ANSWER_SECONDS = 5.0
CONNECT_SECONDS = 1.0
# A connection whose other end vanished without a word is noticed after half a minute.
KEEPALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


class Link(Protocol):
    """A way to Redis. Whatever it raises is one of `LOST`."""

    def pipeline(self) -> Any:
        """Commands that are sent together, and block until they are answered."""

    def async_pipeline(self) -> Any:
        """The same on an event loop, the same one each time."""

    def publish(self, messages: Mapping[str, bytes]) -> None:
        """Each message to its channel, all in one go. Blocks."""

    def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        """What arrives at the channel; None whenever the subscription stands (again)."""

    async def close(self) -> None:
        """Let go of every connection but those of `listen`; the next use opens others."""


class Single:
    """One Redis server."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        once = Retry(NoBackoff(), 1)  # a connection that had gone stale; a hint waits for no more
        self._sync = redis.Redis.from_url(
            url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=CONNECT_SECONDS, retry=once
        )

    @cached_property
    def _async(self) -> "redis.asyncio.Redis":
        return redis.asyncio.Redis.from_url(
            self._url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=AsyncRetry(NoBackoff(), 1),
        )

    def pipeline(self) -> Any:
        return self._sync.pipeline(transaction=False)

    def async_pipeline(self) -> Any:
        return self._async.pipeline(transaction=False)

    def publish(self, messages: Mapping[str, bytes]) -> None:
        pipeline = self.pipeline()
        for channel, message in messages.items():
            pipeline.publish(channel, message)
        pipeline.execute()

    async def close(self) -> None:
        await self._async.aclose()
        self._sync.close()

    async def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        async with listener(self._url, self._name) as client, client.pubsub() as subscription:
            await subscription.subscribe(channel)
            async for message in subscription.listen():
                if message["type"] == "subscribe":
                    yield None
                elif message["type"] == "message":
                    yield message["data"]


class Cluster:
    """A Redis Cluster, found through the nodes of the address (`HOST:PORT,HOST:PORT`), later
    through any that they named."""

    def __init__(self, url: str, name: str) -> None:
        self._url, *others = _addresses(url)
        self._name = name
        self._nodes = [_place(one) for one in others]  # as last known, beside that of the address
        self._connecting = Lock()
        self._known: Any = None  # redis-py does not type its cluster's pipelines

    @property
    def client(self) -> Any:
        """Connects, hence not before it is needed, and again while it could not."""
        with self._connecting:
            if self._known is None:
                self._known = redis.RedisCluster.from_url(
                    self._url,
                    startup_nodes=[SYNC_NODE(*place) for place in self._nodes],
                    socket_timeout=ANSWER_SECONDS,
                    socket_connect_timeout=CONNECT_SECONDS,
                    retry=Retry(NoBackoff(), 1),
                )
            return self._known

    @cached_property
    def _async(self) -> "redis.asyncio.RedisCluster":
        return redis.asyncio.RedisCluster.from_url(
            self._url,
            startup_nodes=[ClusterNode(*place) for place in self._nodes],
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=AsyncRetry(NoBackoff(), 1),
        )

    def pipeline(self) -> Any:
        return self.client.pipeline()

    def async_pipeline(self) -> Any:
        return self._async.pipeline()

    def publish(self, messages: Mapping[str, bytes]) -> None:
        pipeline = self.pipeline()
        for channel, message in messages.items():
            pipeline.execute_command("SPUBLISH", channel, message)
        pipeline.execute()

    async def close(self) -> None:
        await self._async.aclose()
        with self._connecting:
            if self._known is not None:
                self._known.close()

    async def listen(self, channel: str) -> AsyncIterator[bytes | None]:
        owner = await self._owner(channel)
        async with listener(owner, self._name) as client, client.pubsub() as subscription:
            await subscription.ssubscribe(channel)
            async for message in subscription.listen():
                if message["type"] == "ssubscribe":
                    yield None
                elif message["type"] == "smessage":
                    yield message["data"]
                elif message["type"] == "sunsubscribe":
                    raise redis.ConnectionError("the channel has moved to another node")

    async def _owner(self, channel: str) -> str:
        """The address of the node that has the channel now."""
        async with redis.asyncio.RedisCluster.from_url(
            self._url,
            startup_nodes=[ClusterNode(*place) for place in self._nodes],
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
        ) as fresh:
            self._nodes = [(one.host, int(one.port)) for one in fresh.get_nodes()]
            node = fresh.get_node_from_key(channel)
        if node is None:
            raise redis.ConnectionError("no node owns the channel")
        parts = urlsplit(self._url)
        user = parts.netloc.rpartition("@")[0]
        place = f"[{node.host}]" if ":" in node.host else node.host
        return parts._replace(netloc=f"{user}@{place}:{node.port}".removeprefix("@")).geturl()


def link(url: str, prefix: str) -> Link:
    """A way to the Redis of this address; connects when it is used."""
    name = f"{prefix}-bus"
    if urlsplit(url).scheme.endswith(CLUSTER):
        return Cluster(plain(url), name)
    return Single(url, name)


def _addresses(url: str) -> list[str]:
    """An address for each node that one of a cluster names."""
    parts = urlsplit(url)
    user, at, nodes = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{user}{at}{one}").geturl() for one in nodes.split(",")]


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "localhost", parts.port or PORT


def plain(url: str) -> str:
    """The address as redis-py takes it."""
    parts = urlsplit(url)
    return parts._replace(scheme=parts.scheme.removesuffix(CLUSTER)).geturl()


def listener(url: str, name: str) -> "redis.asyncio.Redis":
    """redis-py reads with a timeout by default, which would end an idle subscription."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=None,
        socket_keepalive=True,
        socket_keepalive_options=KEEPALIVE,
        client_name=name,
    )
