"""A sampling profiler of our own: which functions a process' threads spend CPU time in."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

EVERY_SECONDS = 0.003
TOP = 45


class Sampler:
    """Looks at every thread's stack now and then, and charges it the CPU used since the last look.

    From the moment `begun` says so: starting up is not what is asked.
    Biased towards points where the interpreter hands its lock over: good for finding large costs.
    """

    def __init__(self, *, begun: Callable[[], bool]) -> None:
        self._begun = begun
        self._own: Counter[str] = Counter()
        self._under: Counter[str] = Counter()
        self._threads: Counter[str] = Counter()
        self._used: dict[int, int] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> dict[str, dict[str, float]]:
        """CPU milliseconds by thread, by function alone, and by function with all it called."""
        self._stopped.set()
        self._thread.join()
        return {
            "threads": _milliseconds(self._threads),
            "own": _milliseconds(self._own),
            "under": _milliseconds(self._under),
        }

    def _run(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            if not self._begun():
                continue
            names = {t.ident: t.name for t in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if ident in names and ident != threading.get_ident():
                    self._charge(ident, names[ident], frame)

    def _charge(self, ident: int, thread: str, frame: FrameType) -> None:
        try:
            used = time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
        except OSError:  # it has ended
            return
        spent = used - self._used.get(ident, used)
        self._used[ident] = used
        if not spent:
            return
        self._threads[thread] += spent
        stack = _functions(frame)
        self._own[stack[0]] += spent
        for function in set(stack):
            self._under[function] += spent


def _functions(frame: FrameType | None) -> list[str]:
    found = []
    while frame is not None:
        code = frame.f_code
        path = Path(code.co_filename)
        found.append(f"{path.parent.name}/{path.name}:{code.co_qualname}")
        frame = frame.f_back
    return found


def _milliseconds(spent: "Counter[str]") -> dict[str, float]:
    return {name: round(ns / 1e6, 1) for name, ns in spent.most_common(TOP)}
