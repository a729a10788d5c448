"""Hides the Range header (RFC 9110, section 14): which plain bytes one answer carries."""

import re
from typing import NamedTuple

from paywall.vault.stream import SLICE_MAX_BYTES, WHOLE_MAX_BYTES, Span

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range starts beyond the end: 416."""


class RangeRequired(Exception):
    """The whole is more than one answer carries: ask for ranges."""


class Answer(NamedTuple):
    """What to send: `partial` answers are 206 and may be shorter than asked."""

    span: Span
    partial: bool


def answer(header: str | None, *, length: int) -> Answer:
    """What a Range header asks of `length` > 0 bytes.

    Anything but one well-formed range is ignored, as the RFC allows: the whole is answered.
    Raises `Unsatisfiable`, and `RangeRequired` for a whole above `WHOLE_MAX_BYTES`.
    """
    asked = _ONE_RANGE.fullmatch(header.strip()) if header else None
    first, last = asked.groups() if asked else ("", "")
    if not first and not last:
        return _whole(length)
    if first:
        start, end = int(first), int(last) if last else length - 1
        if last and end < start:  # not a range at all, says the RFC
            return _whole(length)
    else:
        start, end = max(0, length - int(last)), length - 1
    if start >= length:
        raise Unsatisfiable
    return Answer(Span(start, min(end, length - 1, start + SLICE_MAX_BYTES - 1)), partial=True)


def _whole(length: int) -> Answer:
    if length > WHOLE_MAX_BYTES:
        raise RangeRequired
    return Answer(Span(0, length - 1), partial=False)
