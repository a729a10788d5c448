"""Training: the same texts give the same bytes; what must not teach does not."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from safety.rules.classifier import (
    CARD,
    CHECKSUMS,
    LANGUAGES,
    WEIGHTS,
    WINDOW_CHARACTERS,
    Classifier,
    windows,
)
from safety.rules.taxonomy import Action
from safety.rules.verdict import Finding
from safety.training import artefact, figures, functional, recipe, words
from safety.training.calibration import Curve, calibrated, curves, platt, shared
from safety.training.columns import ABUSE, HARM, LANGUAGE
from safety.training.matrix import lessons, matrix, slots
from safety.training.ruled import Ruled, Rules, ruled
from safety.training.texts import Example
from safety.training.thresholds import (
    FLAG,
    GRAVE_LOST,
    NEVER,
    TALK,
    TWINS,
    grave_support,
    kind_of,
    thresholds,
)

SIZES = recipe.Sizes(slots=2**11)
KIND = [
    "hello",
    "friend",
    "thanks",
    "for",
    "the",
    "lovely",
    "picture",
    "see",
    "you",
    "tomorrow",
    "morning",
    "bonne",
    "nuit",
    "merci",
]
CRUEL = [
    "idiot",
    "scum",
    "hate",
    "kill",
    "ugly",
    "filth",
    "sale",
    "ordure",
    "creve",
    "degage",
    "telegram",
    "whatsapp",
    "cash",
]
POLICIES = ("fraud.off_platform_contact", "hate.speech", "violence.threat")


def sentence(chance: random.Random, lists: list[str]) -> str:
    return " ".join(chance.choice(lists) for _ in range(6)) + f" {chance.randrange(10**6)}"


@pytest.fixture
def examples() -> list[Example]:
    """A few hundred texts of nonsense, with every kind of label."""
    chance, found = random.Random(7), []
    for number in range(240):
        lang, cruel = ("fr", "en")[number % 2], number % 3 == 0
        text = sentence(chance, CRUEL if cruel else KIND)
        policy = {POLICIES[number // 3 % 3]: 1.0} if cruel else {}
        source = "hit" if cruel else ("twin", "everyday")[number % 2]
        found.append(Example(text, lang, source, f"g{number}", float(cruel), policy, not cruel))
    for number in range(80):
        text = sentence(chance, CRUEL if number % 2 else KIND)
        found.append(Example(text, "en", "wiki", f"w{number}", float(number % 2)))
    return found


def embed(known: Sequence[str]) -> NDArray[np.float64]:
    """Stands in for the encoder, which takes 2 ms a word: letters counted."""
    raw = np.array(
        [[word.count(chr(97 + at % 26)) * (1 + at) for at in range(120)] for word in known]
    )
    return words.reduced(raw.astype(np.float32))


def files(folder: Path) -> dict[str, bytes]:
    names = [f"model/{name}" for name in (CARD, WEIGHTS, CHECKSUMS)] + ["thresholds.toml"]
    return {name: (folder / name).read_bytes() for name in names}


def test_training_twice_gives_the_same_bytes_whatever_the_threads(
    examples: list[Example], tmp_path: Path
):
    first = recipe.train(examples, tmp_path / "a", embed=embed, sizes=SIZES)
    with threadpool_limits(limits=2):
        again = recipe.train(examples, tmp_path / "b", embed=embed, sizes=SIZES)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert first.checksum == again.checksum == Classifier.load(tmp_path / "b/model").checksum


def test_a_server_that_maps_the_weights_keeps_those_it_mapped(
    examples: list[Example], tmp_path: Path
):
    recipe.train(examples, tmp_path, embed=embed, sizes=SIZES)
    running, text = Classifier.load(tmp_path / "model"), examples[0].text
    before = running.judge(text)
    recipe.train(examples[1:], tmp_path, embed=embed, sizes=SIZES)
    assert running.judge(text) == before
    assert Classifier.load(tmp_path / "model").checksum != running.checksum


def test_another_text_gives_other_bytes(examples: list[Example], tmp_path: Path):
    recipe.train(examples, tmp_path / "a", embed=embed, sizes=SIZES)
    recipe.train(examples[1:], tmp_path / "b", embed=embed, sizes=SIZES)
    assert files(tmp_path / "a")[f"model/{WEIGHTS}"] != files(tmp_path / "b")[f"model/{WEIGHTS}"]


def test_what_is_trained_is_what_the_classifier_says(examples: list[Example], tmp_path: Path):
    trained = recipe.train(examples, tmp_path, embed=embed, sizes=SIZES)
    model = Classifier.load(tmp_path / "model")
    assert model.policies == trained.policies == POLICIES
    hits = [one for one in examples if "violence.threat" in one.policies]
    kind = [one for one in examples if one.own and one.harmless]
    place = POLICIES.index("violence.threat")
    mean = [np.mean([model.judge(o.text).scores[place] for o in part]) for part in (hits, kind)]
    assert mean[0] > mean[1] + 0.1


def test_a_text_set_aside_for_measuring_teaches_nothing(examples: list[Example], tmp_path: Path):
    turned = [replace(one, abuse=1.0 - (one.abuse or 0.0)) if one.test else one for one in examples]
    assert turned != examples
    recipe.train(examples, tmp_path / "a", embed=embed, sizes=SIZES)
    recipe.train(turned, tmp_path / "b", embed=embed, sizes=SIZES)
    one, other = files(tmp_path / "a"), files(tmp_path / "b")
    for name in (f"model/{WEIGHTS}", "thresholds.toml"):
        assert one[name] == other[name]
    cards = [json.loads(each[f"model/{CARD}"]) for each in (one, other)]
    assert cards[0].pop("learnt_from") != cards[1].pop("learnt_from")
    assert cards[0] == cards[1]


# -- Which texts ---------------------------------------------------------------------------------


def test_generated_sentences_are_the_same_each_time_and_stand_on_both_sides():
    made = functional.generated()
    assert made == functional.generated()
    for lang in ("fr", "en"):
        sides = [one.harmless for one in made if one.lang == lang]
        assert min(sides.count(True), sides.count(False)) > 800
    assert not [one for one in made if "{" in one.text]


# -- Figures -------------------------------------------------------------------------------------


def test_bytes_absorb_the_last_bits_of_a_float():
    weights = np.random.default_rng(0).normal(size=(400, 3))
    noisy = weights * (1 + 1e-13)
    clean, scale = artefact.quantised(weights)
    again, same = artefact.quantised(noisy)
    assert (clean == again).all()
    assert scale == same
    assert not (artefact.quantised(weights * 0.5 + 0.1)[0] == clean).all()


def test_a_calibration_finds_the_curve_it_was_drawn_from():
    chance = np.random.default_rng(1)
    table = np.column_stack([chance.normal(size=20_000), np.zeros(20_000), np.ones(20_000)])
    true = np.array([2.0, 0.0, -1.0])
    labels = (chance.random(20_000) < 1 / (1 + np.exp(-table @ true))).astype(float)
    found = platt(table, labels, np.ones(20_000), np.array([1.0, 0.0, 0.0]))
    assert np.abs(found - true).max() < 0.1


def test_a_calibration_is_found_from_where_most_texts_are_far_too_sure_of_themselves():
    chance = np.random.default_rng(1)
    table = np.column_stack([chance.normal(0, 10, size=20_000) for _ in range(3)])
    table[:, 1] += table[:, 0]
    labels = (chance.random(20_000) < 1 / (1 + np.exp(-0.15 * table[:, 0] - 1))).astype(float)
    table = np.column_stack([table, np.ones(20_000)])
    found = platt(table, labels, np.ones(20_000), np.array([0.0, 0.0, 9.0, 0.0]))
    assert np.abs(found - [0.15, 0.0, 0.0, 1.0]).max() < 0.1


def test_the_likeliest_policy_has_the_chance_of_harm_and_the_others_their_part_of_it():
    policies_harm_abuse = np.array([[0.2, 0.4, 0.1, 0.8, 0.3], [0.01, 0.01, 0.005, 0.1, 0.9]])
    expected = [[0.4, 0.8, 0.2, 0.8, 0.3], [0.1, 0.1, 0.05, 0.1, 0.9]]
    assert np.allclose(shared(policies_harm_abuse), expected)


def test_the_classifier_shares_the_chance_of_harm_as_training_does(
    examples: list[Example], tmp_path: Path
):
    recipe.train(examples, tmp_path, embed=embed, sizes=SIZES)
    model = Classifier.load(tmp_path / "model")
    card = json.loads((tmp_path / "model" / CARD).read_text())
    hit = next(one for one in examples if one.lang == "en" and one.policies)
    long = ". ".join([hit.text, examples[0].text] * 5)
    names = (*model.policies, HARM, ABUSE, LANGUAGE)
    for text in (hit.text, long):
        judged, each = model.judge(text), [model.logits(one)[0] for one in windows(text)]
        curve = dict.fromkeys(LANGUAGES, card["calibration"][judged.language])
        logits = np.max(each, axis=0)[None]
        *scores, harm, abuse = calibrated(names, logits, np.array([len(each)]), [hit], curve)[0]
        assert np.allclose(scores, judged.scores)
        assert (max(judged.scores), judged.abuse) == pytest.approx((harm, abuse))
    assert len(each) > 3


def test_what_one_policy_alone_is_sure_of_counts_as_harm(examples: list[Example]):
    """Where the column of all harm sees nothing, as it does where few texts are of that kind."""
    chance = np.random.default_rng(1)
    names = ("violence.threat", HARM, ABUSE, LANGUAGE)
    hits = np.array([bool(one.policies) for one in examples])
    scores = chance.normal(size=(len(examples), len(names)))
    scores[hits, 0] += 4
    found, once = curves(names, scores, examples), np.ones(len(examples), int)
    blind = calibrated(names, scores, once, examples, _without_beside(found))
    harm = calibrated(names, scores, once, examples, found)[:, 1]
    assert figures.area(hits, harm)[0] > 0.95 > 0.6 > figures.area(hits, blind[:, 1])[0]


def _without_beside(found: dict[str, Curve]) -> dict[str, Curve]:
    return {key: (slope, [0.0] * len(slope), offset) for key, (slope, _, offset) in found.items()}


def test_a_long_text_is_learnt_whole_and_judged_by_its_windows(examples: list[Example]):
    texts = [one.text for one in examples]
    long = " ".join(texts)[: 3 * WINDOW_CHARACTERS]
    known = slots(texts, [1] * len(texts), [], np.zeros((0, 4)), 2**11)
    weights = np.random.default_rng(5).normal(size=2**11 + 4)
    whole = matrix([long], known) @ weights + 0.5
    each = matrix(windows(long), known) @ weights + 0.5
    assert len(each) > 2
    taken = lessons([texts[0], long, texts[1]], known)
    assert (taken.rows @ weights)[1] + 0.5 == whole
    alone = matrix(texts[:2], known) @ weights + 0.5
    assert taken.scores(weights, 0.5).tolist() == [alone[0], each.max(), alone[1]]
    assert np.allclose(taken.scores(weights, 0.5, mean=True), [alone[0], each.mean(), alone[1]])
    assert lessons(texts[:2], known).scores(weights, 0.5).tolist() == alone.tolist()


def test_thresholds_catch_what_they_can_within_the_budget(examples: list[Example]):
    chance, examples = np.random.default_rng(2), examples * 24
    hits = np.array([[name in one.policies for name in POLICIES] for one in examples])
    chances = np.where(
        hits, chance.uniform(0.3, 0.97, hits.shape), chance.uniform(0, 0.5, hits.shape)
    )
    chosen = thresholds(POLICIES, chances, examples)
    levels = np.array([chosen[name].flag for name in POLICIES])
    over = (chances >= levels).any(axis=1)
    kinds = np.array([kind_of(one) for one in examples])
    for kind in (TWINS, TALK):
        assert over[kinds == kind].sum() <= FLAG[kind] * (kinds == kind).sum()
    assert over[hits.any(axis=1)].mean() > 0.4
    assert all(one.review <= one.flag <= one.hold for one in chosen.values())


def test_rules_and_model_share_one_budget_of_false_alarms(examples: list[Example]):
    chance = np.random.default_rng(4)
    examples = [replace(one, said="x") for one in examples if one.own] * 24
    hits = np.array([bool(one.policies) for one in examples])
    chances = np.where(
        hits, chance.uniform(0.2, 0.97, hits.size), chance.uniform(0, 0.6, hits.size)
    )
    eager = chance.random(hits.size) < np.where(hits, 0.4, 0.1)
    nothing = np.zeros_like(hits)
    rules = Ruled(np.ones_like(hits), nothing, nothing, eager)
    table = np.repeat(chances[:, None], len(POLICIES), axis=1)
    chosen = thresholds(POLICIES, table, examples, rules)[POLICIES[0]]
    alone = thresholds(POLICIES, table, examples)[POLICIES[0]]
    assert chosen.support > 0 == alone.support
    found = (eager & (chances >= chosen.support)) | (chances >= chosen.flag)
    kinds = np.array([kind_of(one) for one in examples])
    for kind in (TWINS, TALK):
        assert found[kinds == kind].mean() <= FLAG[kind]
    assert found[hits].mean() > (chances[hits] >= alone.flag).mean()


def test_grave_rules_are_contradicted_only_where_that_loses_hardly_a_hit() -> None:
    harm = np.concatenate([[0.1], np.linspace(0.5, 0.95, 399), np.full(100, 0.01)])
    hit = Example("x", "fr", "hit", "g", 0.0, {"csae.grooming": 1.0}, False)
    twin = replace(hit, source="twin", policies={}, harmless=True)
    examples = [hit] * 400 + [twin] * 100
    nothing, everything = np.zeros(500, bool), np.ones(500, bool)
    level = grave_support(harm, examples, Ruled(everything, nothing, everything, nothing))
    lost = (harm[:400] < level).sum()
    assert 0 < lost <= GRAVE_LOST * 400
    assert (harm[400:] < level).all()
    assert grave_support(harm, examples, Ruled(everything, everything, nothing, nothing)) == 0


def test_what_nobody_may_contradict_is_firm_and_severity_4_and_persons_at_risk_are_grave(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
):
    weak, grave, at_risk, disguised, headless = (
        Finding(policy, Action.HOLD, "r", view, (), "", severity)
        for policy, view, severity in [
            (POLICIES[0], "folded", 1),
            ("ncii.sextortion", "folded", 4),
            ("selfharm.risk", "folded", 3),
            (POLICIES[0], "squeezed", 1),
            ("speech.defamation", "folded", 1),
        ]
    )
    number = replace(weak, rule="contact.phone")
    said = {"weak": [weak], "grave": [weak, grave], "at risk": [grave, at_risk]}
    said |= {"disguised": [grave, disguised], "odd": [headless], "number": [number]}
    texts = [replace(examples[0], said=word) for word in (*said, "nothing")]
    shipped = Rules()
    monkeypatch.setattr(shipped, "found", lambda one: said.get(one.said, []))
    known = (*POLICIES, "ncii.sextortion", "selfharm.risk")
    rules = ruled([*texts, examples[1]], known, shipped)
    assert rules.judged.tolist() == [True] * 7 + [False]
    assert rules.firm.tolist() == [*[False] * 3, *[True] * 3, False, False]
    assert rules.grave.tolist() == [False, True, True, *[False] * 5]
    assert rules.weak.tolist() == [True, *[False] * 7]
    assert rules.acting.tolist() == [True] * 6 + [False] * 2
    left = rules.contradicted(np.full(8, 0.3), support=0.4, grave=0.31)
    assert not (left.weak | left.grave).any()
    assert rules.contradicted(np.full(8, 0.3), support=0.3, grave=0.3).of([0, 1]).grave.any()


def test_the_shipped_rules_speak_of_a_text_as_it_was_written():
    found = Rules().found
    one = Example("t'as telegram ?", "fr", "hit", "g", said="T'as Telegram ? on continue là-bas")
    assert {finding.policy for finding in found(one)} == {"fraud.off_platform_contact"}
    assert not found(replace(one, said="Bonne nuit"))


def test_policies_of_one_gravity_share_a_level_and_hate_has_its_own(examples: list[Example]):
    names = ("fraud.off_platform_contact", "fraud.off_platform_payment", "hate.speech",
             "violence.incitement", "violence.threat")  # fmt: skip
    chance = np.random.default_rng(3)
    hits = np.array([[name in one.policies for name in names] for one in examples * 24])
    chances = np.where(hits, chance.uniform(0.3, 0.97, hits.shape), chance.uniform(0, 0.5))
    chosen = thresholds(names, chances, examples * 24)
    assert chosen[names[0]] == chosen[names[1]]
    assert chosen[names[3]] == chosen[names[4]]
    assert chosen[names[0]] != chosen[names[4]] or chosen[names[2]] != chosen[names[4]]


def test_a_policy_no_budget_can_pay_for_stays_silent(examples: list[Example]):
    chances = np.full((len(examples), len(POLICIES)), 0.999)
    chosen = thresholds(POLICIES, chances, examples)
    assert all(one.flag == one.hold == NEVER for one in chosen.values())


def test_an_area_under_a_curve_counts_ties_half():
    labels = np.array([True, True, False, False])
    assert figures.area(labels, np.array([0.9, 0.8, 0.2, 0.1]))[0] == 1.0
    assert figures.area(labels, np.array([0.1, 0.2, 0.8, 0.9]))[0] == 0.0
    assert figures.area(labels, np.array([0.5, 0.5, 0.5, 0.5]))[0] == 0.5


def test_a_share_carries_its_interval():
    assert figures.share(0, 100) == "0.000 (0.000-0.037)"
    assert figures.share(0, 0) == "-"
