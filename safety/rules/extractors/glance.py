"""Whether a long text can have what an expression finds: a glance that costs a tenth of a search.

Hides a second reading of the same expression by RE2, which has no lookarounds: it says yes too
often, never no where the expression finds.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from safety.rules.patterns import compile_pattern, name_signs, one_byte

LONG = 400  # characters; a shorter text is searched at once
_LOOK = re.compile(r"\(\?<?[=!]")
_NOT_BEFORE = re.compile(r"^\(\?<!\[([^\]]+)\]\)")
_NOT_AFTER = re.compile(r"\(\?!\[([^\]]+)\]\)$")
_PIECE = re.compile(r"\\.|.", re.DOTALL)
_POSSESSIVE = re.compile(r"(?<=[*+?}])\+")


class Glance:
    """A folded text, glanced at."""

    def __init__(self, text: str) -> None:
        self._data = one_byte(text) if len(text) > LONG else None

    def may_have(self, *expressions: re.Pattern[str]) -> bool:
        """Whether one of `expressions` may find anything in the text."""
        data = self._data
        return data is None or any(_wider(one.pattern).search(data) for one in expressions)


@cache
def _wider(source: str) -> Any:
    """The expression compiled without lookarounds: it finds wherever `source` does."""
    ended = _NOT_AFTER.sub(r"(?:$|[^\1])", _NOT_BEFORE.sub(r"(?:^|[^\1])", source))
    wider = _POSSESSIVE.sub("", "".join(_without_looks(ended)))
    name_signs(wider)
    return compile_pattern(wider)


def _without_looks(source: str) -> Iterator[str]:
    """`source` but for its lookarounds, piece by piece."""
    done = 0
    while look := _LOOK.search(source, done):
        yield source[done : look.start()]
        done = _end_of_group(source, look.start())
    yield source[done:]


def _end_of_group(source: str, start: int) -> int:
    """The place after the group that begins at `start`."""
    depth, in_class = 0, False
    for piece in _PIECE.finditer(source, start):
        one = piece.group()
        if in_class:
            in_class = one != "]"
        elif one == "[":
            in_class = True
        else:
            depth += {"(": 1, ")": -1}.get(one, 0)
            if depth == 0:
                break
    return piece.end()
