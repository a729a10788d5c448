"""Hides how an inbox reaches other processes: not at all (one process), or through Redis.

The database is the truth and the bus carries hints. Those that were lost are followed by a gap, a
parcel that says so, whichever side lost its connection: clients resume by `seq`.
"""

from collections.abc import Callable, Sequence

from django.conf import settings

from accounts.bus._buckets import draw
from accounts.bus._parcels import Bus, LocalBus, Parcel
from accounts.bus._redis import RedisBus

__all__ = ["Bus", "LocalBus", "Parcel", "draw", "make_bus"]


def make_bus(hand_over: Callable[[Sequence[Parcel]], None]) -> Bus:
    """The bus of this process, as the settings say; `hand_over` is given what arrives."""
    if settings.REDIS_URL:
        return RedisBus(settings.REDIS_URL, settings.BUS_PREFIX, hand_over)
    return LocalBus()
