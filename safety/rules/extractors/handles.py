"""Names on other networks and on payment apps, announced before or after the network.

Hides how a name is told from the words of a sentence: it is *marked* (a sign, a digit, an
underscore, dots inside) or clearly announced. A network may be spelled apart, with digits, by its
emoji or by what its icon shows; "the same name over there" is a handle as well.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import HANDLE, PAYMENT, Found, words
from safety.rules.normalise import Span

MENTIONS_MAX = 16
_AFTER, _BEFORE = 72, 64  # characters looked at on each side of the network

_PLAIN = {
    "insta": "insta", "instagram": "insta", "ig": "insta", "instag": "insta", "gram": "insta",
    "snap": "snap", "snapchat": "snap", "snp": "snap", "snapp": "snap", "telegram": "telegram",
    "telegramme": "telegram", "tele": "telegram", "tg": "telegram", "telgram": "telegram",
    "tlgrm": "telegram", "whatsapp": "whatsapp", "whatsap": "whatsapp", "watsapp": "whatsapp",
    "wattsapp": "whatsapp", "watsap": "whatsapp", "wapp": "whatsapp",
    "wtsp": "whatsapp", "wts": "whatsapp", "wa": "whatsapp", "whatapp": "whatsapp",
    "kik": "kik", "discord": "discord", "disc": "discord", "twitter": "twitter",
    "tiktok": "tiktok", "facebook": "facebook", "fb": "facebook", "messenger": "messenger",
    "signal": "signal", "skype": "skype", "viber": "viber", "wechat": "wechat", "line": "line",
    "onlyfans": "onlyfans", "mym": "mym", "fansly": "fansly", "wire": "wire",
    "session": "session", "threads": "threads", "bluesky": "bluesky", "reddit": "reddit",
    "vk": "vk", "imessage": "imessage", "facetime": "facetime", "teams": "teams",
    "zoom": "zoom", "tinder": "tinder", "wickr": "wickr", "twitch": "twitch",
}  # fmt: skip
_PAYERS = {
    "paypal": "paypal", "lydia": "lydia", "revolut": "revolut", "revtag": "revolut",
    "cashapp": "cashapp", "wero": "wero", "venmo": "venmo", "zelle": "zelle",
    "paylib": "paylib", "wise": "wise", "monzo": "monzo", "cashtag": "cashapp",
    "skrill": "skrill", "bizum": "bizum", "tikkie": "tikkie", "twint": "twint",
    "payconiq": "payconiq", "interac": "interac", "blik": "blik", "sumeria": "lydia",
}  # fmt: skip
NAMES = frozenset({*_PLAIN, *_PAYERS})
SIGNS = "👻🐦✈"
_SHOWN = (
    r"(?:(?:blue )?bird app|paper plane(?: app)?|ghost app|(?:the )?photo app|camera app"
    r"|(?:petit )?fantome(?: jaune)?|oiseau bleu|avion(?: en papier)?|petit avion"
    r"|(?:reseau|appli) des? (?:photos|avions?)(?: carrees)?"
    r"|(?:appli|app|reseau) (?:jaune|bleue?|verte?|rose|violette?)(?: avec)?"
    r"|(?:yellow|blue|green|pink|purple) (?:app|one)|rev tag|cash app|whats app|tik tok|pay pal)"
)
SHOWN = frozenset(
    {"bird", "plane", "ghost", "photo", "camera", "fantome", "oiseau", "avion", "photos", "rev",
     "cash", "tik", "pay", "appli", "app", "reseau"}
)  # fmt: skip
_SHOWN_VALUES = {"rev tag": "revolut", "cash app": "cashapp", "whats app": "whatsapp",
                 "tik tok": "tiktok", "pay pal": "paypal"}  # fmt: skip
DISGUISED = glanced(
    r"(?<![a-z0-9])(?:t[e3]l[e3]gr[a4@]m+e?|wh?[a4@]t+s+ ?[a4@]p+|[i1!]n[s5$]t[a4@](?:gr[a4@]m)?"
    r"|[s5$]n[a4@]p(?:ch[a4@]t)?|d[i1!]sc[o0]rd|tw[i1!]tt[e3]r|f[a4@]c[e3]b[o0]{2}k|k[i1!]k"
    r"|[s5$]kyp[e3]|[s5$][i1!]gn[a4@]l|v[i1!]b[e3]r|m[e3]ss[e3]ng[e3]r|p[a4@]yp[a4@]l"
    r"|r[e3]v[o0]lut|lyd[i1!][a4@]|c[a4@]sh[a4@]pp)(?![a-z0-9])"
)
SPELT = glanced(r"(?<![a-z0-9])[a-z0-9@$!](?:[ .\-_*/|+]{1,3}[a-z0-9@$!]){3,12}(?![a-z0-9])")
# A text that writes letters as digits everywhere: digits mark no name there.
_LEET_STYLE = glanced(r"[a-z][013457@$!€]+[a-z]|(?<![a-z0-9])[$!][a-z]{2}")
_LEET_MANY = 3
_PLAINER = re.compile(r"(?<![a-z0-9_.@])(?=[a-z]*[013457@$!€])[a-z013457@$!€]{2,12}(?![a-z0-9_.@])")
_LEET = str.maketrans("01345@7$!€", "oieasatsie")
_SIGN = re.compile(rf"[{SIGNS}]")
SHOWN_WORD = glanced(rf"(?<![a-z0-9]){_SHOWN}(?![a-z0-9])")

_CONNECT = re.compile(
    r"(?:[\s:=\-–>→👉➡,(\"'«»|~*#]|(?:c'?(?:est|etait)|ces?t|c|it'?s|its|is|est|sera|sous|under|as"
    r"|comme|pseudo|pseudonyme|username|user ?name|user|handle|nom|name|nick(?:name)?|id|tag|at|me"
    r"|moi|babe|bb|bebe|stp|pls|please|au|sur|a|to|le|la|mon|my|compte|account|perso|prive|adresse"
    r"|the|ajoute|add|cherche|search|chercher|tape|look|for|for me|contact|by|par|privee?"
    r"|find|trouve|called|appelle|i'?m|im|je|suis|me|m')(?![a-z0-9@$_.]))"
)
_SPOKEN_SIGN = r" (?:dot|point|underscore|tiret(?: du bas)?) "
_NAME = re.compile(
    rf"[a-z0-9][a-z0-9._\-]{{0,30}}(?:{_SPOKEN_SIGN}[a-z0-9._\-]{{1,30}}){{1,4}}"
    r"|@ ?[a-z0-9][a-z0-9._\-]{1,30}|\$?[a-z0-9](?:[a-z0-9._\-]|:(?=[a-z])){2,40}"
)
_MARK = re.compile(
    r"^(?:@|\$[a-z])|_|[a-z].*\d|\d.*[a-z]|[a-z0-9]{2}\.[a-z0-9]+\.[a-z]|^live:"
    r"| (?:dot|underscore|tiret) "
)
_DOT_INSIDE = re.compile(r"^[a-z0-9\-]{2,}\.[a-z0-9\-]{2,}$")
_MEASURE = re.compile(
    r"\d+(?:[.,]\d+)?(?:h\d*|e|eme|er|st|nd|rd|th|k|m|min|mn|s|am|pm|x|go|gb|mo|ans?|j|g|p|px)"
)
_STRONG = re.compile(r"[:=→👉➡>]|pseudo|username|user ?name|handle|nickname")
_SAYS = re.compile(r"c'?est|it'?s|\bis\b|called|\bcest\b")
_OWNED = re.compile(r"(?:mon|my|notre|our|perso) (?:\w+ )?$")
_TURNED = re.compile(
    r"(@ ?[a-z0-9][a-z0-9._\-]{1,30}|[a-z0-9][a-z0-9._\-]{2,30}),? (?:sur|on|in|dans|via|@|for)"
    r" (?:mon |my |the |le |l'|la |ma )?(?:appli? )?$"
)
_ORDINARY = words(
    """prive privee private public ouvert ferme mort dead down vide cool nul nulle top super bien
    mal pas not the mon mais but trop too fini bloque banned ban great fun full pour for une plus
    que interdit forbidden dangereux gratuit free non oui yes now nice boring better chiant here
    pirate hacked supprime deleted suspended suspendu mieux pire worse overrated addictive toxic
    toxique mauvais bizarre weird fake faux broken encore toujours juste just only really vraiment
    dommage genial incroyable amazing awful horrible ridiculous ridicule full-time busy working
    pareil same bloquee closed gone there open fermee ouverte blocked mine interdite super-bien
    what why when who where quoi qui cuando sur with avec vers chez dans from about instead"""
)


class Clues(NamedTuple):
    """What a look at the words of a text told: which ways of naming a network may be there."""

    words: frozenset[str]  # of NAMES
    shown: bool  # words of SHOWN, and perhaps what an icon shows
    same: bool  # words of SAME
    disguised: bool  # digits or signs among letters
    spelt: bool  # letters standing alone
    signs: bool  # emoji of networks

    def __bool__(self) -> bool:
        return any(self)


def handles(glance: Glance, clues: Clues) -> Iterator[Found]:
    """Names on networks and payment apps in a folded text."""
    mentions = sorted(set(islice(_mentions(glance, clues), 2 * MENTIONS_MAX)))[:MENTIONS_MAX]
    if not (mentions or clues.same):
        return
    if len(list(islice(glance.finditer(_LEET_STYLE), _LEET_MANY))) == _LEET_MANY:
        plainer = _PLAINER.sub(lambda one: one.group().translate(_LEET), glance.text)
        glance = Glance(plainer)
    text = glance.text
    for start, end, network, sign in mentions:
        found = _named_after(text, start, end, sign=sign) or _named_before(text, start)
        if found is not None:
            name, first, last = found
            kind = PAYMENT if network in _PAYER_NAMES else HANDLE
            yield kind, f"{network}:{name}", (min(start, first), max(end, last))
    if clues.same:
        yield from _everywhere(glance, [(start, end) for start, end, _, _ in mentions])


_PAYER_NAMES = frozenset(_PAYERS.values())
_Mention = tuple[int, int, str, bool]


def _mentions(glance: Glance, clues: Clues) -> Iterator[_Mention]:
    text = glance.text
    for name in sorted(clues.words):  # a set has another order in each process
        yield from _word(text, name)
    if clues.disguised:
        for found in islice(glance.finditer(DISGUISED), MENTIONS_MAX):
            name = found.group().translate(_LEET).replace(" ", "")
            yield *found.span(), _PLAIN.get(name) or _PAYERS.get(name, name), False
    if clues.spelt:
        for found in islice(glance.finditer(SPELT), MENTIONS_MAX):
            name = "".join(filter(str.isalnum, found.group().translate(_LEET)))
            if name in NAMES:
                yield *found.span(), _PLAIN.get(name) or _PAYERS[name], False
    if clues.shown:
        for found in islice(glance.finditer(SHOWN_WORD), MENTIONS_MAX):
            name = found.group()
            yield *found.span(), _SHOWN_VALUES.get(name, name.replace(" ", "-")), False
    if clues.signs:
        for found in islice(_SIGN.finditer(text), MENTIONS_MAX):
            yield *found.span(), found.group(), True


def _word(text: str, name: str) -> Iterator[_Mention]:
    """Where `name` stands as a word of its own."""
    end = 0
    for _ in range(MENTIONS_MAX):
        start = text.find(name, end)
        if start < 0:
            return
        end = start + len(name)
        before, after = text[start - 1 : start], text[end : end + 1]
        cut = after in _CUTS and text[end + 1 : end + 2].isalpha()
        if not (
            before.isalnum() or before in _GLUED or after.isalnum() or cut or after in ("_", "@")
        ):
            yield start, end, _PLAIN.get(name) or _PAYERS[name], False


_GLUED, _CUTS = ("@", "/", ".", "_", "~"), ("-", "~", ".")


def _named_after(text: str, start: int, end: int, *, sign: bool) -> tuple[str, int, int] | None:
    """The first name after the network, when nothing but connecting words stands between."""
    reach = min(len(text), end + _AFTER)
    place = end
    while place < reach and (step := _CONNECT.match(text, place, reach)):
        place = step.end()
    if place == end:
        return None
    for skipped in (False, True):  # one word may stand before a marked name: "snap babe, ..."
        name = _NAME.match(text, place)
        if name is None or text.startswith("@", name.end()):
            return None
        if skipped and not (_marked(name.group()) or _DOT_INSIDE.match(_clean(name.group()))):
            return None
        between = text[end : name.start()]
        if _is_name(name.group(), between, sign=sign, owned=_owned(text, start)):
            if _SAYS.search(between) and not _marked(name.group()) and not _closes(text, name):
                return None
            return _clean(name.group()), start, name.end()
        place = name.end()
        while place < reach and (step := _CONNECT.match(text, place, reach)):
            place = step.end()
    return None


def _owned(text: str, start: int) -> bool:
    return _OWNED.search(text, max(0, start - 16), start) is not None


def _closes(text: str, name: re.Match[str]) -> bool:
    """Whether a plain word ends its clause, as a name does and an adjective may not."""
    rest = text[name.end() : name.end() + 3].lstrip()
    return not rest or not (rest[0].isalnum() or rest[0] in "'")


def _is_name(name: str, between: str, *, sign: bool, owned: bool) -> bool:
    bare = _clean(name)
    if len(bare) < 3 or bare in _ORDINARY or bare in NAMES or bare.isdigit():
        return False
    if _MEASURE.fullmatch(bare):
        return False
    if _marked(name):
        return True
    strong = _STRONG.search(between) is not None
    if _DOT_INSIDE.match(bare):
        return strong or sign or "," in between or _SAYS.search(between) is not None
    if strong and not sign:
        return True
    return "=" in between or (owned and len(bare) > 5 and _SAYS.search(between) is not None)


def _marked(name: str) -> bool:
    return _MARK.search(name.rstrip(".-")) is not None


def _clean(name: str) -> str:
    for said, sign in _SPOKEN_SIGNS:
        name = name.replace(said, sign)
    return name.lstrip("@ ").rstrip(".-_ ") if name.rstrip(".-_ ") else name


_SPOKEN_SIGNS = (
    (" dot ", "."), (" point ", "."), (" underscore ", "_"), (" tiret du bas ", "_"),
    (" tiret ", "-"),
)  # fmt: skip


def _named_before(text: str, start: int) -> tuple[str, int, int] | None:
    window = text[max(0, start - _BEFORE) : start]
    found = _TURNED.search(window)
    if found is None:
        return None
    name = found[1]
    if (
        len(_clean(name)) < 3
        or not (_marked(name) or _DOT_INSIDE.match(name))
        or _MEASURE.fullmatch(name)
    ):
        return None
    first = max(0, start - _BEFORE) + found.start(1)
    return _clean(name), first, start


# -- The same name ------------------------------------------------------------------------------

_SAME = glanced(r"(?<![a-z])(?:same|meme|pareil(?:le)?|identique|identical)(?![a-z])")
_CALLED = glanced(
    r"@(?![a-z0-9])|(?<![a-z])(?:pseudos?|name|nom|prenom|username|user|handle|nick(?:name)?|tag"
    r"|compte|account|arobase)(?![a-z])"
)
_EVERYWHERE = glanced(
    r"(?<![a-z])(?:partout|everywhere|ailleurs|elsewhere|la-?bas|over there"
    r"|(?:every|any|other|all) (?:apps?|networks?|platforms?|socials)"
    r"|(?:autres?|tous les|les) (?:applis?|reseaux|plateformes?))(?![a-z])"
)
SAME = words("same meme pareil pareille identique identical every everywhere partout ailleurs")
_SAME_REACH = 70


def _everywhere(glance: Glance, mentions: Sequence[Span]) -> Iterator[Found]:
    """A name for every network, and the same name elsewhere."""
    places = [one.span() for one in islice(glance.finditer(_EVERYWHERE), MENTIONS_MAX)]
    for start, end in places:
        if found := _named_before(glance.text, start):
            yield HANDLE, f"everywhere:{found[0]}", (found[1], end)
    if places or mentions:
        yield from _same_names(glance, [*places, *mentions])


def _same_names(glance: Glance, places: Sequence[Span]) -> Iterator[Found]:
    names = [one.span() for one in islice(glance.finditer(_CALLED), 16)]
    for same in islice(glance.finditer(_SAME), 8):
        for name in names:
            if not -24 <= name[0] - same.end() <= 24 and abs(same.start() - name[1]) > 24:
                continue
            for place in places:
                first = min(same.start(), name[0], place[0])
                last = max(same.end(), name[1], place[1])
                if last - first <= _SAME_REACH:
                    yield HANDLE, "same", (first, last)
                    return


_CASHTAG = re.compile(r"(?<![a-z0-9$€@!|])\$[a-z][a-z0-9_]{3,20}(?![a-z0-9$])")


def cashtags(text: str) -> Iterator[Found]:
    """Names on a payment app: `$lea_rose`, and `$lea` beside the app; `$orry` is only style."""
    for one in _CASHTAG.finditer(text):
        if "cash" in text or not one.group()[1:].isalpha():
            yield PAYMENT, one.group(), one.span()
