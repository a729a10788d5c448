"""Runs manage.py with a rule book in which one rule fails: it raises, or it takes too long.

Only for texts that hold one of these words; the launcher of a server (`tests.running_server`).
"""

import time

from safety.rules.matcher import Hit, Matcher, Reading

RAISES, OVERRUNS = "zzraise", "zzoverrun"
TOO_LONG_SECONDS = 0.05

_match = Matcher.match


def match(self: Matcher, reading: Reading) -> list[Hit]:
    """As ever, but for the two words."""
    text = reading.folded.text
    if RAISES in text:
        raise ZeroDivisionError
    if OVERRUNS in text:
        burn(TOO_LONG_SECONDS)
    return _match(self, reading)


def burn(seconds: float) -> None:
    """Use so much of this thread's processor time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


if __name__ == "__main__":
    import manage

    Matcher.match = match  # type: ignore[method-assign]  # that is the fault
    manage.main()
