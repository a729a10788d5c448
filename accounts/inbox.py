"""Hides how a person is reached: `publish` to accounts, after commit, on every live connection."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from functools import partial
from time import perf_counter
from typing import Protocol
from uuid import UUID

import msgspec
from django.db import transaction

from accounts import metrics
from accounts.bus import Parcel, make_bus
from accounts.events import Event

_msgpack = msgspec.msgpack.Encoder(uuid_format="bytes")
_json = msgspec.json.Encoder()


class Connection(Protocol):
    """A live socket of an account; all but `loop` is called on its own event loop."""

    loop: asyncio.AbstractEventLoop

    @property
    def quiet(self) -> bool:
        """Whether no command is being carried out, and everything said has been handed over."""

    def push(self, msgpack: bytes, json: bytes) -> None: ...
    def resync(self) -> None: ...
    async def check_session(self) -> None: ...
    def stop_listening(self, last_word: Event) -> None: ...
    async def close(self, code: int) -> None: ...


Delivery = tuple[Collection[UUID], Event]
Pushes = list[tuple[Connection, Parcel]]
News = list[tuple[asyncio.AbstractEventLoop, Pushes]]

_connections: dict[UUID, set[Connection]] = {}
_kept: ContextVar[News | None] = ContextVar("kept", default=None)


def publish(account_ids: Collection[UUID], event: Event) -> None:
    """Tell these accounts once the transaction around this call has committed, and only then."""
    publish_all([(account_ids, event)])


def publish_all(deliveries: Sequence[Delivery]) -> None:
    """As `publish`, for many at once: packed once, and one bus message per other process."""
    if deliveries:
        transaction.on_commit(partial(_send, list(deliveries)))


def publish_gap(account_ids: Collection[UUID]) -> None:
    """After the commit, have the clients of these accounts ask for what they may have missed."""
    if account_ids:
        transaction.on_commit(partial(_deliver, [Parcel.gap(account_ids)]))


def hint(account_ids: Collection[UUID], event: Event) -> None:
    """Tell these accounts at once something nobody needs to keep: typing, presence.

    Call it from a database thread: reaching other processes blocks.
    """
    _send([(account_ids, event)])


def everyone_here() -> list[Connection]:
    """The live connections of this process."""
    return [connection for group in list(_connections.values()) for connection in tuple(group)]


async def open_doors() -> None:
    """Before the first connection: hear the other processes, or wait a little for it in vain."""
    await _bus.open()


async def close_doors() -> None:
    """After the last: nothing is carried to this process any more."""
    await _bus.close()


def hears_others() -> bool:
    """Whether what other processes publish arrives here; true where there are none."""
    return _bus.joined


def encode(event: Event, *, binary: bool) -> bytes:
    """One server frame as bytes, for an answer that goes to a single socket."""
    return _msgpack.encode(event) if binary else _json.encode(event)


async def connect(account_id: UUID, connection: Connection) -> int:
    """From now on this connection receives what is published to the account. Returns how many
    connections the account has now, in all processes."""
    connections = _connections.setdefault(account_id, set())
    connections.add(connection)
    return len(connections) + await _bus.count(account_id, len(connections))


async def disconnect(account_id: UUID, connection: Connection) -> None:
    """Forget the connection; harmless when it is not known."""
    connections = _connections.get(account_id, set())
    if connection in connections:
        connections.remove(connection)
        if not connections:
            del _connections[account_id]
        await _bus.count(account_id, len(connections))


def connections_of(account_id: UUID) -> frozenset[Connection]:
    """The live connections of an account in this process."""
    return frozenset(_connections.get(account_id, ()))


def online(account_ids: Collection[UUID]) -> set[UUID]:
    """Those of these accounts with a live connection, in any process. Blocks: not on the loop."""
    here = {account_id for account_id in account_ids if account_id in _connections}
    return here | _bus.elsewhere([a for a in account_ids if a not in here])


def keeping[R](work: Callable[[], R]) -> tuple[R, News]:
    """Do `work`, and keep for `tell` what it publishes to connections of this process: a batch's
    news reach a socket in the same turn of its loop as the answers, and leave in one write."""
    news: News = []
    token = _kept.set(news)
    try:
        return work(), news
    finally:
        _kept.reset(token)


def tell(news: News) -> None:
    """Hand over what was kept. Call it on an event loop: its own connections hear it at once."""
    here = asyncio.get_running_loop()
    for loop, pushes in news:
        if loop is here:
            _push_all(pushes)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_push_all, pushes)


def _send(deliveries: list[Delivery]) -> None:
    parcels = [
        Parcel(list(account_ids), _msgpack.encode(event), _json.encode(event))
        for account_ids, event in deliveries
        if account_ids
    ]
    _deliver(parcels)


def _deliver(parcels: Sequence[Parcel]) -> None:
    started = perf_counter()
    _hand_over(parcels)
    _bus.carry(parcels)
    metrics.FANOUT_SECONDS.observe(perf_counter() - started)
    metrics.FANOUT_PARCELS.inc(len(parcels))


def _hand_over(parcels: Sequence[Parcel]) -> None:
    """Give the parcels to this process' connections, in one turn of each event loop concerned."""
    by_loop: dict[asyncio.AbstractEventLoop, Pushes] = {}
    for parcel in parcels:
        for account_id in parcel.account_ids:
            for connection in tuple(_connections.get(account_id, ())):
                by_loop.setdefault(connection.loop, []).append((connection, parcel))
    for loop, pushes in by_loop.items():
        metrics.FANOUT_FRAMES.inc(len(pushes))
        metrics.FANOUT_BYTES.inc(sum(len(parcel.msgpack) for _, parcel in pushes))
        if (kept := _kept.get()) is not None:
            kept.append((loop, pushes))
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_push_all, pushes)


def _push_all(pushes: Pushes) -> None:
    for connection, parcel in pushes:
        if parcel.is_gap:
            connection.resync()
        else:
            connection.push(parcel.msgpack, parcel.json)


_bus = make_bus(_hand_over)
metrics.SOCKETS.set_function(lambda: len(everyone_here()))
