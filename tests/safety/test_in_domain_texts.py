"""The in-domain texts keep what their datasheet promises, in every language that is present."""

import re
from collections import Counter

import pytest
from stdnum import iban

from safety.report.repeats import near_duplicates
from safety.rules.taxonomy import policies
from tests.safety.in_domain import (
    FOLDER,
    LANGUAGES,
    Text,
    development,
    every_text,
    files,
    held_out,
)

AXES = {"other_sense", "speech_about", "figure_play", "lawful_business", "style_only"}
PRESENT = tuple(lang for lang in LANGUAGES if files(lang))
HARMLESS_FAMILIES = {"adult", "everyday"}  # twins only
FAMILIES = HARMLESS_FAMILIES | {
    "coercion", "ghost", "harassment", "meetings", "minors", "offplatform", "payment",
    "proselytism", "scams", "selfharm", "sextortion", "threats",
}  # fmt: skip
LARGE_FAMILIES = {"meetings", "minors", "offplatform", "sextortion"}
GAP = r"[\s.\-_/()]*"
FICTION = {
    re.compile(rf"(?<!\d){start}((?:{GAP}\d){{{length}}})(?!{GAP}\d)"): re.compile(reserved)
    for start, length, reserved in (
        (rf"(?:(?:\+|00){GAP}33{GAP}0?|0)", 9, r"(?:19900|63998)\d{4}"),
        (rf"(?:(?:\+|00){GAP}44{GAP}0?|0)", 10, r"7700900\d{3}|2079460\d{3}"),
    )
} | {
    re.compile(r"(?<!\d)([2-9]\d\d\)?[ .-]?[2-9]\d\d[ .-]?\d{4})(?!\d)"): re.compile(
        r"\d{3}55501\d{2}"
    ),
    re.compile(r"(?<![\d-])([2-9]\d\d-\d{4})(?![\d-])"): re.compile(r"55501\d{2}"),
}
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b", re.IGNORECASE)
PUBLISHED_IBANS = {
    "BE68539007547034", "CH9300762011623852957", "DE89370400440532013000",
    "FR1420041010050500013M02606", "GB29NWBK60161331926819", "GB82WEST12345698765432",
    "GB33BUKB20201555555555", "IE29AIBK93115212345678", "NL91ABNA0417164300",
}  # fmt: skip
DOMAIN = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|fr|be|ch|ca|io|me|uk|eu)\b")
EXAMPLE = re.compile(r"(?:[\w-]+\.)*example\.(?:com|org|net)")
SERVICES = {"t.me", "wa.me", "paypal.me", "cash.app"}


def texts_of(lang: str) -> list[Text]:
    return [text for text in every_text() if text.lang == lang]


def conversation(text: Text) -> str:
    """All that the sender wrote, in a row: numbers may be split over messages."""
    return " ".join((*text.recent, text.text))


def lines(text: Text) -> list[str]:
    """What may be read as a telephone number: each message, then all of them in a row."""
    whole = conversation(text)
    accounts = IBAN.findall(whole)
    parts = (*text.recent, text.text, whole)
    return [part for part in parts if not any(part in account for account in accounts)]


def true_accounts(line: str) -> set[str]:
    """The account numbers of this line that pass their check and that no page publishes."""
    found = [re.sub(r"\s", "", match).upper() for match in IBAN.findall(line)]
    heads = {number[:length] for number in found for length in range(15, len(number) + 1)}
    return {head for head in heads if iban.is_valid(head)} - PUBLISHED_IBANS


def callable_numbers(line: str) -> list[str]:
    """The telephone numbers of this line that a stranger could own."""
    line = IBAN.sub("", line)
    return [
        match[0]
        for shape, reserved in FICTION.items()
        for match in shape.finditer(line)
        if not reserved.fullmatch(re.sub(r"\D", "", match[1]))
    ]


def a_text(wording: str, text: str, *, family: str = "scams") -> Text:
    return Text(
        family=family,
        lang="fr",
        id=f"{wording}-{text}",
        wording=wording,
        label="hit",
        policy="fraud.scam",
        axis="",
        text=text,
    )


def test_at_least_one_language_is_present() -> None:
    assert PRESENT


def test_every_id_is_unique_names_its_family_and_language_and_is_sorted() -> None:
    ids = [text.id for text in every_text()]
    assert len(ids) == len(set(ids))
    for text in every_text():
        assert re.fullmatch(rf"{text.family}-{text.lang}-\d{{3,4}}", text.id), text.id
    for lang in PRESENT:
        for family in FAMILIES:
            own = [text.id for text in texts_of(lang) if text.family == family]
            assert own == sorted(own)


def test_every_text_names_a_known_policy_and_a_twin_says_why_it_is_harmless() -> None:
    known = policies()
    for text in every_text():
        assert {"text", "account"} & set(known[text.policy].applies_to), text.id
        assert (text.axis in AXES) is (text.label == "twin"), text.id
        assert text.axis in AXES | {""}, text.id


def test_every_text_reads_like_one_message() -> None:
    for text in every_text():
        assert re.fullmatch(r"w\d{2,4}", text.wording), text.id
        for line in (*text.recent, text.text):
            assert line.strip() == line, text.id
            assert 1 <= len(line) <= 400, text.id


