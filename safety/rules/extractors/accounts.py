"""Bank accounts, cards and wallets: found by their check digits, whatever separates the groups.

The arithmetic is written out: ISO 13616 and ISO 7064 (mod 97-10), ISO/IEC 7812 (Luhn), BIP 173.
"""

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from safety.rules.extractors.glance import Glance, glanced
from safety.rules.extractors.kinds import CARD, CRYPTO, IBAN, Found

CANDIDATES_MAX = 24
# Length of an account number by country, from the SWIFT registry.
_LENGTHS = {
    country: length
    for length, countries in {
        15: "no", 16: "be", 18: "dk fi fk fo gl nl sd", 19: "mk si",
        20: "at ba ee kz lt lu mn xk", 21: "ch hr li lv",
        22: "bg bh cr de gb ge ie me rs va", 23: "ae gi il iq om so tl",
        24: "ad cz es md pk ro sa se sk tn vg", 25: "ly pt st", 26: "dz is tr",
        27: "bi dj fr gr it mc mr sm", 28: "al az by cy do gt hn hu lb ma ni pl sv",
        29: "br eg ps qa ua", 30: "jo kw mu ye", 31: "mt sc", 32: "lc", 33: "ru",
    }.items()
    for country in countries.split()
}  # fmt: skip
# Where the account itself begins with letters, and how many: a bank's, or a check letter.
_LETTERS = {
    country: letters
    for letters, countries in {
        1: "it sm", 2: "fk ge",
        4: "az bg bh gb gi hn ie iq jo kw lc lv mt mu ni nl pk ps qa ro sc sv vg ye",
    }.items()
    for country in countries.split()
}  # fmt: skip
IBAN_HEAD = glanced(r"(?<![a-z0-9])[a-z]{2}[ \-.:]{0,2}\d[ .\-]{0,2}\d")
# What may be a digit, digits of other scripts included, before it is asked whether it is one.
_CHECK_DIGITS = re.compile(r"[0-9\u0660-\U0010ffff](?<=\d)[ .\-]{0,2}\d")
_COUNTRY = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ \-.:]{0,2}\Z")
_COUNTRY_REACH = 4  # characters
_ALPHANUMERIC = re.compile(r"[a-z0-9]")
REACH = 110  # characters in which an account number is written


def ibans(glance: Glance) -> Iterator[Found]:
    """The account numbers of a folded text whose check digits and letters are right."""
    text = glance.text
    for found in islice(glance.finditer(IBAN_HEAD), CANDIDATES_MAX):
        length = _LENGTHS.get(found.group()[:2])
        if length is None:
            continue
        reach = text[found.start() : found.start() + REACH]
        places = [one.start() for one in _ALPHANUMERIC.finditer(reach)][:length]
        compact = "".join(reach[place] for place in places)
        enough = 2 * sum(map(str.isdigit, compact)) >= length  # letters are rare in all of them
        named = not any(map(str.isdigit, compact[4 : 4 + _LETTERS.get(found.group()[:2], 0)]))
        if enough and named and len(compact) == length and _mod_97(compact) == 1:
            yield IBAN, compact.upper(), (found.start(), found.start() + places[-1] + 1)


def begins_account(text: str) -> bool:
    """Whether `text`, folded or not, has the country and the check digits an account begins with.

    Words such as `de 12` are heads as well; this only saves looking further at most texts. Digits
    are looked for first: most texts have none.
    """
    for digits in _CHECK_DIGITS.finditer(text):
        start = digits.start()
        country = _COUNTRY.search(text, max(0, start - _COUNTRY_REACH), start)
        if country is not None and country[1].lower() in _LENGTHS:
            return True
    return False


def _mod_97(compact: str) -> int:
    return int("".join(str(int(one, 36)) for one in compact[4:] + compact[:4])) % 97


CARD_LIKE = glanced(r"(?<![a-z0-9+.,])[2-6]\d{3}(?:[ .\-]{0,2}\d){9,15}(?![a-z0-9])")
_NOT_DIGIT = re.compile(r"[^0-9]")
_SCHEMES = re.compile(  # Visa, Mastercard, American Express, Discover, Maestro, Diners, JCB
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d)\d{12}|(?:5[0678]|6[37])\d{10,17}|3[068]\d{12}|35\d{14}"
)


def cards(glance: Glance) -> Iterator[Found]:
    """The payment cards of a folded text: a known scheme and a right check digit."""
    for found in islice(glance.finditer(CARD_LIKE), CANDIDATES_MAX):
        digits = _NOT_DIGIT.sub("", found.group())
        if _SCHEMES.fullmatch(digits) and _luhn(digits):
            yield CARD, digits, found.span()


def _luhn(digits: str) -> bool:
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(sum(divmod(2 * int(one), 10)) for one in digits[-2::-2])) % 10 == 0


# The folded view has lost the case of letters, so the checks of base 58 cannot be computed:
# those wallets need a known head, the full length and a mixture no word has.
_WALLET = glanced(
    r"(?<![a-z0-9])(?:(?P<ether>0x[0-9a-f]{40})|(?P<segwit>(?:bc|ltc|tb)1[a-z0-9]{25,87})"
    r"|(?P<base58>[13tlmdr][a-z0-9]{25,34}|4[a-z0-9]{94})"
    r"|(?P<named>[a-z0-9\-]{3,40}\.(?:eth|sol|crypto|btc)))(?![a-z0-9])"
)
_TURNS_MIN = 6  # between letters and digits
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def wallets(glance: Glance) -> Iterator[Found]:
    """The crypto addresses of a folded text."""
    for found in islice(glance.finditer(_WALLET), CANDIDATES_MAX):
        value = found.group()
        if found.lastgroup == "segwit" and not _bech32(value):
            continue
        if found.lastgroup == "base58" and not _mixed(value):
            continue
        yield CRYPTO, value, found.span()


def _mixed(value: str) -> bool:
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(value))
    return turns >= _TURNS_MIN and "0" not in value[1:]


def _bech32(value: str) -> bool:
    """The checksum of BIP 173, or of BIP 350 for later witness versions."""
    human, _, data = value.rpartition("1")
    if not set(data) <= set(_BECH32):
        return False
    expanded = [ord(one) >> 5 for one in human] + [0] + [ord(one) & 31 for one in human]
    check = 1
    for word in expanded + [_BECH32.index(one) for one in data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if top >> bit & 1 else 0
    return check in (1, 0x2BC830A3)
