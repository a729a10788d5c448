"""What a bus carries, what it promises, and the bus of a process that is alone."""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

import msgspec


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """One event on its way: who it is for, and its bytes in both encodings; none in a gap."""

    account_ids: list[UUID]
    msgpack: bytes
    json: bytes

    @classmethod
    def gap(cls, account_ids: Iterable[UUID]) -> "Parcel":
        """What says that parcels to these accounts may have been lost: their clients ask."""
        return cls(list(account_ids), b"", b"")

    @property
    def is_gap(self) -> bool:
        return not self.msgpack


class Bus(Protocol):
    """Carries parcels to the other processes where these accounts have a socket."""

    def carry(self, parcels: Sequence[Parcel]) -> None:
        """Blocks: call it from a database thread. Never raises: while the bus is down, parcels are
        lost, and a gap is carried in their place as soon as it is back."""

    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]:
        """Those of these accounts that another process has a socket of. Blocks, as `carry`."""

    async def count(self, account_id: UUID, sockets: int) -> int:
        """This process has so many sockets of the account now; returns how many others have.

        While it has any, the account's parcels are carried here.
        """

    async def open(self) -> None:
        """Join the bus, or wait a little for it in vain: it is tried again and again."""

    async def close(self) -> None:
        """Nothing is carried here any more."""

    @property
    def joined(self) -> bool:
        """Whether what other processes carry arrives here."""


class LocalBus:
    """One process: there is nowhere else to carry anything to."""

    joined = True

    def carry(self, parcels: Sequence[Parcel]) -> None:
        return

    def elsewhere(self, account_ids: Sequence[UUID]) -> set[UUID]:
        return set()

    async def count(self, account_id: UUID, sockets: int) -> int:
        return 0

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return
