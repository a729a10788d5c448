"""A paid physical meeting whose price and whose place, hour or act were sent apart.

Hides which words make a sum a price, which make a meeting physical, and which explain both away.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from safety.rules.normalise import tokens_of

_UNIT = (
    r"(?:€|\$|£|e(?![a-z]| (?:minute|siecle|etage))|eur|euros?|balles|boules|bucks|quid|pounds?"
    r"|dollars?|chf|francs|piasses|roses?|cash|en (?:liquide|especes|cash)"
    r"|(?:de |de l'|l'|la |pour l'|pr l'|per |an |a |the )?"
    r"(?:heure|nuit|hour|night|demi[- ]heure|half hour)(?![a-z]))"
)
_OFFER = (
    r"(?<![a-z])(?:je (?:te |vous )?(?:donne|file|paie|paye|propose|offre)"
    r"|i(?:'ll| will|'d)? (?:give|pay)(?: you)?|tarif|prix|rates?|price|offer|mets|put)"
    r" ?(?:de|a|:|=|is|of)? ?"
)
_NUMBER = re.compile(r"[0-9][0-9]+")
_PRICED = re.compile(
    rf"(?<![\d.,:/])\d{{2,4}}(?: ?{_UNIT}"
    r"|(?<=\d{3})(?= (?:for|if|pour|si|et tu|and (?:you|i)|chacune?|each|de plus|ca te va|ok|deal)"
    r"\b))"
)
_SIGNED = re.compile(r"(?<![\d.,:/])[€$£] ?\Z")
_OFFERED = re.compile(rf"{_OFFER}\Z")
_OFFER_REACH = 32  # characters
_BARE = re.compile(r"\d{2,4} ?(?:cash|\?|!)*$")
_SAID = (
    r"(?:(?:deux|trois|quatre|cinq|six|sept|huit|mille|two|three|four|five|six|a) ?"
    r"(?:cents?|hundred|grand|mille)|cent|mille|cinquante|quatre[- ]vingts?)"
)
_SAID_PRICE = re.compile(rf"(?<![\d.,:/]){_SAID} ?{_UNIT}|{_OFFER}{_SAID}(?![\d:h])")
_TOGETHER = re.compile(
    r"(?<![a-z])(?:(?:viens(?! (?:juste )?d[e'])|venir|rejoins|rejoindre|montes?|deplaces?"
    r"|passer?s? (?:chez|me|te|ce|cette|a (?:la maison|mon|l'hotel)|dans|demain|la (?:nuit|soiree))"
    r"|recevoir(?![a-z])|(?:tu|je) recois(?! (?:ta|ton|tes|tant|surtout)))"
    r"(?![a-z])|on (?:se (?:voit|voie|retrouve|rejoint|capte)|prend la chambre)"
    r"|(?:se|te|me) voir|en (?:vrai|reel)|irl|chez (?:toi|moi)|(?:ma|la|ta) chambre"
    r"|(?:mon|l'|un|ton) ?hotel|(?:dormir|nuit|dors|coucher) (?:avec|chez) (?:moi|toi)"
    r"|come (?:up|over|round|to|and see|see)|meet(?: me| you| up)?|see you in (?:person|real)"
    r"|in person|(?:my|your|ur|the|that) (?:place|hotel|room|bed|door|flat|living room)"
    r"|at (?:mine|yours|urs)|(?:spend|stay) the night|outcall|incall|the night with"
    r"|hotel by|hotel room)(?![a-z])"
)
_TALKING_TO = re.compile(
    r"(?<![a-z])(?:tu|te|toi|t|vous|on|ta|ton|you|u|ur|your|yours|me|moi|viens|we|us|come|meet)"
    r"(?![a-z])"
)
_LAWFUL = re.compile(
    r"(?<![a-z])(?:visios?|videos?|vids?|cam|camera|lives?|stream|appels?|call|vocal\w*|vocaux"
    r"|voice|audio|photos?|pics?|pictures?|sets?|albums?|customs?|unlock\w*|debloqu\w*|abonn\w*"
    r"|subscri\w*|message\w*|contenus?|shooting|commande\w*|orders?|tips?|pourboires?|credits?"
    r"|wallet|concert|match|film|cine\w*|theatre|restos?|restaurant|train|billets?|tickets?"
    r"|loyer|rent|taxi|boulot|work|job|bureau|office|dentiste?|medecin|doctor|docteur|kine"
    r"|physio|coiffeu\w*|hairdresser|massage du dos|osteo\w*|soeur|sister|frere|brother|mere"
    r"|mum|mom|pere|dad|mari|husband|femme|wife|fille|fils|daughter|son|kids?|enfants?|parents?"
    r"|cousine?s?|famille|family|copine|copain|girlfriend|boyfriend|amis?|friends?|vacances"
    r"|holidays?|museums?|musees?|mecanicien|garage|boiler|plombier|plumber|courses|metres?"
    r"|steps|followers|degres|km|kilos?|marathon|chapitre|pages?|likes?|impots|jeu|game|screen"
    r"|pour de rire|jamais|never|refus\w*|signal\w*|report\w*|interdit|do ?n'?t meet"
    r"|bloqu\w*|blocked|arnaqu\w*|scam\w*|imagin\w*|dreams?|reves?|amende|salaire|salary|tax\w*"
    r"|inflation|petit dej\w*|breakfast|vendu\w*|sold|mot de passe|password|prepaye\w*"
    r"|no irl|no meets?"
    r"|pas de te voir|pas de rencontre\w*)(?![a-z])"
)
_SUMS = frozenset({"cent", "cents", "mille", "hundred", "grand", "cinquante", "vingt", "vingts"})
_MEETS = frozenset(
    {
        "viens", "venir", "passe", "passes", "passer", "rejoins", "rejoindre", "monte", "montes",
        "deplace", "deplaces", "recois", "recevoir", "voit", "voie", "retrouve", "rejoint",
        "capte", "voir",
        "chambre", "vrai", "reel", "irl", "chez", "hotel", "dormir", "nuit", "dors", "coucher",
        "come", "meet", "person", "real", "place", "room", "bed", "door", "flat", "mine", "yours",
        "urs", "night", "outcall", "incall", "prend",
    }
)  # fmt: skip


class Half(NamedTuple):
    """What one message says of a deal."""

    price: bool
    meeting: bool


def half_a_deal(text: str, words: Collection[str]) -> Half | None:
    """What `text`, of these words, says of a deal; None when it says nothing or explains it."""
    price = _says_price(text, words)
    meeting = not _MEETS.isdisjoint(words) and _TOGETHER.search(text) is not None
    if not (price or meeting) or _LAWFUL.search(text):
        return None
    return Half(price, meeting)


def _says_price(text: str, words: Collection[str]) -> bool:
    """Whether a number of the text, written or said, is a price. Numbers are looked for first, and
    around each of them: few texts have one."""
    if any(_is_price(text, *number.span()) for number in _NUMBER.finditer(text)):
        return True
    if _BARE.match(text):
        return True
    return not _SUMS.isdisjoint(words) and _SAID_PRICE.search(text) is not None


def _is_price(text: str, start: int, end: int) -> bool:
    before = max(0, start - _OFFER_REACH)
    if _PRICED.match(text, start) or _SIGNED.search(text, before, start):
        return True
    short = end - start <= 4 and text[end : end + 1] not in (":", "h")
    return short and _OFFERED.search(text, before, start) is not None


def deal(earlier: Sequence[str], text: str, half: Half) -> tuple[int, ...]:
    """The indexes of the earlier messages that make a deal of `text`, or none.

    One of the two says a price, the other a physical meeting, to the person spoken to; a message
    between them that explains both away leaves no deal.
    """
    for place in range(len(earlier) - 1, -1, -1):
        before = earlier[place]
        other = (half.price and _TOGETHER.search(before)) or (
            half.meeting and _says_price(before, tokens_of(before))
        )
        if not other:
            continue
        if any(_LAWFUL.search(one) for one in earlier[max(0, place - 1) :]):
            return ()
        if _TALKING_TO.search(f"{before} {text}"):
            return (place,)
    return ()
