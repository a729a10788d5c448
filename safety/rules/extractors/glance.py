"""Where a long text has what an expression finds: a glance that costs a tenth of a search.

Hides a second reading of the same expression by RE2, which has no lookarounds: it says yes too
often, never no where the expression finds.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from safety.rules.patterns import compile_pattern, name_signs, one_byte

LONG = 400  # characters; a shorter text is searched at once
NEAR_MAX = 64  # places looked at; a text with more is searched at once from there on
_LOOK = re.compile(r"\(\?<?[=!]")
_NOT_BEFORE = re.compile(r"^\(\?<!\[([^\]]+)\]\)")
_NOT_AFTER = re.compile(r"\(\?!\[([^\]]+)\]\)$")
_PIECE = re.compile(r"\\.|.", re.DOTALL)
_POSSESSIVE = re.compile(r"(?<=[*+?}])\+")


def glanced(source: str) -> re.Pattern[str]:
    """An expression that long texts are glanced at with: both its readings compiled at once."""
    _wider(source)
    return re.compile(source)


class Glance:
    """A folded text, glanced at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._data = one_byte(text) if len(text) > LONG else None

    def may_have(self, *expressions: re.Pattern[str]) -> bool:
        """Whether one of `expressions` may find anything in the text."""
        data = self._data
        return data is None or any(_wider(one.pattern).search(data) for one in expressions)

    def finditer(
        self, expression: re.Pattern[str], begun: re.Pattern[str] | None = None
    ) -> Iterator[re.Match[str]]:
        """What `expression.finditer` finds; it never finds nothing at a place.

        With `begun`, what begins where that expression does: only such are wanted, and in a short
        text there may be others.
        """
        if self._data is None:
            return expression.finditer(self.text)
        return self._found(expression, begun or expression, self._data)

    def _found(
        self, expression: re.Pattern[str], begun: re.Pattern[str], data: bytes
    ) -> Iterator[re.Match[str]]:
        """At each place where the wider expression stands, or one further: it may begin with what
        must not stand before."""
        text, search = self.text, _wider(begun.pattern).search
        done, place = 0, 0
        for _ in range(NEAR_MAX):
            near = search(data, place)
            if near is None:
                return
            place = near.start()
            for start in (place, place + 1):
                if start >= done and (found := expression.match(text, start)):
                    yield found
                    done = found.end()
                    break
            place = max(place + 1, done - 1)
        yield from expression.finditer(text, max(place, done))


@cache
def _wider(source: str) -> Any:
    """The expression compiled without lookarounds: it finds wherever `source` does."""
    ended = _NOT_AFTER.sub(r"(?:$|[^\1])", _NOT_BEFORE.sub(r"(?:^|[^\1])", source))
    wider = _POSSESSIVE.sub("", "".join(_without_looks(ended)))
    name_signs(wider)
    return compile_pattern(wider, groups=False)


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
