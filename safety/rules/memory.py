"""Values split over several messages of one sender, joined where the last one completes them.

Hides how fragments are told from ordinary talk. Digits are joined only into exactly one telephone
number or account; pieces of a name only across the seam of two messages; a price and a meeting
only when each stands in its own message and nothing lawful explains them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from safety.rules.deals import Half, deal, half_a_deal
from safety.rules.extractors import (
    ADDRESS,
    DEAL,
    EMAIL,
    HANDLE,
    IBAN,
    NUMBER,
    PAYMENT,
    PHONE,
    PROFILE,
    Extract,
    find,
)
from safety.rules.extractors.accounts import REACH, begins_account, ibans
from safety.rules.extractors.glance import Glance
from safety.rules.extractors.handles import NAMES
from safety.rules.extractors.kinds import words
from safety.rules.extractors.phones import (
    Piece,
    exact_phone,
    north_american,
    read_pieces,
    rises,
)
from safety.rules.normalise import View, fold, tokens_of
from safety.rules.numerals import LINKS, REPEATS, VALUES

RECENT_MAX = 5  # messages of the sender
TEXT_MAX = 240  # characters of a message that may hold a fragment
TEXTS_KEPT = 512  # in memory alone, of which it is remembered whether an account begins there
FRAGMENT_DIGITS, _DIALLED_MIN = 12, 10
PURE_WORDS, MIXED_WORDS = 3, 9  # beside the digits
_SAID = "|".join(sorted({*VALUES, *REPEATS}, key=len, reverse=True))
_NUMERIC = re.compile(
    rf"\d+|[oil](?=\d)|(?<=\d)[oilbs]{{1,3}}(?![a-z])|(?<![a-z])(?:{_SAID})(?![a-z])"
    r"|(?<![a-z])o+(?![a-z])"
)
_DIGIT = re.compile(r"\d")
_SPOKEN = frozenset(VALUES) | frozenset(REPEATS) | LINKS
_ARTICLES = frozenset({"un", "une", "one", "six", "dix", "cent", "cents", "ten", "nil"})
_COUNTED = (frozenset(VALUES) | frozenset(REPEATS) | {"o", "oo"}) - _ARTICLES
# Quantities, times, dates, money and references: digits of another sense.
_MEASURED = re.compile(
    r"\d\s?(?:€|\$|£|%|°|euros?|eur\b|balles|h\b|h\d|ans\b|min|mn|cm\b|kg|km|years?|yo\b|jours?"
    r"|days?|fois|times|x\b|am\b|pm\b|eme|th\b|st\b|nd\b|rd\b|degres|metres|miles?|k\b|/\d|:\d)"
    r"|^\d\s?[-:–]\s?\d$|[€$£]\s?\d|\d\d:\d\d|\d[.,]\d(?!\d)"
)
_LEET_WORD = re.compile(r"\d[ac-hjkmnp-rt-z]|[ac-hjkmnp-rt-z]\d")  # letters no digit is said with
_OTHER_SENSE = words(
    """janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
    january february march april june july august september october november december dossier
    dossiers commande commandes order orders colis parcel tirage loto lotto ref reference ticket
    tickets facture factures invoice invoices score scores set sets page pages chapitre chapitres
    chapter chapters zip postal suivi tracking taille pointure size voie quai platform train vol
    flight bus sudoku alarm reveil vue vues view views like likes follower followers abonnes
    abonnees subs point points pts"""
)
_DIALLED = re.compile(
    r"(?<![a-z])(?:num\w*|tel\w*|phone|call|ring|text|sms|appel\w*|joindre|whatsapp|wtsp|cell"
    r"|mobile|port\w*|06|07|digits|reach|contact)(?![a-z])|[📞📱☎📲]"
)


class _Fragment(NamedTuple):
    """The numbers of one message; `pure` when it says next to nothing else."""

    place: int
    text: str
    pieces: list[Piece]
    pure: bool


def joined(folded: View, recent: Sequence[str]) -> tuple[Extract, ...]:
    """What `recent` (oldest first) begins and the folded text completes; the span is the text's.

    `fragments` of each extract are the indexes in `recent` of the messages that took part. What
    one message says alone is never found here.
    """
    text = folded.text.strip()
    if not recent or not text or len(text) > TEXT_MAX:
        return ()
    offset = max(0, len(recent) - RECENT_MAX)
    parts = _parts(text, folded.tokens, recent[offset:])
    if not any(parts):
        return ()
    earlier = [_short(one) for one in recent[offset:]]
    span = folded.original((0, len(folded.text)))
    found: dict[tuple[str, str], Extract] = {}
    for kind, value, places in _all(earlier, text, parts):
        fragments = tuple(sorted(offset + place for place in places))
        found.setdefault((kind, value), Extract(kind, value, span, fragments))
    return tuple(found.values())


class _Parts(NamedTuple):
    """What the last message may complete. Told before anything earlier is looked at."""

    number: "_Fragment | None"
    account: bool
    name: bool
    half: Half | None


def _parts(text: str, tokens: Sequence[str], recent: Sequence[str]) -> _Parts:
    digits = any(map(str.isdigit, tokens))
    name = len(tokens) <= _PIECE_WORDS and len(text) <= _PIECE_TEXT
    counted = digits or not _COUNTED.isdisjoint(tokens)
    return _Parts(
        number=_fragment(text, tokens, len(recent)) if counted else None,
        account=digits and any(len(one) <= TEXT_MAX and _begins_account(one) for one in recent),
        name=name and (_JOINTS.search(text) is not None or _opens(recent[-1])),
        half=half_a_deal(text, tokens),
    )


_begins_account = lru_cache(TEXTS_KEPT)(begins_account)  # each text is asked about five times


def _opens(before: str) -> bool:
    """Whether the message before announces a name: it ends in a sign or names a network."""
    last = before.rstrip()[-_PIECE_TEXT:].lower()
    return last[-1:] in _OPEN_ENDS or last[-1:].isdigit() or not NAMES.isdisjoint(tokens_of(last))


_Joined = tuple[str, str, Sequence[int]]


def _short(message: str) -> str:
    return fold(message).text.strip() if len(message) <= TEXT_MAX else ""


def _all(earlier: list[str], text: str, parts: _Parts) -> Iterator[_Joined]:
    if parts.number is not None:
        yield from _phones(earlier, text, parts.number)
    if parts.account:
        yield from _accounts(earlier, text)
    if parts.name:
        yield from _seams(earlier, text)
    if parts.half is not None and (terms := deal(earlier, text, parts.half)):
        yield DEAL, "price and meeting", terms


# -- Telephone and account numbers ---------------------------------------------------------------


def _phones(earlier: list[str], text: str, last: "_Fragment") -> Iterator[_Joined]:
    said = ((message, tokens_of(message), place) for place, message in enumerate(earlier))
    before = [one for message in said if (one := _fragment(*message))]
    if _size(before) + _size([last]) < _DIALLED_MIN:
        return
    dialled = any(_DIALLED.search(one) for one in (*earlier, text))
    for chosen in _choices(before):
        fragments = [*chosen, last]
        if value := _one_number(fragments):
            sure = dialled or all(one.pure for one in fragments)
            sure = sure and (dialled or not value.startswith("+1"))
            yield PHONE if sure else NUMBER, value, [one.place for one in chosen]
            return


def _size(fragments: Sequence[_Fragment]) -> int:
    return sum(len(piece.digits) for one in fragments for piece in one.pieces)


def _choices(before: list[_Fragment]) -> Iterator[list[_Fragment]]:
    """The latest fragments in order, first all of them, then without some of the mixed ones."""
    for start in range(len(before)):
        tail = before[start:]
        mixed = [one for one in tail if not one.pure]
        for count in range(len(mixed) + 1):
            for left_out in combinations(mixed, count):
                chosen = [one for one in tail if one not in left_out]
                if chosen:
                    yield chosen


def _one_number(fragments: list[_Fragment]) -> str | None:
    """The one number that all the fragments make, read apart or, if words meet, as one."""
    apart = [piece for one in fragments for piece in one.pieces]
    if value := _value(apart):
        return value
    if any(piece.said for piece in apart):
        return _value(read_pieces(" ".join(one.text for one in fragments)))
    return None


def _value(pieces: Sequence[Piece]) -> str | None:
    digits = "".join(piece.digits for piece in pieces)
    if not _DIALLED_MIN <= len(digits) < 15 or len(set(digits)) < 3 or rises(pieces):
        return None
    if digits[0] == "0" or digits.startswith(("33", "44")):
        return exact_phone(digits)
    sizes = tuple(len(piece.digits) for piece in pieces)
    return north_american(digits) if sizes in _NORTH_AMERICAN else None


_NORTH_AMERICAN = {(3, 3, 4), (3, 7), (6, 4), (1, 3, 3, 4)}


def _fragment(text: str, tokens: Sequence[str], place: int) -> _Fragment | None:
    """The digits of a message of these words that is little else, spoken ones included."""
    others = sum(map(str.isalpha, tokens)) - sum(map(_SPOKEN.__contains__, tokens))
    if others > MIXED_WORDS or not _OTHER_SENSE.isdisjoint(tokens):
        return None
    if _MEASURED.search(text) or _LEET_WORD.search(text):
        return None
    marks = list(_NUMERIC.finditer(text))
    if all(one.group() in _ARTICLES for one in marks):
        return None  # nothing, or "un bisou", "one more"
    pure = others <= PURE_WORDS
    if not pure:
        marks = [one for one in marks if one.group() not in _ARTICLES]
    said = " ".join(_glued(text, marks))
    pieces = read_pieces(said)
    size = sum(len(piece.digits) for piece in pieces)
    return _Fragment(place, said, pieces, pure) if 0 < size <= FRAGMENT_DIGITS else None


def _glued(text: str, marks: Sequence[re.Match[str]]) -> Iterator[str]:
    """The number tokens, those that touch in the text still touching."""
    whole = ""
    for mark in marks:
        if whole and text[mark.start() - 1].isalnum():
            whole += mark.group()
            continue
        if whole:
            yield whole
        whole = mark.group()
    if whole:
        yield whole


def _accounts(earlier: list[str], text: str) -> Iterator[_Joined]:
    """An account number whose groups were sent one after the other, with talk between."""
    for start in range(len(earlier) - 1, -1, -1):
        if not begins_account(earlier[start]):
            continue
        tail = [place for place in range(start, len(earlier)) if _DIGIT.search(earlier[place])]
        before = " ".join(earlier[place] for place in tail)[-REACH:]
        for _, value, (first, last) in ibans(Glance(f"{before} {text[:REACH]}")):
            if first < len(before) < last:
                yield IBAN, value, tail
                return
        if len(before) == REACH:
            return


# -- Names, addresses and links across the seam ----------------------------------------------------

_ACROSS = frozenset({EMAIL, HANDLE, PAYMENT, PROFILE, ADDRESS})
_ENDS_OPEN = re.compile(r"[a-z0-9._\-@+:=→>/]$")
_JOINTS = re.compile(
    r"[@_/$]|\.(?=[a-z0-9])|[a-z]\d|\d{5}"
    r"|(?<![a-z])(?:dot|point|at|arobase|underscore|tiret)(?![a-z])"
)
_OPEN_ENDS = tuple(":=@.→-_>")
_PIECE_WORDS, _PIECE_TEXT = 8, 80  # of a message that holds a piece of a name


def _seams(earlier: list[str], text: str) -> Iterator[_Joined]:
    """An address or a name whose pieces stand on both sides of the seam before `text`."""
    glued = spaced = text
    places: list[int] = []
    for place in range(len(earlier) - 1, -1, -1):
        before = earlier[place]
        if len(before) > _PIECE_TEXT or len(before.split()) > _PIECE_WORDS:
            return
        if not _ENDS_OPEN.search(before):
            return
        places.append(place)
        spaced = f"{before} {spaced}"
        seam = len(spaced) - len(text)
        whole = _across(spaced, seam)
        yield from ((kind, value, tuple(places)) for kind, value in whole)
        if not whole and len(text.split()) <= 2 and not before.endswith(":"):
            glued = before + glued
            seam = len(glued) - len(text)
            yield from ((kind, value, tuple(places)) for kind, value in _across(glued, seam))


def _across(text: str, seam: int) -> list[tuple[str, str]]:
    """What stands on both sides of `seam`."""
    return [
        (kind, value)
        for kind, value, (start, end) in find(text)
        if kind in _ACROSS and start < seam < end
    ]
