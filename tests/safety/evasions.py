"""Mechanical evasions: each family rewrites a text the way people hide it, still readable.

Pure functions `(text, random) -> text`, over texts of this suite alone, hits and twins alike. The
tables here are written apart from those of the engine: what one side forgets, the other shows.
"""

import random
import re
import unicodedata
from collections.abc import Callable

Evasion = Callable[[str, random.Random], str]

_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = "aeiouyàâéèêëîïôùû"
_LOWER = "abcdefghijklmnopqrstuvwxyz"


def _bare(text: str) -> str:
    """`text` without accents, for alphabets that have none."""
    marks = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in marks if not unicodedata.combining(c)))


def _alphabet(small: int, capital: int) -> Evasion:
    """Letters of another alphabet that begins at these code points."""
    table = {ord(one): chr(small + place) for place, one in enumerate(_LOWER)}
    table |= {ord(one): chr(capital + place) for place, one in enumerate(_LOWER.upper())}
    return lambda text, _: _bare(text).translate(table)


def _swap(pairs: str, share: float = 1.0) -> Evasion:
    """Characters replaced after `pairs` ("aа eе"), each with probability `share`."""
    table = {one[0]: one[1:] for one in pairs.split()}

    def rewrite(text: str, rng: random.Random) -> str:
        return "".join(
            rng.choice(table[one]) if one in table and rng.random() < share else one
            for one in _bare(text)
        )

    return rewrite


def _words(change: Callable[[str, random.Random], str], least: int) -> Evasion:
    """`change` on every word of at least `least` letters."""
    return lambda text, rng: _WORD.sub(
        lambda found: change(found[0], rng) if len(found[0]) >= least else found[0], text
    )


def full_width(text: str, _: random.Random) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def stacked_marks(text: str, rng: random.Random) -> str:
    marks = [chr(code) for code in range(0x300, 0x36F)]
    return "".join(one + "".join(rng.choices(marks, k=3)) if one != " " else one for one in text)


def zero_width(text: str, rng: random.Random) -> str:
    return "".join(one + rng.choice("\u200b\u200c\u200d\u2060\ufeff\u00ad") for one in text)


def spaced_sentence(text: str, _: random.Random) -> str:
    return "   ".join(" ".join(word) for word in text.split(" "))


def spaced_without_gaps(text: str, _: random.Random) -> str:
    return " ".join(one for one in text if one != " ")


def spaced_words(text: str, rng: random.Random) -> str:
    return _words(lambda word, _: " ".join(word), 4)(text, rng)


def _split_by(signs: str) -> Evasion:
    return lambda text, rng: _words(lambda word, _: rng.choice(signs).join(word), 4)(text, rng)


def _cut(word: str, rng: random.Random) -> str:
    place = rng.randrange(2, len(word) - 1)
    return f"{word[:place]}{rng.choice('-._/~')}{word[place:]}"


def _mask(word: str, rng: random.Random) -> str:
    inner = [place for place in range(1, len(word) - 1) if word[place] in _VOWELS]
    hidden = inner if rng.random() < 0.5 else inner[:1]
    return "".join("*" if place in hidden else one for place, one in enumerate(word))


def _transpose(word: str, rng: random.Random) -> str:
    places = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]
    if not places:
        return word
    at = rng.choice(places)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _stretch(word: str, rng: random.Random) -> str:
    places = [place for place, one in enumerate(word) if one in _VOWELS]
    at = rng.choice(places) if places else len(word) - 1
    return word[:at] + word[at] * rng.randrange(3, 7) + word[at + 1 :]


_FLAG = {ord(one): chr(0x1F1E6 + place) for place, one in enumerate(_LOWER)}
_TURN = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz?!.,'123456789",
        "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz¿¡˙',ƖᄅƐㄣϛ9ㄥ86",
        strict=True,
    )
)


def flags(text: str, rng: random.Random) -> str:
    return _words(lambda word, _: word.lower().translate(_FLAG), 3)(_bare(text), rng)


def upside_down(text: str, _: random.Random) -> str:
    return "".join(_TURN.get(one, one) for one in reversed(_bare(text).lower()))


def turned_letters(text: str, _: random.Random) -> str:
    """Upside down, each line still from left to right."""
    return "".join(_TURN.get(one, one) for one in _bare(text).lower())


def override(text: str, _: random.Random) -> str:
    return f"\u202e{text[::-1]}\u202c"


def override_words(text: str, rng: random.Random) -> str:
    return _words(lambda word, _: f"\u202e{word[::-1]}\u202c", 4)(text, rng)


def backwards(text: str, _: random.Random) -> str:
    return text[::-1]


def backward_words(text: str, rng: random.Random) -> str:
    return _words(lambda word, _: word[::-1], 5)(text, rng)


def line_breaks(text: str, rng: random.Random) -> str:
    return "".join(rng.choice((" ", "\n", "\r\n", "\n\n")) if one == " " else one for one in text)


def broken_words(text: str, rng: random.Random) -> str:
    def broken(word: str, _: random.Random) -> str:
        place = rng.randrange(3, len(word) - 2)
        return f"{word[:place]}\n{word[place:]}"

    return _words(broken, 7)(text, rng)


def keycap_digits(text: str, _: random.Random) -> str:
    return re.sub(r"\d", lambda found: f"{found[0]}\ufe0f\u20e3", text)


def circled_digits(text: str, _: random.Random) -> str:
    return re.sub(r"[1-9]", lambda found: chr(0x245F + int(found[0])), text)


