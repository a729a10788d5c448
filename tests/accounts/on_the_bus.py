"""Hides how tests look at a bus from the inside: two processes on it, and what each was given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from accounts.bus import Bus, Parcel, make_bus

BUSY_MACHINE_SECONDS = 60.0


class OnTheBus:
    """A process, as far as the bus goes."""

    def __init__(self) -> None:
        self._given: list[Parcel] = []
        self.bus: Bus = make_bus(self._given.extend)

    @property
    def heard(self) -> list[Parcel]:
        """The events that arrived."""
        return [parcel for parcel in self._given if not parcel.is_gap]

    @property
    def gaps(self) -> list[set[UUID]]:
        """Whose events may have been lost, each time that it was said."""
        return [set(parcel.account_ids) for parcel in self._given if parcel.is_gap]


@asynccontextmanager
async def two_on_the_bus() -> AsyncIterator[tuple[OnTheBus, OnTheBus]]:
    """Two processes that have joined, and leave in the end."""
    both = OnTheBus(), OnTheBus()
    for one in both:
        await one.bus.open()
    yield both
    for one in both:
        await one.bus.close()


def parcels(people: Sequence[UUID]) -> list[Parcel]:
    """An event for each of them."""
    return [Parcel([account_id], b"packed", b"plain") for account_id in people]


async def _nothing() -> None:
    return


async def eventually(
    true: Callable[[], bool], again: Callable[[], Awaitable[object]] = _nothing
) -> None:
    """Wait until it is true, doing something again meanwhile."""
    async with asyncio.timeout(BUSY_MACHINE_SECONDS):
        while not true():
            await again()
            await asyncio.sleep(0.1)
