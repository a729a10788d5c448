"""Where people live and where they would meet: street addresses, and a place with its moment."""

import re
from collections.abc import Iterator
from itertools import islice

from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import ADDRESS, MEETING, Found, words
from safety.rules.normalise import Span

CANDIDATES_MAX = 12

# -- Street addresses ----------------------------------------------------------------------------

_FR_STREET = (
    r"rue|avenue|av|ave|bd|bld|blvd|boulevard|impasse|allee|allees|chemin|quai|faubourg|fbg"
    r"|esplanade|promenade|venelle|ruelle|sentier|lotissement|hameau|residence"
)
_FR_UNSURE = r"place|route|cours|square|passage|villa|rte|cite"
_FR = glanced(
    r"(?<![\d.,€$£])(?:n°? ?)?\d{1,4}(?: ?(?:bis|ter|quater|[abc]))?,? (?:de la |du |le |la )?"
    rf"(?:(?P<sure>{_FR_STREET})|(?P<unsure>{_FR_UNSURE}))"
    r"\.? (?P<name>(?:d[eu]s? |de l[a'] ?|d'|l'|la |le |les |du )?[a-z][a-z'\-]{1,24}"
    r"(?: [a-z][a-z'\-]{1,20}){0,3})"
)
_EN_STREET = r"street|str|road|rd|avenue|ave|lane|crescent|terrace|mews|boulevard|blvd|parade"
_EN_UNSURE = (
    r"st|drive|dr|close|court|ct|gardens|gdns|place|square|sq|grove|hill|row|walk|way|park|ln"
)
_EN = glanced(
    r"(?<![\d.,€$£:])(?P<number>\d{1,5}[a-f]?),? (?P<name>(?:[a-z][a-z'\-]{1,20} ){1,3})"
    rf"(?:(?P<sure>{_EN_STREET})|(?P<unsure>{_EN_UNSURE}))(?![a-z0-9])"
)
_POSTCODE = re.compile(
    r"(?<!\d)(?:\d{5}|[a-z]{1,2}\d[a-z0-9]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d"
    r"|(?:[a-z]-)?\d{4} [a-z]{4,})(?![a-z0-9])"
)
_LIVES = re.compile(
    r"(?<![a-z])(?:habit\w+|vit|vis|loge|loges|loger|adresse|domicile|chez (?:elle|lui|moi|toi)"
    r"|crech\w+|residen?[ct]e?s?|lives?|living|address|flat|apartment|appart\w*|apt|bat|batiment"
    r"|etage|interphone|floor|stays? at|home is)(?![a-z])"
)
_NOT_NAMES = words(
    """minutes minute mins min hours hour days day km miles mile metres meters feet people persons
    of on in down up the from to that this some more other different way a an at by times euros
    dollars pounds cars fois personnes heures jours years year ans and or is are was with per
    for before after into off just only long short hard lovely quick"""
)
WRITTEN = (_FR, _EN)
_NEAR = 60  # characters around the street
STREETS = frozenset(
    f"{_FR_STREET}|{_FR_UNSURE}|{_EN_STREET}|{_EN_UNSURE}".split("|")
)  # words that make a text worth a look


def addresses(glance: Glance) -> Iterator[Found]:
    """The street addresses of a folded text that has a digit and a kind of street."""
    text = glance.text
    for pattern in WRITTEN:
        for found in islice(glance.finditer(pattern), CANDIDATES_MAX):
            if not _NOT_NAMES.isdisjoint(found["name"].split()):
                continue
            around = text[max(0, found.start() - _NEAR) : found.end() + _NEAR]
            code = _POSTCODE.search(text, found.end(), min(len(text), found.end() + _NEAR))
            if found["sure"] or code or _LIVES.search(around):
                end = code.end() if code else found.end()
                yield ADDRESS, text[found.start() : end].strip(" ,."), (found.start(), end)


# -- A place and a moment ------------------------------------------------------------------------

PLACES = words(
    """gare station hotel ibis novotel mercure motel airbnb cafe bar pub parking metro aeroport
    airport arret room chambre studio appart appartement apartment flat campanile hilton marriott
    centre mall square fontaine fountain cathedrale church eglise terminus platform lobby reception
    resto restaurant brasserie plage beach park parc aire travelodge lounge porte door"""
)
WHERE = PLACES | {"chez", "place", "mine", "yours"}
_LEAD = re.compile(
    r"(?<![a-z])(?:(?:a|au|devant|de|du|the|la|le|at|outside|by|mon|my|in|dans) |l')+$"
)
_OWN_PLACE = {
    "chez": re.compile(r"chez (?:moi|toi|elle|lui)(?![a-z])"),
    "place": re.compile(r"(?<=my )place|(?<=your )place"),
    "mine": re.compile(r"(?<=at )mine"),
    "yours": re.compile(r"(?<=at )yours"),
}
_NUMBERED = re.compile(r" [a-z]?\d{1,4}(?![a-z0-9:])")
_MOMENT = re.compile(
    r"(?<![\d.,€$£])(?:(?:[01]?\d|2[0-3]) ?(?:h|:) ?[0-5]\d|(?:[01]?\d|2[0-3]) ?h(?:eures?)?"
    r"|(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)? ?(?:am|pm|o'?clock))(?![a-z0-9])"
    r"|(?<![a-z])(?:midi|minuit|noon|midnight|ce soir|tonight|demain|tomorrow|lundi|mardi|mercredi"
    r"|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|cette nuit|apres[- ]midi|afternoon|at (?:one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|[1-9]|1[0-2])|half (?:past|seven|eight|nine|ten))(?![a-z0-9])"
)
_APART, _REACH = 48, 64  # characters between the two; and looked at on each side
_LEAD_REACH = 14


def meetings(text: str, words: frozenset[str]) -> Iterator[Found]:
    """The place and the moment that stand closest to each other, if close enough.

    `words` are those of `WHERE` that the text has.
    """
    best: tuple[int, Span, Span] | None = None
    for place in islice(_places(text, words), CANDIDATES_MAX):
        first = max(0, place[0] - _REACH)
        for found in _MOMENT.finditer(text, first, min(len(text), place[1] + _REACH)):
            moment = found.span()
            gap = max(moment[0] - place[1], place[0] - moment[1])
            if 0 <= gap <= _APART and (best is None or gap < best[0]):
                best = gap, place, moment
    if best is not None:
        _, place, moment = best
        value = f"{text[slice(*place)].strip()}|{text[slice(*moment)].strip()}"
        yield MEETING, value, (min(place[0], moment[0]), max(place[1], moment[1]))


def _places(text: str, words: frozenset[str]) -> Iterator[Span]:
    for word in sorted(words):  # a set has another order in each process
        end = 0
        while (start := text.find(word, end)) >= 0:
            end = start + len(word)
            if text[start - 1 : start].isalnum() or text[end : end + 1].isalpha():
                continue
            if word in _OWN_PLACE:
                if own := _OWN_PLACE[word].match(text, start):
                    yield own.span()
                continue
            lead = _LEAD.search(text, max(0, start - _LEAD_REACH), start)
            numbered = _NUMBERED.match(text, end)
            yield lead.start() if lead else start, numbered.end() if numbered else end