@pytest.mark.parametrize("lang", PRESENT)
def test_no_text_appears_twice_in_a_language(lang: str) -> None:
    said = Counter((text.recent, text.text) for text in texts_of(lang))
    assert [words for words, times in said.items() if times > 1] == []


@pytest.mark.parametrize("lang", PRESENT)
def test_the_counts_are_those_promised(lang: str) -> None:
    count = Counter((text.family, text.label) for text in texts_of(lang))
    assert {family for family, _ in count} == FAMILIES
    assert sum(n for (_, label), n in count.items() if label == "hit") >= 500
    assert sum(n for (_, label), n in count.items() if label == "twin") >= 1000
    for family in HARMLESS_FAMILIES:
        assert count[family, "hit"] == 0, family
        assert count[family, "twin"] >= 250, family
    for family in FAMILIES - HARMLESS_FAMILIES:
        more = family in LARGE_FAMILIES
        assert count[family, "hit"] >= (45 if more else 25), family
        assert count[family, "twin"] >= (80 if more else 50), family


def test_the_datasheet_states_the_counts() -> None:
    count = Counter((text.family, text.lang, text.label) for text in every_text())
    total = Counter((text.lang, text.label) for text in every_text())
    rows = [
        f"| {family} | {count[family, 'fr', 'hit']} / {count[family, 'fr', 'twin']} "
        f"| {count[family, 'en', 'hit']} / {count[family, 'en', 'twin']} |"
        for family in sorted(FAMILIES)
    ]
    rows.append(
        f"| **all** | **{total['fr', 'hit']} / {total['fr', 'twin']}** "
        f"| **{total['en', 'hit']} / {total['en', 'twin']}** |"
    )
    stated = (FOLDER / "README.md").read_text("utf-8")
    assert "\n".join(rows) in stated, "\n".join(rows)


@pytest.mark.parametrize("lang", PRESENT)
def test_twins_of_a_language_cover_every_axis_in_every_family(lang: str) -> None:
    twins = {(text.family, text.axis) for text in texts_of(lang) if text.label == "twin"}
    assert {(family, axis) for family in FAMILIES for axis in AXES} - twins == set()


@pytest.mark.parametrize("lang", PRESENT)
def test_fewer_than_one_text_in_twenty_nearly_repeats_another(lang: str) -> None:
    texts = texts_of(lang)
    near = near_duplicates(texts)
    assert len(near) < 0.05 * len(texts), sorted(near)


def test_a_near_repeat_counts_unless_it_varies_the_same_wording() -> None:
    said, again = "donne moi le code reçu hier soir", "donne moi le code reçu hier soir stp"
    assert len(near_duplicates([a_text("w01", said), a_text("w02", again)])) == 2
    assert near_duplicates([a_text("w01", said), a_text("w01", again)]) == set()
    assert near_duplicates([a_text("w01", said), a_text("w02", "bonne nuit à toi aussi")]) == set()


def test_every_number_lies_in_a_range_reserved_for_fiction() -> None:
    for text in every_text():
        for line in lines(text):
            assert callable_numbers(line) == [], text.id


@pytest.mark.parametrize(
    "line",
    ["06 12 34 56 78", "+33 7 12 34 56 78", "07911 123456", "+44 20 7123 4567", "(212) 736-5000"],
)
def test_a_number_somebody_could_own_is_seen(line: str) -> None:
    assert callable_numbers(f"appelle le {line} ce soir") != []


@pytest.mark.parametrize(
    "line",
    ["06.39.98.12.34", "+33 6 39 98 12 34", "07700 900123", "020 7946 0123", "(514) 555-0143"],
)
def test_a_number_of_fiction_is_let_be(line: str) -> None:
    assert callable_numbers(f"appelle le {line} ce soir") == []


def test_every_account_number_is_false_or_a_published_example() -> None:
    for text in every_text():
        assert true_accounts(conversation(text)) == set(), text.id


def test_a_true_account_number_is_seen_and_a_false_or_published_one_is_let_be() -> None:
    assert true_accounts("vire sur BE71 0961 2345 6769 merci") == {"BE71096123456769"}
    assert true_accounts("vire sur BE72 0961 2345 6769 merci") == set()
    assert true_accounts("vire sur BE68 5390 0754 7034 vite") == set()


def test_every_domain_is_an_example_or_names_a_service() -> None:
    for text in every_text():
        for match in DOMAIN.finditer(conversation(text).lower()):
            assert EXAMPLE.fullmatch(match[0]) or match[0] in SERVICES, (text.id, match[0])


@pytest.mark.parametrize("lang", PRESENT)
def test_a_third_is_kept_apart_and_no_wording_stands_on_both_sides(lang: str) -> None:
    learnt = {(t.family, t.wording) for t in development() if t.lang == lang}
    apart = {(t.family, t.wording) for t in held_out() if t.lang == lang}
    assert learnt & apart == set()
    assert 0.28 <= len(apart) / (len(apart) + len(learnt)) <= 0.39


def test_the_two_parts_make_the_whole() -> None:
    parts = sorted(text.id for text in (*development(), *held_out()))
    assert parts == sorted(text.id for text in every_text())


def test_the_split_is_the_one_the_datasheet_states() -> None:
    assert a_text("w001", "x", family="minors").kept_apart is False
    assert a_text("w003", "x", family="minors").kept_apart is True
