"""Contact and payment data: found however they are written, and ordinary numbers left alone."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from safety.rules import extractors, rulebook
from safety.rules.extractors import (
    KINDS,
    accounts,
    extract,
    glance,
    handles,
    links,
    phones,
    places,
)
from safety.rules.normalise import fold
from tests.safety.evasions import FAMILIES


def found(text: str) -> set[tuple[str, str]]:
    return {(one.kind, one.value) for one in extract(fold(text))}


def kinds(text: str) -> set[str]:
    return {kind for kind, _ in found(text)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("06 39 98 12 34", "+33639981234"),
        ("06.39.98.12.34", "+33639981234"),
        ("06/39/98/12/34", "+33639981234"),
        ("0639 98 12 34", "+33639981234"),
        ("0 6 * 3 9 * 9 8 * 1 2 * 3 4", "+33639981234"),
        ("0 6 - 3 9 - 9 8 - 1 2 - 3 4", "+33639981234"),
        ("06❤39❤98❤12❤34", "+33639981234"),
        ("0️⃣6️⃣3️⃣9️⃣9️⃣8️⃣1️⃣2️⃣3️⃣4️⃣", "+33639981234"),
        ("+33 (0)6 39 98 12 34", "+33639981234"),
        ("(+33) 6 39 98 12 34", "+33639981234"),
        ("0033639981234", "+33639981234"),
        ("336 39 98 12 34", "+33639981234"),
        ("o6 39 98 12 34", "+33639981234"),
        ("O6 39 9B l2 34", "+33639981234"),
        ("６３? non, ０６ ３９ ９８ １２ ３４", "+33639981234"),
        ("01 99 00 12 34", "+33199001234"),
        ("+32 470 00 00 00", "+32470000000"),
        ("0470 00 00 00", "+32470000000"),
        ("079 000 00 01", "+41790000001"),
        ("+41 79 000 00 01", "+41790000001"),
        ("+212 600-000001", "+212600000001"),
        ("+213 550 00 00 01", "+213550000001"),
        ("+216 20 000 001", "+21620000001"),
        ("085 000 0001", "+353850000001"),
        ("+353 (0)85 000 0001", "+353850000001"),
        ("07700 900123", "+447700900123"),
        ("077 00 90 01 23", "+447700900123"),
        ("+44 7700 900 123", "+447700900123"),
        ("+44 (0)20 7946 0123", "+442079460123"),
        ("020 7946 0123", "+442079460123"),
        ("(212) 555-0147", "+12125550147"),
        ("1-212-555-0147", "+12125550147"),
        ("514.555.0143", "+15145550143"),
        ("+1 514 555 0143", "+15145550143"),
    ],
)
def test_a_telephone_number_is_found_however_it_is_written(text: str, value: str) -> None:
    assert ("phone", value) in found(f"voilà : {text} merci")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zéro six trente-neuf quatre-vingt-dix-huit douze trente-quatre", "+33639981234"),
        ("zéro six trois neuf neuf huit un deux trois quatre", "+33639981234"),
        ("06 trente-neuf 98 douze 34", "+33639981234"),
        ("zero6 39 98 soixante et onze quatre-vingts", "+33639987180"),
        ("zéro six trente-neuf nonante-huit septante-sept huitante", "+33639987780"),
        ("zéro six, puis 39 puis neuf huit puis soixante-dix-sept 62", "+33639987762"),
        ("z-é-r-o s-i-x puis 39 98 12 34", "+33639981234"),
        ("z e r o  s i x  39 98 12 34", "+33639981234"),
        ("oh seven seven double zero nine double zero one two three", "+447700900123"),
        ("zero double seven double oh, nine hundred, four five six", "+447700900456"),
        ("07700-nine-hundred-7-2-2", "+447700900722"),
        ("two one two five five five oh one four seven", "+12125550147"),
        ("spell it backwards: 321009 00770", "+447700900123"),
    ],
)
def test_a_dictated_number_is_read_as_its_digits(text: str, value: str) -> None:
    assert ("phone", value) in found(f"note: {text}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2125550147", "+12125550147"),
        ("555-0142", "5550142"),
        ("20 000 001", "20000001"),
        ("02 000 00 01", "020000001"),
        ("03 12 25 33 41", "+33312253341"),
    ],
)
def test_digits_that_may_be_something_else_are_only_a_number(text: str, value: str) -> None:
    assert found(text) == {("number", value)}


TWIN_NUMBERS = {
    "other sense": [
        "le 12/05/2024 à 18h30",
        "né le 01/02/2003, 18 ans passés",
        "01/02/2003 et 04/05/2006",
        "12 06 2024 18 30",
        "commande 2024110844519",
        "Référence de la commande : 2026-0417-88",
        "1m75 pour 62 kg, 28 ans, 90-60-90",
        "entre 200 et 300 €, ou 1 250,50 €",
        "0,5 1,5 2,5 3,5 10",
        "1 250 000 abonnés et 12 300 likes",
        "192.168.0.1",
        "RM 1234 5678 9 FR",
        "numéro de sécu 1 84 12 76 451 089 46",
        "07:00 07:10 07:20 09:00 réveils",
        "18h30 19h30 20h30 21h30",
        "code 0000 1234, salle 12",
        "978 0 00 000000 0",
        "il fait 35 degrés, 1013 hPa",
    ],
    "speech about it": [
        "appelle le 3114 si ça ne va pas, c'est gratuit",
        "le 116 117, le 15, le 17, le 18 ou le 112",
        "call 911 or 988 now, please",
        "le 116006 aide les victimes, le 3919 aussi",
        "08 92 70 12 34 est un numéro surtaxé",
        "1-800-555-0199 is their hotline",
    ],
    "figure and play": [
        "un deux trois soleil",
        "3 2 1 go !",
        "one two three four five six seven, once I caught a fish",
        "un deux trois quatre cinq six sept huit neuf dix",
        "je te donne 10 sur 10, non 11 sur 10",
        "0123456789 je sais compter",
    ],
    "lawful business": [
        "10, 20, 30, 40, 50",
        "10 € le vocal, 30 la photo, 80 la vidéo, 120 les trois",
        "live à 20h30, 21h30 et 22h30 le 06/07 et le 07/08",
        "set of 14 pics, 9 minutes, 16 euros",
        "voie 12 voiture 06 place 39",
    ],
    "style only": [
        "1️⃣ kiss 2️⃣ kisses 3️⃣ kisses",
        "m3rc1 b34uc0up",
        "0o°o0 petites bulles 0o°o0",
        "2️⃣0️⃣ € l'album 💸💸💸",
    ],
}


@pytest.mark.parametrize("text", [text for texts in TWIN_NUMBERS.values() for text in texts])
def test_numbers_of_other_senses_are_no_telephone_numbers(text: str) -> None:
    assert kinds(text) & {"phone", "number", "card", "iban", "crypto"} == set()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("lea.m@example.org", "email", "lea.m@example.org"),
        ("lea arobase example point org", "email", "lea@example.org"),
        ("lea point martin arobase example point org", "email", "lea.martin@example.org"),
        ("sam_hill (at) example (dot) com", "email", "sam_hill@example.com"),
        ("sam underscore hill at example dot com", "email", "sam_hill@example.com"),
        ("gribouille33 (at) example . net", "email", "gribouille33@example.net"),
        ("'quiet' plus 'harbour', in one word, @example.com", "email", "@example.com"),
        ("FR14 2004 1010 0505 0001 3M02 606", "iban", "FR1420041010050500013M02606"),
        ("BE68 5390 0754 7034, vire là", "iban", "BE68539007547034"),
        ("gb82-west-1234-5698-7654-32", "iban", "GB82WEST12345698765432"),
        ("4111-1111-1111-1111", "card", "4111111111111111"),
        (
            "btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "crypto",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        (f"eth 0x{'0a1b' * 10}", "crypto", "0x" + "0a1b" * 10),
        ("samhill.eth works too", "crypto", "samhill.eth"),
        ("mon insta c'est lea_rose75", "handle", "insta:lea_rose75"),
        ("snap : leadouce", "handle", "snap:leadouce"),
        ("Add me on Snap babe, mira.vale.xx", "handle", "snap:mira.vale.xx"),
        ("kik me: dustyrose_nobody", "handle", "kik:dustyrose_nobody"),
        ("Skype name is live:pale.otter.nobody", "handle", "skype:live:pale.otter.nobody"),
        ("look for velvet.finch.ex on the gram", "handle", "insta:velvet.finch.ex"),
        ("@sam_hill sur télégram", "handle", "telegram:sam_hill"),
        ("dispo sur t é l é g r a m : nuage_de_poivre", "handle", "telegram:nuage_de_poivre"),
        ("wh4tsapp : lea_rose", "handle", "whatsapp:lea_rose"),
        ("👻 brumelune.zz", "handle", "👻:brumelune.zz"),
        ("l'oiseau bleu → moustache.de.velours", "handle", "oiseau-bleu:moustache.de.velours"),
        ("plumcoat_writer on every app", "handle", "everywhere:plumcoat_writer"),
        ("insta velvet dot finch dot ex", "handle", "insta:velvet.finch.ex"),
        ("insta pareil que mon pseudo ici", "handle", "same"),
        ("Same @ everywhere if you lose me", "handle", "same"),
        ("même nom mais sur l'appli avec l'avion en papier", "handle", "same"),
        ("t.me/lea_rose,", "profile", "t.me/lea_rose"),
        ("t point me slash lea_rose", "profile", "t.me/lea_rose"),
        ("paypal.me/learose", "payment", "paypal.me/learose"),
        ("cashapp $samhill", "payment", "$samhill"),
        ("rev tag : loutre_de_gala", "payment", "revolut:loutre_de_gala"),
        ("https://www.example.org/page", "link", "example.org/page"),
        ("example point com slash vip", "link", "example.com/vip"),
        ("go to miravale dot example dot com", "link", "miravale.example.com"),
        ("elle vit 8 bis avenue des Lilas", "address", "8 bis avenue des lilas"),
        ("14 Harbour Road, AB1 2CD", "address", "14 harbour road, ab1 2cd"),
        ("on se voit à 20h devant la gare", "meeting", "devant la gare|20h"),
        ("8pm at the station", "meeting", "at the station|8pm"),
        ("Hilton hotel, room 214, tomorrow", "meeting", "room 214|tomorrow"),
    ],
)
def test_each_kind_has_one_canonical_value(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "FR15 2004 1010 0505 0001 3M02 606",  # wrong checksum
        "4111 1111 1111 1112",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "mon insta est privé",
        "insta c'est nul, snap c'est mort",
        "Snap decision: I'm unlocking all three",
        "oh snap, I forgot it was your birthday!!",
        "kik off is at 8",
        "the signal drops, signal booster needed",
        "👻 bouh",
        "merci.me voilà",
        "bonne nuit.be good",
        "20 $ la place",
        "$$$ mood $$$",
        "rendez-vous at noon, dot",
        "the point me and you made at com school",
        "même nom que mon chat",
        "we have the same name, funny",
        "2 places de concert, 3 cours de danse",
        "5 minutes from the main street",
        "jump street was on at the cinema",
        "le train de 18h07",
        "une chambre avec vue",
        "lydia c'est ma meilleure amie",
    ],
)
def test_what_only_resembles_is_not_found(text: str) -> None:
    assert found(text) == set()


def test_digits_inside_an_account_are_no_telephone_number() -> None:
    assert kinds("my IBAN: GB82 WEST 1234 5698 7654 32") == {"iban"}
    assert kinds("DE89 3704 0044 0532 0130 00") == {"iban"}


@given(
    # With the letters of a bank where they belong, and without.
    st.sampled_from([("FR", ""), ("BE", ""), ("GB", ""), ("GB", "WEST"), ("DE", "")]),
    st.text("0123456789", min_size=8, max_size=26),
)
def test_an_account_is_found_exactly_when_the_registry_accepts_its_check_digits(
    country: tuple[str, str], digits: str
) -> None:
    account = f"{country[0]}{digits[:2]}{country[1]}{digits[2:]}"
    said = {value for kind, value in found(account) if kind == "iban"}
    heads = {account[:length] for length in range(10, 30)}
    registered = {head for head in heads if iban.is_valid(head, check_country=False)}
    assert said == registered


def test_digits_where_a_bank_has_letters_are_no_account() -> None:
    assert kinds("GB94WEST12345698765432") == set()  # wrong check digits
    assert "iban" not in kinds("GB94621474006646031579")  # right ones


@given(st.text("0123456789", min_size=12, max_size=12))
def test_a_card_is_found_exactly_when_its_last_digit_is_right(digits: str) -> None:
    number = f"4{digits}"
    for last in "0123456789":
        whole = f"411{number[:12]}{last}"
        assert ("card" in kinds(whole)) == luhn.is_valid(whole)


def test_no_finder_gives_more_than_its_share() -> None:
    many = " ; ".join(f"lea{place}@example.org" for place in range(200))
    assert len(extract(fold(many))) <= 2 * 24


@settings(max_examples=300)
@given(st.text(st.sampled_from("0123456789 .@-+:/abcdefhilmnoprstuvxz$€👻"), max_size=200))
def test_no_text_breaks_an_extractor_and_spans_stay_inside(text: str) -> None:
    for one in extract(fold(text)):
        assert one.kind in KINDS
        assert one.value
        assert one.fragments == ()
        assert 0 <= one.span[0] < one.span[1] <= len(text)


EXPRESSIONS = {
    "account": accounts.IBAN_HEAD, "card": accounts.CARD_LIKE, "wallet": accounts._WALLET,
    "link": links.WRITTEN, "said": links.SAID, "rue": places._FR, "street": places._EN,
    "style": handles._LEET_STYLE, "disguised": handles.DISGUISED, "apart": handles.SPELT,
    "shown": handles.SHOWN_WORD, "elsewhere": handles._EVERYWHERE, "called": handles._CALLED,
    "same": handles._SAME, "spelt": extractors._SPELT,
}  # fmt: skip
PIECES = st.sampled_from(
    ["fr76 ", "gb 12", "4111 1111 1111 1111", "0x", "ab1" * 12, "t.me/lea", "example point com",
     " dot ", "12 rue de la paix", "4 high street", "t3l3gr4m", "1nsta", "s n a p", "s-n-a", "a.b",
     "bird app", "partout", "la-bas", "pseudo", "@ ", "same", "meme", " ", " ", ".", "a", "7", "é",
     "06 39 98 12 34", "zero six trente neuf", "o6", "3s7", "12", "+33", "un", "et", "il 5", "€"]
)  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
@given(st.lists(PIECES, max_size=12), st.integers(1, 3))
def test_a_glance_finds_where_an_expression_does(name: str, pieces: list[str], near: int) -> None:
    text, expression = "".join(pieces), EXPRESSIONS[name]
    expected = [one.span() for one in expression.finditer(text)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "LONG", -1)
        for most in (near, glance.NEAR_MAX):
            patch.setattr(glance, "NEAR_MAX", most)
            assert [one.span() for one in glance.Glance(text).finditer(expression)] == expected


@given(st.lists(PIECES, max_size=12))
def test_a_glance_finds_each_run_that_may_hold_a_number(pieces: list[str]) -> None:
    text = "".join(pieces)
    expected = {one.span() for one in phones._RUN.finditer(text)
                if sum(len(piece.digits) for piece in phones.read_pieces(one.group())) > 6
                and len(one.group()) > 6}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "LONG", -1)
        runs = glance.Glance(text).finditer(phones._RUN, phones._SEVERAL)
        assert expected <= {one.span() for one in runs}


@pytest.mark.parametrize(
    "family", [None, "split_by_signs", "leet_digits", "leet_signs", "circled_digits"]
)
def test_a_glance_hides_nothing_that_a_search_finds(
    family: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [one[-1] for rule in rulebook.load().rules for one in (*rule.matches, *rule.twins)]
    texts = [FAMILIES[family](text, Random(1)) if family else text for text in examples]
    monkeypatch.setattr(glance, "LONG", max(map(len, texts)) + 1)
    searched = [found(text) for text in texts]
    monkeypatch.setattr(glance, "LONG", -1)
    assert [found(text) for text in texts] == searched
    assert {kind for values in searched for kind, _ in values} >= {"phone", "number"}
