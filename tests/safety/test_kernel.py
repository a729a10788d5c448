"""The compiled text model: it says what numpy says, to the bit, and nothing depends on it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import corpus
from safety.rules import classifier, kernel, rulebook
from safety.rules.classifier import LESSON_CHARACTERS, Classifier
from safety.rules.kernel import KernelError
from safety.rules.normalise import fold, squeeze
from tests.safety.in_domain import development

STRICT = ("cc", "-Wall", "-Wextra", "-Wconversion", "-Werror")
BY_NUMPY = Classifier.load(kernel_in=None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kernel.build(tmp_path_factory.mktemp("kernel"), STRICT).parent


@pytest.fixture(scope="module")
def by_kernel(built: Path) -> Classifier:
    model = Classifier.load(kernel_in=built)
    assert model.compiled
    assert not BY_NUMPY.compiled
    return model


def agree(by_kernel: Classifier, *readings: str) -> None:
    for reading in readings:
        window = reading[:LESSON_CHARACTERS]
        (ours, share), (theirs, known) = by_kernel.logits(window), BY_NUMPY.logits(window)
        assert (ours.tobytes(), share) == (theirs.tobytes(), known)
    assert by_kernel.judge(*readings) == BY_NUMPY.judge(*readings)


def test_it_agrees_with_numpy_on_all_that_people_wrote_and_what_is_hostile(by_kernel: Classifier):
    texts = [one.text for one in development()]
    texts += corpus.hostile(rulebook.load().rules).values()
    for text in texts:
        folded = fold(text)
        agree(by_kernel, folded.text, *(view.text for view in squeeze(folded)[:1]))


@given(st.text(st.characters(), max_size=1_200))
def test_it_agrees_with_numpy_on_any_text(by_kernel: Classifier, text: str):
    agree(by_kernel, text)


@given(st.text("ab .é\u024f\u0250\U0001f642\ud800", max_size=LESSON_CHARACTERS))
def test_it_agrees_on_where_words_end(by_kernel: Classifier, text: str):
    agree(by_kernel, text)


def test_what_does_not_belong_together_is_refused_and_not_read(built: Path):
    compiled = kernel.load(built)
    assert compiled
    wordly, tags = np.ones(4, bool), np.zeros(4, np.uint16)
    weights, two = np.zeros((4, 2), np.int8), np.zeros(2)
    compiled.logits(["a"], wordly, tags, weights, two, two, np.empty(2))
    for wrong in (
        (["a", "a" * (LESSON_CHARACTERS + 1)], wordly, tags, weights, two, two, np.empty(2)),
        (["a"], wordly[:0], tags, weights, two, two, np.empty(2)),
        (["a"], wordly, tags[:3], weights[:3], two, two, np.empty(2)),
        (["a"], wordly, tags, weights[:3], two, two, np.empty(2)),
        (["a"], wordly, tags, weights, two, two[:1], np.empty(2)),
        (["a"], wordly, tags, weights, two, two, np.empty(1)),
        (["a"], wordly, tags, weights, two[:0], two[:0], np.empty(0)),
        ([], wordly, tags, weights, two, two, np.empty(2)),
    ):
        with pytest.raises(ValueError, match=r"window|slots|belong together"):
            compiled.logits(*wrong)
    four, three = np.zeros(4), np.zeros(3)
    compiled.chances(four, three, three, three)
    for mixed in ((three, two, two, two), (four, three, three, two), (four, four, three, three)):
        with pytest.raises(ValueError, match="belong together"):
            compiled.chances(*mixed)
    frozen = np.empty(2)
    frozen.flags.writeable = False
    with pytest.raises(TypeError, match="read-write"):
        compiled.logits(["a"], wordly, tags, weights, two, two, frozen)


def test_a_kernel_of_another_source_is_left_alone(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copy(built / kernel.BUILT, tmp_path)
    assert kernel.load(tmp_path)
    changed = shutil.copytree(kernel.SOURCES, tmp_path / "native")
    with (changed / "kernel.h").open("a") as header:
        header.write("\n")
    monkeypatch.setattr(kernel, "SOURCES", changed)
    assert kernel.load(tmp_path) is None
    assert Classifier.load(kernel_in=tmp_path).judge("bonjour") == BY_NUMPY.judge("bonjour")
    again = tmp_path / "again"  # a library once loaded stays, whatever lies at its path
    again.mkdir()
    assert kernel.load(kernel.build(again).parent)


@pytest.mark.parametrize("content", [b"", b"no library", None])
def test_what_is_no_library_or_not_there_leaves_it_to_numpy(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / kernel.BUILT).write_bytes(content)
    model = Classifier.load(kernel_in=tmp_path)
    assert not model.compiled
    assert model.judge("bonjour") == BY_NUMPY.judge("bonjour")


def test_without_a_compiler_it_says_so_and_leaves_nothing(tmp_path: Path):
    for compiler, said in (("no-such-compiler", "no-such-compiler"), ("false", "failed")):
        with pytest.raises(KernelError, match=said):
            kernel.build(tmp_path, [compiler])
    assert not list(tmp_path.iterdir())


def test_both_hide_the_same_numbers():
    source = (kernel.SOURCES / "model.c").read_text()
    assert f"#define LESSON_CHARACTERS {LESSON_CHARACTERS}\n" in source
    assert f"#define NEAR_WORDS {classifier.NEAR_WORDS}\n" in source
    assert f"#define GRAM_MIN {classifier.GRAMS[0]}\n" in source
    assert f"#define GRAM_MAX {classifier.GRAMS[-1]}\n" in source
