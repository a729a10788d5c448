"""How fast an account may ask: one token bucket for all its sockets, in every process.

Most people type so slowly that nobody need be asked: a process lets an account have a few commands
unasked, and beyond that draws a handful at a time from the bucket in Redis. So a message of a busy
sender costs a fifth of a round trip, anybody else's none. Alone, or with a Redis that does not
answer, a process counts by itself.
"""

from time import monotonic
from uuid import UUID

from django.conf import settings

from accounts import bus, inbox

UNASKED_RATE_SHARE, UNASKED_BURST_SHARE = 1 / 20, 1 / 8  # of what is allowed, in each process
DRAWN_SHARE = 1 / 8  # of the burst, at a time: what another process may have to go without
DRAWN_FOR_SECONDS = 1.0  # then what was not used is void: it may be used elsewhere
SWEEP_MIN_ACCOUNTS = 10_000


class Bucket:
    """So many tokens a second, and so many at once."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, monotonic()

    def take(self) -> bool:
        """Whether there was one."""
        now = monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    @property
    def wait_ms(self) -> int:
        """How long until there is one, after `take` found none."""
        return int((1 - self._tokens) / self._rate * 1000) + 1

    @property
    def full(self) -> bool:
        """Whether it holds as much as a new one."""
        return self._tokens + (monotonic() - self._at) * self._rate >= self._burst


class Pace:
    """`COMMANDS_PER_SECOND` sustained, `COMMANDS_BURST` at once, for one account."""

    __slots__ = ("_account", "_drawn", "_drawn_until", "_own", "_unasked", "_unasked_spent")

    def __init__(self, account_id: UUID) -> None:
        rate, burst = settings.COMMANDS_PER_SECOND, settings.COMMANDS_BURST
        self._account = account_id.hex
        self._own = Bucket(rate=rate, burst=burst)
        self._unasked = (
            Bucket(rate=rate * UNASKED_RATE_SHARE, burst=max(1, burst * UNASKED_BURST_SHARE))
            if settings.REDIS_URL
            else self._own
        )
        self._unasked_spent = self._drawn = 0
        self._drawn_until = 0.0

    def take(self) -> bool:
        """Whether a command may pass without asking anybody; if not, `ask`."""
        if self._drawn and monotonic() < self._drawn_until:
            self._drawn -= 1
            return True
        if self._unasked.take():
            self._unasked_spent += 1
            return True
        return False

    async def ask(self) -> int:
        """0 when the command may pass all the same, else the milliseconds to wait before the
        next."""
        if self._unasked is self._own:
            return self._own.wait_ms
        spent, self._unasked_spent = self._unasked_spent, 0
        given = await bus.draw(
            f"pace:{self._account}",
            wanted=max(1, int(settings.COMMANDS_BURST * DRAWN_SHARE)),
            spent=spent,
            rate=settings.COMMANDS_PER_SECOND,
            burst=settings.COMMANDS_BURST,
        )
        if given is None:
            return 0 if self._own.take() else self._own.wait_ms
        if given <= 0:
            return max(1, -given)
        self._drawn, self._drawn_until = given - 1, monotonic() + DRAWN_FOR_SECONDS
        return 0

    @property
    def rested(self) -> bool:
        """Whether a new one would allow no more."""
        return self._own.full and self._unasked.full and not self._drawn


_paces: dict[UUID, Pace] = {}
_sweep_at = SWEEP_MIN_ACCOUNTS


def pace_of(account_id: UUID) -> Pace:
    """The account's bucket, the same when it comes back at once: a new socket is no new burst."""
    if account_id not in _paces:
        if len(_paces) >= _sweep_at:
            _sweep()
        _paces[account_id] = Pace(account_id)
    return _paces[account_id]


def _sweep() -> None:
    """Forget those who have left and rested; a sweep costs little for each account added since."""
    global _sweep_at
    for account_id in [one for one, pace in _paces.items() if pace.rested]:
        if not inbox.connections_of(account_id):
            del _paces[account_id]
    _sweep_at = max(SWEEP_MIN_ACCOUNTS, 2 * len(_paces))
