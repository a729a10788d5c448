"""How fast an account may ask: a token bucket, shared by all its sockets in this process."""

from time import monotonic
from uuid import UUID

from django.conf import settings


class Pace:
    """`COMMANDS_PER_SECOND` sustained, `COMMANDS_BURST` at once."""

    __slots__ = ("_at", "_tokens")

    def __init__(self) -> None:
        self._tokens, self._at = float(settings.COMMANDS_BURST), monotonic()

    def take(self) -> int:
        """0 when the command may pass, else the milliseconds to wait before the next."""
        now, rate = monotonic(), settings.COMMANDS_PER_SECOND
        self._tokens = min(settings.COMMANDS_BURST, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return int((1 - self._tokens) / rate * 1000) + 1


_paces: dict[UUID, Pace] = {}


def pace_of(account_id: UUID) -> Pace:
    """The account's bucket, kept while it has a socket here."""
    return _paces.setdefault(account_id, Pace())


def forget_pace(account_id: UUID) -> None:
    """The account's last socket here has closed."""
    _paces.pop(account_id, None)
