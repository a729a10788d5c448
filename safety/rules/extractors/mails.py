"""E-mail addresses: plain, spoken, bracketed, or without the name that was given apart."""

import re
from collections.abc import Iterator
from itertools import islice

from safety.rules.extractors.glance import glanced
from safety.rules.extractors.kinds import EMAIL, Found

CANDIDATES_MAX = 24
LOCAL_MAX = 80  # characters looked at before the sign
TLD = (
    "com|fr|net|org|io|be|ch|uk|eu|de|es|it|ca|me|info|example|pro|live|ma|dz|tn|ie|us|lu|nl|pt"
    "|ch|co|email|qc|fm|biz|xyz|app"
)
_BEFORE, _AFTER = r" ?[(\[{<*_\-]{0,2} ?", r" ?[)\]}>*_\-]{0,2} ?"
DOT = rf"(?: ?\. ?|{_BEFORE}(?:dot|point|pt|punto){_AFTER})"
_SIGN = re.compile(rf"(?:@|{_BEFORE}(?<![a-z0-9])(?:arr?obas?e?|at|@){_AFTER})")
_DOMAIN = re.compile(rf" ?([a-z0-9][a-z0-9\-]{{1,40}}(?:{DOT}[a-z0-9\-]{{2,30}}){{0,2}}?)"
                     rf"{DOT}({TLD})(?![a-z0-9])(?:{DOT}({TLD})(?![a-z0-9]))?")  # fmt: skip
ENDED = glanced(  # what every address has, sign and end
    rf"(?:@|(?:^|[^a-z0-9])(?:arr?obas?e?|at)){_AFTER} ?[a-z0-9][a-z0-9\-]{{1,40}}"
    rf"(?:{DOT}[a-z0-9\-]{{2,30}}){{0,2}}?{DOT}(?:{TLD})(?![a-z0-9])"
)
_LOCAL = re.compile(
    r"[a-z0-9][a-z0-9_+%\-]{0,40}"
    r"(?:(?:\.| (?:dot|point|pt|underscore|tiret(?: du bas)?|dash) )[a-z0-9_+\-]{1,30}){0,4}$"
)
_DOTS = re.compile(DOT)
_NAMES = ((" dot ", "."), (" point ", "."), (" pt ", "."), (" underscore ", "_"),
          (" tiret du bas ", "_"), (" tiret ", "-"), (" dash ", "-"))  # fmt: skip
HINTS = frozenset({"at", "arobase", "arobas", "arrobase", "arrobas"})


def mails(text: str) -> Iterator[Found]:
    """The e-mail addresses of a folded text."""
    for sign in islice(_SIGN.finditer(text), CANDIDATES_MAX):
        domain = _DOMAIN.match(text, sign.end())
        if domain is None:
            continue
        before = text[max(0, sign.start() - LOCAL_MAX) : sign.start()]
        local = _LOCAL.search(before)
        spoken = "@" not in sign.group()
        if local is None and spoken:
            continue  # "at example.com" is an address of a site
        if spoken and not _spelled(sign.group(), domain.group()):
            continue
        name = local.group() if local else ""
        start = sign.start() - len(name)
        yield EMAIL, f"{_written(name)}@{_host(domain)}", (start, domain.end())


def _spelled(sign: str, domain: str) -> bool:
    """`at` is a word of English: it is a sign when bracketed, or when the dot is spoken too."""
    return sign.strip() not in ("at",) or "." not in domain or " ." in domain


def _written(name: str) -> str:
    for said, sign in _NAMES:
        name = name.replace(said, sign)
    return name


def _host(domain: re.Match[str]) -> str:
    parts = [_DOTS.sub(".", domain[1]), domain[2]]
    return ".".join(parts + ([domain[3]] if domain[3] else []))
