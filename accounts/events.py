"""The base of everything pushed to people: frozen, typed and tagged; adding a field is fine."""

import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec


def wire_name(name: str) -> str:
    """The name of a frame on the wire: `WalletChanged` is `wallet_changed`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag=wire_name, omit_defaults=True
):
    """A fact that happened, named in the past tense; the wire name is the class name in snake_case.

    `*_at` fields are RFC 3339 strings (see `wire_time`), money is integer cents (`*_cents`), ids
    are `uuid.UUID`.
    """


@lru_cache(maxsize=1_024)  # the moments of a batch are few, and each is written several times
def wire_time(moment: datetime) -> str:
    """The moment as the protocol writes it: RFC 3339, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
