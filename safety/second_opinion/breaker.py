"""When to stop asking: after failures in a row the circuit opens, and only a probe closes it."""

FAILURES_MAX = 5


class Breaker:
    """Counts failures in a row. While it is open nobody waits for an answer that will not come."""

    def __init__(self, failures_max: int = FAILURES_MAX) -> None:
        self._failures_max = failures_max
        self._failures = 0

    @property
    def open(self) -> bool:
        """Whether asking is pointless for now."""
        return self._failures >= self._failures_max

    def failed(self) -> bool:
        """One more question without an answer; True when this one opens the circuit."""
        self._failures += 1
        return self._failures == self._failures_max

    def answered(self) -> None:
        """It works: the count starts again, and an open circuit closes."""
        self._failures = 0
