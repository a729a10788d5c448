"""Two views of a text, each with a way back to the original."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.rules import disguise, normalise
from safety.rules.normalise import VIEWS_MAX, fold, squeeze
from tests.fuzz.harness import check

TEXTS = st.text(st.characters(), max_size=120)  # any code point, lone surrogates included
DISGUISED = st.text(
    st.sampled_from("aeiotsnpc. -_*013457@$€!|()\\'éÀ🇸🇳ɐʇǝ\u202e\u202c\u200b\n💋"), max_size=80
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ＴÉLÉGRAM", "telegram"),
        ("t\u200be\u00adl", "tel"),
        ("\u0442е\u0455t", "test"),  # Cyrillic look-alikes; the last letters are Latin
        ("𝐬𝐧𝐚𝐩", "snap"),
        ("e\u0301te\u0301", "ete"),
        ("œuf à l’hôtel", "oeuf a l'hotel"),
        ("6️⃣ 39 ٩", "6 39 9"),
        ("⓪⑥ ❸➈ 🔟", "06 39 10"),
        ("🅂🄽🄰🄿 🆂🅽🅰🅿 ⓢⓝⓐⓟ ⒮⒩⒜⒫", "snap snap snap snap"),
        ("ᴛᴇʟ ᵗᵉˡ ₜₑₗ", "tel tel tel"),
        ("s̵̡n̸̢a̷p", "snap"),
        ("\u202emargelet rus\u202c viens", "sur telegram viens"),
        ("viens sur \u202epans\u202c", "viens sur snap"),
        ("\u202eab\u202dcd\u202cef\u202c", "fecdba"),  # a run inside a turned run
        ("\u202eab\ncd", "ba cd"),  # a paragraph ends the override
        ("ʇɐɥɔdɐus ɹns uo", "on sur snapchat"),
    ],
)
def test_folding_reads_through_the_decoration(written: str, read: str) -> None:
    assert fold(written).text == read


def test_the_digits_of_every_script_fold_to_ours() -> None:
    digits = [one for one in map(chr, range(sys.maxunicode + 1)) if one.isdecimal()]
    assert len(digits) > 600
    assert fold("".join(digits)).text == "".join(str(int(one)) for one in digits)


@given(st.text(st.sampled_from("abé1٣9 .,'-\n€😘日_"), max_size=60))
def test_tokens_are_words_of_plain_letters_and_numbers(text: str) -> None:
    view = fold(text)
    assert view.tokens == re.findall(r"[a-z]+|\d+", view.text)


@given(DISGUISED | TEXTS)
def test_a_long_word_is_read_at_once_as_it_is_sign_by_sign(core: str) -> None:
    text, places = disguise._read_at_once(core)
    assert (text, list(places)) == disguise._read_signs(disguise._drawn(core), {})


ORDINARY = "il fait beau, on se voit demain a 20 h ? luc est la - oui non 5 4 j'y vais " * 12


@pytest.mark.parametrize("before", [200, 1_500])
@pytest.mark.parametrize(
    "end",
    [
        "t e l e g r a m tel*gr@m", "t3l3gr4m 50 v1en5 m0i 20 oui", "luc tse", "in sta",
        "5 4 s n a p", "s -- 4 -- p a", "a a y 5", "a a @", "4 - s - n", "a - y - s n p",
        "j'y - s n a p", "an a luc", "n'n a a", "$.$ $$",
    ],
)  # fmt: skip
def test_what_other_texts_said_changes_no_reading(before: int, end: str) -> None:
    text = ORDINARY[:before] + end
    normalise._SEEN.forget()
    first = [view.text for view in squeeze(fold(text))]
    for word in {*text.split(), "tse", "sta", "in", "--", "-", "50", "20"}:
        squeeze(fold(f"bonjour {word} merci"))
        squeeze(fold(f"{word} {word}"))
    squeeze(fold(ORDINARY[:900]))
    assert [view.text for view in squeeze(fold(text))] == first


WORDS = st.sampled_from(
    ["luc", "tse", "in", "sta", "5", "4", "-", "--", "s", "n", "a", "p", "j'y", "50", "m0i", "tel",
     "egram", "v1en5", "t3l", "(5)", "oui", "non,", "c", "mb1", "!", "@", "a", "y", "€", "x.y",
     "rus", "", "5-6", "an", "n'n", "$$"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=14), st.lists(WORDS, max_size=14))
def test_what_one_other_text_said_changes_no_reading(words: list[str], other: list[str]) -> None:
    text = " ".join(words)
    normalise._SEEN.forget()
    first = [view.text for view in squeeze(fold(text))]
    for one in (other, *([word] for word in words)):
        squeeze(fold(" ".join(one)))
    assert [view.text for view in squeeze(fold(text))] == first


def test_folding_keeps_words_prices_and_emoji() -> None:
    assert fold("Ça va ? 200 € 😘").text == "ca va ? 200 € 😘"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("n u m.é r 0 stp", "numero stp"),
        ("s.n.a.p moi", "snap moi"),
        ("wh4tsapp", "whatsap"),
        (
            "v1en5-ch3z-m0i-c3-s0ir-♞-on-s3ra-s3uls-t0us-les-d3ux",
            "vienschezmoicesoironseraseulstouslesdeux",
        ),
        (
            "v1en5-ch3z-|\\/|0i-c3-s0ir-on-s3ra-s3uls-t0us-les-2",
            "vienschezmoicesoironseraseulstouslesz",
        ),
        ("insta-gram", "instagram"),
        ("heeeeey", "hey"),
        ("🇸🇳🇦🇵 moi", "snap moi"),
        ("🇸 🇳 🇦 🇵", "snap"),
        ("o n   s e   v o i t", "on se voit"),
        ("o n s e v o i t", "on se voit"),
        ("s*n*a*p t/e/l/e/g/r/a/m s💋n💋a💋p", "snap telegram snap"),
        ("t3l3gr4m wh@t$app 1nst4", "telegram whatsap insta"),
        ("/\\/on num3ro", "non numero"),
        ("t*l*gr*m", "telegram"),
        ("ton c.l", "ton cul"),
        ("telgeram et snatpchat", "telegram et snatpchat"),
        ("margelet", "telegram"),
        ("rus margelet uo atsni", "insta ou telegram sur"),
        ("teleg ram", "telegram"),
        ("viens, tel\negram", "viens, telegram"),
        ("jve te vwar 2m1", "je vais te voir demain"),
        ("c mb1 koi mwa", "combien quoi moi"),
        ("bi1, a12c4", "bien, a un de ces quatre"),
        ("meuf et tainsta", "feme et insta"),
        ("ronumé", "numero"),
    ],
)
def test_squeezing_undoes_the_disguise(written: str, read: str) -> None:
    assert read in [view.text for view in squeeze(fold(written))]


def test_a_stroke_reads_as_an_i_and_as_an_l() -> None:
    assert {view.text for view in squeeze(fold("pu1ot"))} == {"puiot", "pulot"}


def test_a_known_word_is_the_only_reading_of_its_disguise() -> None:
    assert [view.text for view in squeeze(fold("te1egram"))] == ["telegram"]


@pytest.mark.parametrize("plain", ["Bonjour ça va ? J'ai 28 ans, 18h30, 200€", "adresse", "il y a"])
def test_an_undisguised_text_has_no_squeezed_reading(plain: str) -> None:
    assert squeeze(fold(plain)) == ()


@pytest.mark.parametrize(
    "styled",
    [
        "✨💖 t r o p  b e l l e 💖✨",
        "B-R-A-V-O pour le live",
        "m.a.g.n.i.f.i.q.u.e",
        "🇫🇷 🇧🇪",
        "trooooop",
    ],
)
def test_style_reads_as_the_plain_words_and_as_nothing_else(styled: str) -> None:
    plain = {"trop", "belle", "bele", "bravo", "pour", "le", "live", "magnifique", "fr", "be"}
    for view in squeeze(fold(styled)):
        assert set(view.text.replace("✨", " ").replace("💖", " ").split()) <= plain


def test_an_ambiguous_text_has_few_readings() -> None:
    assert 1 < len(squeeze(fold("p**e c**e t**t s**l 1l 9l"))) <= VIEWS_MAX


def test_a_span_in_a_turned_text_covers_what_was_typed() -> None:
    text = "viens \u202epans rus\u202c"
    view = fold(text)
    start = view.text.index("snap")
    first, last = view.original((start, start + 4))
    assert text[first:last] == "pans"
    assert view.here((first, last)) == (start, start + 4)


@given(TEXTS | DISGUISED)
def test_every_promise_of_reading_holds(text: str) -> None:
    check(text)


@given(TEXTS.filter(bool), st.data())
def test_a_span_of_the_original_is_found_again_in_the_view(text: str, data: st.DataObject) -> None:
    view = fold(text)
    if view.text:
        place = data.draw(st.integers(0, len(view.text) - 1))
        start, end = view.here(view.original((place, place + 1)))
        assert start <= place < max(end, start + 1) or view.starts[start] == view.starts[place]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ça va ?\nTu viens", "ca va ?\ntu viens"),
        ("ok \n\n\U0001d4f8k", "ok \n\nok"),
        ("𝓸𝓴\nok", "ok\nok"),
        ("ok", "ok"),
        ("\u202eko\u202c\nok", "ok ok"),
    ],
)
def test_a_view_tells_where_lines_ended(written: str, read: str) -> None:
    assert fold(written).lined(written) == read


@given(st.text("aé. \n\u202e\U0001d4f8", max_size=60))
def test_line_ends_stand_where_a_view_has_spaces(written: str) -> None:
    view = fold(written)
    lined = view.lined(written)
    assert lined.replace("\n", " ") == view.text.replace("\n", " ")
    assert lined.count("\n") <= written.count("\n")