_SMS = {
    "quoi": "koi", "qui": "ki", "que": "ke", "quand": "kan", "combien": "cmb1", "bien": "bi1",
    "demain": "2m1", "moi": "mwa", "toi": "twa", "je vais": "jvé", "je veux": "jveu",
    "je suis": "chui", "je peux": "jpeu", "voir": "vwar", "soir": "swar", "pourquoi": "pk",
    "salut": "slt", "pour": "pr", "dans": "ds", "avec": "avc", "tout": "tt", "hôtel": "otel",
    "téléphone": "telefone", "photo": "foto", "rendez-vous": "rdv", "toujours": "tjr",
    "s'il te plaît": "stp", "j'ai": "g", "c'est": "c", "quelqu'un": "kelkun", "rien": "ri1",
}  # fmt: skip
_TXT = {
    "you": "u", "your": "ur", "are": "r", "tonight": "2nite", "tomorrow": "2moro", "for": "4",
    "to": "2", "please": "pls", "before": "b4", "great": "gr8", "later": "l8r", "people": "ppl",
    "thanks": "thx", "text": "txt", "message": "msg", "number": "numbr", "someone": "sum1",
}  # fmt: skip
_VERLAN = {
    "femme": "meuf", "mec": "keum", "flic": "keuf", "arabe": "rebeu", "noir": "renoi",
    "juif": "feuj", "pute": "teupu", "bite": "teub", "insta": "tainsta", "hôtel": "telho",
    "combien": "biencom", "numéro": "ronumé", "tarif": "rifta", "payer": "yépa", "fou": "ouf",
    "snap": "pesna", "chambre": "breuchan", "parents": "renps", "mère": "reum", "père": "reup",
    "argent": "genar", "moi": "oim", "salope": "lopesa", "photo": "tof", "soirée": "réesoi",
}  # fmt: skip
_SPOKEN = {
    "0": "zéro", "1": "un", "2": "deux", "3": "trois", "4": "quatre", "5": "cinq", "6": "six",
    "7": "sept", "8": "huit", "9": "neuf",
}  # fmt: skip


def _dictionary(table: dict[str, str]) -> Evasion:
    pattern = re.compile(
        rf"(?<![\w'])(?:{'|'.join(sorted(table, key=len, reverse=True))})(?!\w)", re.IGNORECASE
    )
    return lambda text, _: pattern.sub(lambda found: table[found[0].lower()], text)


def spoken_digits(text: str, _: random.Random) -> str:
    """Telephone numbers digit by digit in words; prices and ages stay."""
    return re.sub(
        r"(?:\d[ .-]?){9,}\d",
        lambda found: " ".join(_SPOKEN[one] for one in found[0] if one.isdigit()),
        text,
        flags=re.ASCII,
    )


FAMILIES: dict[str, Evasion] = {
    "cyrillic": _swap("aа cс eе iі jј oо pр sѕ xх yу AА BВ CС EЕ HН IІ KК MМ OО PР SЅ TТ XХ"),
    "greek": _swap("aα eε iι kκ nη oο pρ tτ uυ vν wω yγ AΑ BΒ EΕ HΗ IΙ KΚ MΜ NΝ OΟ PΡ TΤ XΧ ZΖ"),
    "full_width": full_width,
    "bold": _alphabet(0x1D41A, 0x1D400),
    "script": _alphabet(0x1D4EA, 0x1D4D0),
    "sans": _alphabet(0x1D5BA, 0x1D5A0),
    "monospace": _alphabet(0x1D68A, 0x1D670),
    "circled": _alphabet(0x24D0, 0x24B6),
    "squared": _alphabet(0x1F130, 0x1F130),
    "boxed": _alphabet(0x1F170, 0x1F170),
    "small_capitals": _swap(
        "aᴀ bʙ cᴄ dᴅ eᴇ fꜰ gɢ hʜ iɪ jᴊ kᴋ lʟ mᴍ nɴ oᴏ pᴘ rʀ sꜱ tᴛ uᴜ vᴠ wᴡ yʏ zᴢ"
    ),
    "stacked_marks": stacked_marks,
    "zero_width": zero_width,
    "spaced_sentence": spaced_sentence,
    "spaced_without_gaps": spaced_without_gaps,
    "spaced_words": spaced_words,
    "split_by_signs": _split_by(".-_*~|•"),
    "split_by_emoji": _split_by("💋🔥✨⭐"),
    "cut_once": _words(_cut, 4),
    "leet_digits": _swap("a4 e3 i1 o0 s5 t7 A4 E3 I1 O0 S5 T7", 0.7),
    "leet_signs": _swap("a@ e€ i!| s$ A@ E€ I! S$", 0.8),
    "flags": flags,
    "upside_down": upside_down,
    "turned_letters": turned_letters,
    "override": override,
    "override_words": override_words,
    "backwards": backwards,
    "backward_words": backward_words,
    "masked_vowels": _words(_mask, 4),
    "swapped_letters": _words(_transpose, 5),
    "stretched": _words(_stretch, 3),
    "sms_french": _dictionary(_SMS),
    "sms_english": _dictionary(_TXT),
    "verlan": _dictionary(_VERLAN),
    "line_breaks": line_breaks,
    "broken_words": broken_words,
    "keycap_digits": keycap_digits,
    "circled_digits": circled_digits,
    "spoken_digits": spoken_digits,
}
