"""When to leave alone a part that does not answer: a replica, a bucket, Redis, a worker."""

from threading import Lock
from time import monotonic


class Rest:
    """While it lasts nobody asks; then one does, and the others wait for what that one finds: a
    part that does not even refuse costs each thread that asks its whole patience."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = self._until = 0.0

    @property
    def seconds(self) -> float:
        """How long the last rest was to be; 0 when the part answered since."""
        return self._seconds

    def is_over(self) -> bool:
        """Whether whoever asks this may ask the part: one after each rest, everybody without."""
        with self._lock:
            if self._seconds and monotonic() < self._until:
                return False
            self._until = monotonic() + self._seconds
            return True

    def lasts(self, seconds: float) -> float:
        """From now on, so long; 0 ends it. Answers how long the last one was to be."""
        with self._lock:
            before, self._seconds = self._seconds, seconds
            self._until = monotonic() + seconds
        return before
