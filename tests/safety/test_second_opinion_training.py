"""The heads of the second stage: the same texts give the same bytes; near is known from far."""

import random
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from safety.rules.classifier import CHECKSUMS, ModelError
from safety.second_opinion.heads import CARD, DIMENSIONS, WEIGHTS, SecondHeads
from safety.training import second
from safety.training.recipe import Trained
from safety.training.ruled import Ruled
from safety.training.texts import Example
from safety.training.thresholds import Threshold

POLICIES = ("fraud.scam", "violence.threat")


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Stands in for the encoder: a place for each first word, and a little of the whole text."""
    rows = np.array([_noise(text.split()[0]) + 0.4 * _noise(text) for text in texts])
    found: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")
    return found


def _noise(text: str) -> NDArray[np.float64]:
    seed = int.from_bytes(sha256(text.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)


@pytest.fixture
def trained() -> Trained:
    """A first stage that is unsure of everything, on nonsense of three kinds."""
    chance, examples = random.Random(5), []
    for number in range(240):
        kind = ("hello", "money", "knife")[number % 3]
        policies = {POLICIES[number % 3 - 1]: 1.0} if number % 3 else {}
        source = "hit" if policies else "twin"
        text = f"{kind} {chance.randrange(10**9)}"
        group = f"g{number}"
        lang = ("fr", "en")[number % 2]
        examples.append(Example(text, lang, source, group, 0.0, policies, not policies))
    chances = np.full((len(examples), len(POLICIES) + 2), 0.5)
    limits = dict.fromkeys(POLICIES, Threshold(0.3, 0.9, 0.95))
    return Trained("", POLICIES, tuple(examples), chances, limits)


def test_the_same_texts_give_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name / "model").mkdir(parents=True)
        second.train(trained, tmp_path / name, embed=embed)
        names = [f"model/{file}" for file in (CARD, WEIGHTS, CHECKSUMS)] + ["thresholds.toml"]
        written.append([(tmp_path / name / file).read_bytes() for file in names])
    assert written[0] == written[1]


def test_what_is_near_a_hit_is_likely_and_what_is_far_is_not(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    second.train(trained, tmp_path, embed=embed)
    heads = SecondHeads.load(tmp_path / "model")
    first = dict.fromkeys(POLICIES, 0.5)
    likely, unlikely = (
        heads.chances(embed([text]), "fr", first) for text in ("knife new", "hello new")
    )
    assert likely["violence.threat"] > 0.8 > 0.2 > max(unlikely.values())
    assert likely["violence.threat"] > likely["fraud.scam"]
    long = heads.chances(embed(["hello new", "knife new"]), "fr", first)
    assert long["violence.threat"] > 0.8  # the worst piece of a text counts
    assert heads.chances(embed(["knife new"]), "", first).keys() == first.keys()
    assert heads.chances(embed(["knife new"]), "fr", {"unknown": 0.4}) == {"unknown": 0.4}


def test_what_it_says_of_its_own_texts_comes_from_fits_that_had_not_seen_them(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    found = second.train(trained, tmp_path, embed=embed)
    hits = np.array([bool(one.policies) for one in found.examples])
    assert found.asked.all()
    assert found.chances.max(axis=1)[hits].min() > found.chances.max(axis=1)[~hits].max()


def test_a_second_opinion_has_only_the_false_alarms_that_rules_leave_it(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    twins = np.array([one.harmless for one in trained.examples])
    everything, nothing = np.ones_like(twins), np.zeros_like(twins)
    alone, beside_eager, beside_weak = (
        second.train(replace(trained, rules=rules), tmp_path, embed=embed).thresholds[POLICIES[0]]
        for rules in (
            Ruled(everything, nothing, nothing),
            Ruled(everything, twins, nothing),
            Ruled(everything, nothing, twins),
        )
    )
    assert alone.second_flag < 1.0
    assert beside_eager.second_flag == 1.0
    assert beside_weak.second_flag == 1.0  # no support was asked for: a weak rule acts


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_files_that_are_missing_or_altered_are_refused(
    trained: Trained, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    second.train(trained, tmp_path, embed=embed)
    SecondHeads.load(folder)
    data = (folder / name).read_bytes()
    for wrong in (data[:-1], data[:40] + b"x" + data[41:]):
        (folder / name).write_bytes(wrong)
        with pytest.raises(ModelError):
            SecondHeads.load(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError):
        SecondHeads.load(folder)
