"""Contact and payment data in a text, typed, normalised and located. Finding judges nothing.

Hides the habits of writing and one cheap look at the words that tells which finders can find
anything. Works on the folded view; spans are those of the original text. Values stay in memory:
never log them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from safety.rules.extractors import accounts, handles, links, mails, phones, places
from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import (
    ADDRESS,
    CARD,
    CRYPTO,
    DEAL,
    EMAIL,
    HANDLE,
    IBAN,
    KINDS,
    LINK,
    MEETING,
    NUMBER,
    PAYMENT,
    PHONE,
    PROFILE,
    Extract,
    Found,
)
from safety.rules.normalise import View, tokens_of
from safety.rules.numerals import REPEATS, VALUES

__all__ = [
    "ADDRESS", "CARD", "CRYPTO", "DEAL", "EMAIL", "HANDLE", "IBAN", "KINDS", "LINK", "MEETING",
    "NUMBER", "PAYMENT", "PHONE", "PROFILE", "Extract", "Found", "extract", "find",
]  # fmt: skip

FOUND_MAX = 24  # by one finder in one text
_SAID = frozenset(VALUES) | frozenset(REPEATS)
_SAID_MIN = 4  # number words of a dictated number
_SINGLES_MIN = 4  # letters standing alone in a word that was spelt apart
# Led by what is rare, so that a search skips the letters.
_LETTERS_DIGITS = re.compile(r"[0134@5$!](?:(?<=[a-z$].)[a-z]|(?<=[15!$])[a-z]{3})")
_LONG_MIN = 26  # letters and digits in a row
_LONG = glanced(rf"(?<![a-z0-9])[a-z0-9]{{{_LONG_MIN}}}")
_NAMING = re.compile(r"[!$@0-9]")  # what a plain text names a network with, beside its words
_MARKS = re.compile(rf"[{handles.SIGNS}]")
_FACTS = frozenset().union(
    _SAID, mails.HINTS, links.SPOKEN, links.SAID_TLD, handles.NAMES, handles.SHOWN, handles.SAME,
    places.STREETS, places.WHERE, ("eth", "sol", "btc"),
)  # fmt: skip


def extract(folded: View) -> tuple[Extract, ...]:
    """Every finding of a folded text, at most `FOUND_MAX` of each finder."""
    return tuple(
        Extract(kind, value, folded.original(span))
        for kind, value, span in _find(folded.text, folded.tokens)
    )


def find(text: str) -> list[Found]:
    """Every finding of a folded text, with spans in that text."""
    return _find(text, tokens_of(text))


def _find(text: str, words: list[str]) -> list[Found]:
    spelt = list(map(len, words)).count(1) >= _SINGLES_MIN
    if spelt:
        text = _unspelt(text)
        words = tokens_of(text)
    facts = _FACTS.intersection(words)
    digits = sum(map(len, filter(str.isdigit, words)))
    glance = Glance(text)
    found: list[Found] = []
    if digits >= 2:
        found.extend(_accounts(glance, digits))
    if digits >= phones.DIGITS_MIN or (not facts.isdisjoint(_SAID) and _dictated(words)):
        found.extend(_apart(phones.phones(glance), found))
    if ("@" in text or not facts.isdisjoint(mails.HINTS)) and glance.may_have(mails.ENDED):
        found.extend(islice(mails.mails(text), FOUND_MAX))
    if facts or "." in text:
        found.extend(_apart(_links(glance, facts), found))
    if facts or spelt or not text.isascii() or _NAMING.search(text):
        clues = _clues(glance, facts, digits, spelt=spelt)
        found.extend(islice(handles.handles(glance, clues), FOUND_MAX) if clues else ())
    if "$" in text:
        found.extend(islice(handles.cashtags(text), FOUND_MAX))
    if digits and not facts.isdisjoint(places.STREETS):
        found.extend(islice(places.addresses(glance), FOUND_MAX))
    if where := facts & places.WHERE:
        found.extend(places.meetings(text, where))
    return found


_BETWEEN = "|".join(rf"(?:{re.escape(sign)}[a-z]){{1,21}}" for sign in ".-_*~|/")
_SPELT = glanced(
    rf"(?<![a-z0-9])(?:[a-z](?:{_BETWEEN})|[a-z0-9@._:/](?: [a-z0-9@._:/]){{2,60}})(?![a-z0-9])"
)


def _unspelt(text: str) -> str:
    """`text` with words spelt apart (`s-i-x`, `s i x`) written together, each where it began."""
    written: list[str] = []
    done = 0
    for found in Glance(text).finditer(_SPELT):
        written += (text[done : found.start()], _together(found.group()))
        done = found.end()
    return "".join((*written, text[done:]))


def _together(spelt: str) -> str:
    if not any(map(str.isalpha, spelt)):
        return spelt  # digits one by one need no help
    return spelt.replace(spelt[1], "").ljust(len(spelt))


def _apart(more: Iterable[Found], found: Sequence[Found]) -> list[Found]:
    """Of `more`, what does not lie inside something already found: no number in an account."""
    taken = [span for _, _, span in found]
    return [
        one
        for one in islice(more, FOUND_MAX)
        if not any(start < one[2][1] and one[2][0] < end for start, end in taken)
    ]


def _dictated(words: list[str]) -> bool:
    return sum(map(_SAID.__contains__, words)) + sum(map(str.isdigit, words)) >= _SAID_MIN


def _accounts(glance: Glance, digits: int) -> Iterator[Found]:
    if digits >= 9:
        yield from islice(accounts.ibans(glance), FOUND_MAX)
        if digits >= 13:
            yield from islice(accounts.cards(glance), FOUND_MAX)
    long = max(map(len, glance.text.split(" "))) >= _LONG_MIN
    if long and any(glance.finditer(_LONG)):
        yield from islice(accounts.wallets(glance), FOUND_MAX)


def _links(glance: Glance, facts: frozenset[str]) -> Iterator[Found]:
    if "." in glance.text and links.DOTTED.search(glance.text):
        yield from islice(links.links(glance), FOUND_MAX)
        if not facts.isdisjoint(_ENS):
            yield from islice(accounts.wallets(glance), FOUND_MAX)
    spoken = not facts.isdisjoint(links.SPOKEN) and not facts.isdisjoint(links.SAID_TLD)
    if spoken or _spaced(glance, facts):
        yield from islice(links.said_links(glance), FOUND_MAX)


def _spaced(glance: Glance, facts: frozenset[str]) -> bool:
    """Whether a dot and what ends an address stand apart: `example . com`."""
    if "." not in glance.text or facts.isdisjoint(links.SAID_TLD):
        return False
    return any(glance.finditer(links.SPACED))


_ENS = frozenset({"eth", "sol", "btc"})


def _clues(glance: Glance, facts: frozenset[str], digits: int, *, spelt: bool) -> handles.Clues:
    text = glance.text
    return handles.Clues(
        facts & handles.NAMES,
        shown=not facts.isdisjoint(handles.SHOWN) and glance.may_have(handles.SHOWN_WORD),
        same=not facts.isdisjoint(handles.SAME),
        disguised=(digits > 0 or "!" in text or "$" in text or "@" in text)
        and _LETTERS_DIGITS.search(text) is not None
        and glance.may_have(handles.DISGUISED),
        spelt=spelt and glance.may_have(handles.SPELT),
        signs=not text.isascii() and _MARKS.search(text) is not None,
    )
