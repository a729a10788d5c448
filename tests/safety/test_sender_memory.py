"""What a sender splits over several messages is joined where the last completes it."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.rules.extractors import KINDS, Extract
from safety.rules.memory import RECENT_MAX, joined
from safety.rules.normalise import fold

Series = tuple[str, ...]


def completed(messages: Series) -> tuple[Extract, ...]:
    """What the last of `messages` completes."""
    *recent, text = messages
    return joined(fold(text), recent)


def values(messages: Series) -> set[tuple[str, str]]:
    return {(one.kind, one.value) for one in completed(messages)}


PHONES: list[tuple[Series, str, tuple[int, ...]]] = [
    (("mon 06 39", "98 12", "34"), "+33639981234", (0, 1)),
    (("06", "39", "98", "12", "34"), "+33639981234", (0, 1, 2, 3)),
    (("0 6", "3 9", "9 8", "1 2", "3 4"), "+33639981234", (0, 1, 2, 3)),
    (("0", "639981234"), "+33639981234", (0,)),
    (("zéro six trente-neuf", "98 douze", "trente-quatre"), "+33639981234", (0, 1)),
    (("zero six trente", "neuf nonante", "huit douze trente quatre"), "+33639981234", (0, 1)),
    (("salut toi", "06 39 98", "tu vas bien ?", "12 34"), "+33639981234", (1,)),
    (("06 39", "j'ai vu 2 films", "98 12", "j'ai 25 ans", "34"), "+33639981234", (0, 2)),
    (("c 06 39", "attend ça coupe", "98 77", "et pour finir 20"), "+33639987720", (0, 2)),
    (("+33 6", "39 98", "12 34"), "+33639981234", (0, 1)),
    (("077", "00 900", "644 🤫"), "+447700900644", (0, 1)),
    (("o7", "7oo", "9oo", "621 text me"), "+447700900621", (0, 1, 2)),
    (("oh seven seven", "double zero nine", "double zero 123"), "+447700900123", (0, 1)),
    (("call me 212", "555", "0147"), "+12125550147", (0, 1)),
    (("0️⃣6️⃣ 3️⃣9️⃣", "9️⃣8️⃣", "1️⃣2️⃣ 3️⃣4️⃣"), "+33639981234", (0, 1)),
]
NAMES: list[tuple[Series, str, str, tuple[int, ...]]] = [
    (("lea.m", "@example", ".org"), "email", "lea.m@example.org", (0, 1)),
    (("lea point martin", "arobase example", "point org"), "email", "lea.martin@example.org",
     (0, 1)),
    (("lea.martin", "arobase example point org"), "email", "lea.martin@example.org", (0,)),
    (("mon insta c'est", "lea_rose75"), "handle", "insta:lea_rose75", (0,)),
    (("ajoute moi sur insta", "lea.rose.75"), "handle", "insta:lea.rose.75", (0,)),
    (("my insta is", "velvet dot", "finch", "dot ex"), "handle", "insta:velvet.finch.ex",
     (0, 1, 2)),
    (("t.me", "/lea_rose"), "profile", "t.me/lea_rose", (0,)),
    (("paypal.me", "/learose"), "payment", "paypal.me/learose", (0,)),
    (("mon paypal c'est", "lea_rose75"), "payment", "paypal:lea_rose75", (0,)),
    (("FR14 2004 1010", "0505 0001", "3M02 606"), "iban", "FR1420041010050500013M02606", (0, 1)),
    (("GB29 NWBK", "attends", "6016 1331", "9268 19. thats the account"), "iban",
     "GB29NWBK60161331926819", (0, 2)),
    (("elle habite au 8", "rue des lilas"), "address", "8 rue des lilas", (0,)),
    (("8 rue des lilas", "44000 Nantes"), "address", "8 rue des lilas 44000", (0,)),
]  # fmt: skip
DEALS: list[tuple[Series, tuple[int, ...]]] = [
    (("tu viens à mon hôtel demain ?", "200 € cash"), (0,)),
    (("je te donne 300 euros", "et tu passes chez moi ce soir"), (0,)),
    (("on se voit samedi ?", "t'aimes le jazz ?", "je te donne 300"), (0,)),
    (("combien ?", "300 la nuit", "tu viens à quelle heure"), (1,)),
    (("I'm at the hotel by the arena", "you free?", "350 if you come up to the room"), (0,)),
    (("£250", "come to my place at 9"), (0,)),
    (("meet me tomorrow", "two hundred cash"), (0,)),
]


@pytest.mark.parametrize(("messages", "value", "fragments"), PHONES)
def test_a_telephone_number_is_joined_at_its_last_piece_and_names_the_others(
    messages: Series, value: str, fragments: tuple[int, ...]
) -> None:
    assert ("phone", value, fragments) in {
        (one.kind, one.value, one.fragments) for one in completed(messages)
    }


@pytest.mark.parametrize(("messages", "kind", "value", "fragments"), NAMES)
def test_names_accounts_and_addresses_are_joined_across_messages(
    messages: Series, kind: str, value: str, fragments: tuple[int, ...]
) -> None:
    assert (kind, value, fragments) in {
        (one.kind, one.value, one.fragments) for one in completed(messages)
    }


@pytest.mark.parametrize(("messages", "fragments"), DEALS)
def test_a_price_and_a_meeting_make_a_deal_in_either_order(
    messages: Series, fragments: tuple[int, ...]
) -> None:
    assert [(one.kind, one.fragments) for one in completed(messages)] == [("deal", fragments)]


@pytest.mark.parametrize("messages", [series for series, *_ in PHONES])
def test_nothing_is_found_before_the_value_is_complete(messages: Series) -> None:
    for sent in accumulate(((one,) for one in messages[:-1]), lambda a, b: (*a, *b)):
        assert completed(sent) == ()


def test_the_finding_spans_the_message_that_completes_it() -> None:
    (one,) = completed(("mon 06 39", "98 12", "  34 !"))
    assert one.span == (0, 6)


def test_only_the_last_five_messages_are_remembered() -> None:
    talk = ("ok",) * (RECENT_MAX - 1)
    assert values(("06 39 98 12", *talk, "34")) == {("phone", "+33639981234")}
    assert values(("06 39 98 12", "ok", *talk, "34")) == set()


def test_indexes_are_those_of_all_the_messages_given() -> None:
    (one,) = completed(("un", "deux mots", "salut", "ça va ?", "06 39", "98 12", "34"))
    assert one.fragments == (4, 5)


ORDINARY: list[Series] = [
    ("j'ai 25 ans", "il est 18h30", "on est 3"),
    ("06 39 98 12 34", "2 bisous"),
    ("tu as insta ?", "non désolé"),
    ("12 34",),
    ("05", "12", "2003"),
    ("06/12", "07/12", "08/12"),
    ("07 avril", "12 mai", "06 juin 2024"),
    ("né le 06", "en 1998", "à 12 h 34"),
    ("100", "200", "300", "400"),
    ("10 €", "20 €", "30 €", "40 €"),
    ("6-4", "5-7", "7-5"),
    ("0-1", "1-1", "2-1", "3-1", "3-2"),
    ("3", "2", "1", "go"),
    ("1", "2", "3", "4", "5"),
    ("01 02", "03 04", "05"),
    ("dossier 0399", "8001", "22"),
    ("tirage du jour", "6 39 9 8", "21"),
    ("il me manque que deux chiffres", "12 et 45 c'est bon", "sudoku terminé, niveau expert"),
    ("j'ai fait mes comptes", "06 légumes, 39 € de viande", "et 98 € de courses au total"),
    ("train is at 7", "or 7.07", "900 metres to the station, I'll make it"),
    ("order 3 arrived", "and order 4", "still waiting for 5 5 and 6"),
    ("07:00 alarm", "07:10 alarm", "07:20 alarm", "09:00 woke up"),
    ("taille 38", "pointure 39", "1m70", "06 80"),
    ("voie 06", "voiture 39", "place 98", "12 34 minutes"),
    ("1 like", "2 likes", "3 likes"),
    ("chapitre 06", "page 39", "98 pages", "1234 mots"),
    ("36 ans", "moi 40", "et 2 enfants"),
    ("un", "deux", "trois", "soleil"),
    ("one more", "two more", "three and I sleep"),
    ("212 views", "555 likes", "0147 first"),
    ("bus 07", "à 12 h", "quai 34"),
    ("5k", "10k", "21.1", "42.2"),
    ("80 kg", "75 kg", "70 kg"),
    ("72 %", "81 %", "90 %"),
    ("j'adore snap", "moi aussi"),
    ("snap", "oh non.dommage"),
    ("merci.", "oui", "ok.bisous"),
    ("j'ai supprimé insta", "trop de pubs"),
    ("paypal est en panne", "encore", "demain"),
    ("tu regardes quoi ?", "la chaîne 8", "un film de 1998"),
    ("FR 2", "14 points", "2004"),
    ("l'album est à 25 €", "viens le voir sur ma page"),
    ("on se voit ce soir en live ?", "je mets 20 € de pourboire"),
    ("hotel's booked", "3 nights", "290 all in, for me and my sister, we're doing the museums"),
    ("how much did you pay in the end?", "200 for two hours, he did replace the boiler valve"),
    ("tu prends combien ?", "pour l'appel en caméra", "30 le quart d'heure ok, samedi 22h"),
    ("t'es libre jeudi ?", "pour une visio bien sûr", "45 minutes c'est possible ?"),
    ("c'est combien l'album ?", "25", "ok je recharge et je le prends ce soir"),
    ("my room is cold", "I paid 20 dollars for a heater"),
    ("je refuse toute rencontre", "même pour 500 euros", "viens pas insister"),
    ("ma sœur vient dormir chez moi", "elle a payé 60 € le train"),
]


@pytest.mark.parametrize("messages", ORDINARY)
def test_ordinary_numbers_and_words_of_several_messages_are_not_joined(messages: Series) -> None:
    for end in range(1, len(messages) + 1):
        assert values(messages[:end]) == set()


PIECES = st.sampled_from(
    ["06", "39 98", "12", "zéro six", "lea_", "@example", ".org", "mon snap", "200 €", "chez moi",
     "8 rue", "des lilas", "FR14 2004", "👻", "ok", "", "1️⃣", "double seven", "t.me", "/x"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=7), st.text(max_size=40))
def test_no_series_breaks_the_memory_and_fragments_exist(recent: list[str], text: str) -> None:
    for one in joined(fold(text), recent):
        assert one.kind in KINDS
        assert 0 <= one.span[0] < one.span[1] <= len(text)
        assert one.fragments
        assert all(max(0, len(recent) - RECENT_MAX) <= place < len(recent)
                   for place in one.fragments)  # fmt: skip
