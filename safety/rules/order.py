"""In which order a text is read: what is shown, whatever the order it was typed in.

Hides the direction overrides of Unicode (reversed runs, nested ones) and letters turned upside
down, which people read from the end.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from safety.rules.characters import TURNED

Shown = tuple[str, Sequence[int]]  # a text, and where each of its characters was typed

# -- Direction overrides -------------------------------------------------------------------------

_CONTROL = re.compile("[\u202a-\u202e\n\u2029]")
_BACKWARD, _FORWARD, _POP, _PARAGRAPHS = "\u202e", "\u202d", "\u202c", "\n\u2029"
_CONTROLS_MAX = 400  # of one text
_DEPTH_MAX = 8  # runs inside each other; deeper ones are ignored, as the standard allows


@dataclass(slots=True)
class _Run:
    """A run of one direction, in blocks that keep their own order when the run is turned."""

    backward: bool
    blocks: list[Sequence[int]] = field(default_factory=list)

    def shown(self) -> list[int]:
        return list(chain.from_iterable(reversed(self.blocks) if self.backward else self.blocks))

    def add(self, places: Iterable[int]) -> None:
        self.blocks.extend((place,) for place in places)


class _Runs:
    """The open runs, outermost first."""

    def __init__(self) -> None:
        self.open = [_Run(backward=False)]
        self._ignored = 0

    def begin(self, control: str) -> None:
        if len(self.open) > _DEPTH_MAX:
            self._ignored += 1
            return
        forced = control in (_BACKWARD, _FORWARD)
        self.open.append(_Run(control == _BACKWARD if forced else self.open[-1].backward))

    def end(self) -> None:
        if self._ignored:
            self._ignored -= 1
        elif len(self.open) > 1:
            run = self.open.pop()
            same = run.backward == self.open[-1].backward
            self.open[-1].blocks.extend(run.blocks if same else [run.shown()])

    def end_all(self) -> None:
        self._ignored = 0
        while len(self.open) > 1:
            self.end()


def undo_overrides(text: str) -> Shown | None:
    """`text` in the order in which it is shown, or None when nothing turns it round."""
    if _BACKWARD not in text:
        return None
    runs, done = _Runs(), 0
    for found in islice(_CONTROL.finditer(text), _CONTROLS_MAX):
        runs.open[-1].add(range(done, found.start()))
        done = found.end()
        if found.group() in _PARAGRAPHS:
            runs.end_all()
            runs.open[-1].add((found.start(),))
        elif found.group() == _POP:
            runs.end()
        else:
            runs.begin(found.group())
    runs.open[-1].add(range(done, len(text)))
    runs.end_all()
    places = runs.open[0].shown()
    return "".join(map(text.__getitem__, places)), places


# -- Upside down ---------------------------------------------------------------------------------

# Turned too, but no proof that anything was.
_SWAPPED = dict(zip("nupdbq69',WMı˙¿¡", "undpqb96,'MWi.?!", strict=True))
_STAYING = "losxzOHINSXZ080"
_RUN_OF_TURNED = re.compile(
    "[" + re.escape("".join({*TURNED, *_SWAPPED, *_STAYING})) + "̀-ͯ \n.,?!'()-]{2,}"
)
_PROOF = frozenset(TURNED)
_PROOF_MIN = 2  # characters that can only be turned ones
_SAMPLE = 400  # characters that tell in which order a run is read
_UPRIGHT = str.maketrans(TURNED | _SWAPPED)


def undo_turning(text: str, known: Callable[[str], int]) -> Shown | None:
    """`text` with its upside-down runs upright, or None when it has none.

    Turned lines are read from their end; `known` counts the known words of a text and tells the
    lines that were turned without being reversed.
    """
    if _PROOF.isdisjoint(text):
        return None
    written: list[str] = []
    places: list[int] = []
    done = 0
    for run in _RUN_OF_TURNED.finditer(text):
        if sum(map(_PROOF.__contains__, run.group())) < _PROOF_MIN:
            continue
        upright = run.group().translate(_UPRIGHT)
        there: Sequence[int] = range(run.start(), run.end())
        sample = upright[-_SAMPLE:]
        if known(sample[::-1]) >= known(sample):
            upright, there = upright[::-1], there[::-1]
        written += (text[done : run.start()], upright)
        places += chain(range(done, run.start()), there)
        done = run.end()
    if not written:
        return None
    return "".join((*written, text[done:])), [*places, *range(done, len(text))]


def shown(text: str, known: Callable[[str], int]) -> Shown | None:
    """`text` as it is read, and where each character was typed; None when nothing moves."""
    forward = undo_overrides(text)
    upright = undo_turning(forward[0] if forward else text, known)
    if forward and upright:
        return upright[0], [forward[1][place] for place in upright[1]]
    return upright or forward
