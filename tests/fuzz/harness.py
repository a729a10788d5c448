"""What must hold of the reading of any text: the promises that the fuzzer and its corpus check."""

import time

from safety.rules.extractors import extract
from safety.rules.memory import joined
from safety.rules.normalise import VIEWS_MAX, View, fold, squeeze
from safety.screening import TEXT_MAX_CHARACTERS

CPU_MAX_NANOSECONDS = 5_000_000  # of one thread, for the whole reading of one text
ATTEMPTS = 3  # the best of them counts: a scheduler's hiccup is no finding
RECENT = ("06 39", "98 00", "insta lea.")


def check(text: str, *, cpu_max: int = CPU_MAX_NANOSECONDS) -> None:
    """AssertionError, or whatever reading raised, when a promise is broken for `text`."""
    text = text[:TEXT_MAX_CHARACTERS]
    folded = fold(text)
    squeezed = squeeze(folded)
    assert fold(folded.text).text == folded.text, "folding twice changes the text"
    assert len(squeezed) <= VIEWS_MAX
    for view in (folded, *squeezed):
        _maps_back(view, len(text))
    for one in (*extract(folded), *joined(folded, RECENT)):
        assert 0 <= one.span[0] < one.span[1] <= len(text), "a finding outside the text"
    for _ in range(ATTEMPTS):
        if (spent := _cpu(text)) <= cpu_max:
            return
    raise AssertionError(f"{spent / 1000:.0f} us for {len(text)} characters")


def _cpu(text: str) -> int:
    started = time.thread_time_ns()
    folded = fold(text)
    extract(folded)
    joined(folded, RECENT)
    squeeze(folded)
    return time.thread_time_ns() - started


def _maps_back(view: View, size: int) -> None:
    assert len(view.starts) == len(view.text)
    if view.text:
        places = view.starts
        assert min(places) >= 0, "a place before the text"
        assert max(places) < size, "a place after the text"
        assert not view.rising or list(places) == sorted(places), "places that should rise"
        start, end = view.original((0, len(view.text)))
        assert 0 <= start < end <= size
