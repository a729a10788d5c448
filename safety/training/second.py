"""The second stage: an encoder tuned to our texts, its heads, and what it all is worth.

Learns from the same texts as the first stage but for one of its folds, by which the two are then
weighed together: texts that neither had seen. Slow part: the tuning, more than an hour.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from safety.rules.classifier import LANGUAGES, windows
from safety.second_opinion.encoder import embedded, opened
from safety.second_opinion.encoder_file import EncoderFile
from safety.second_opinion.heads import CARD, FORMAT, PATCH, WEIGHTS, logit
from safety.training import artefact
from safety.training.calibration import platt, probabilities
from safety.training.columns import HARM, target
from safety.training.fit import Floats, fold_of
from safety.training.recipe import Trained
from safety.training.ruled import Flags, Ruled
from safety.training.texts import Example
from safety.training.thresholds import (
    NEVER,
    SECOND_FLAG,
    SECOND_HOLD,
    Threshold,
    contradicted,
    thresholds,
)
from safety.training.tuning import Taught, Tuned, tuned

Tune = Callable[[Taught], Tuned]
Embed = Callable[[Tuned, Sequence[str]], NDArray[np.float32]]

HELD_FOLD, FOLDS = 0, 8  # of our own texts: the encoder does not see that one
UPPER_LAYERS = 6  # of twelve
PUBLIC_EACH = 1_500  # texts of one public set in one language, to learn from
PUBLIC_COUNTS = 3.0  # beside 1 in the first stage, which learns from ten times as many
PUBLIC_JUDGES = 8  # one in so many of the others, if it is harmless, to judge by
HARM_COUNTS = 6.0  # beside 1 of each policy
DECIMALS = 4
PRIOR = np.array([0.1, 0.1, 0.8, 0.5, 0.0])  # own head, surest head, harm, first stage, offset


@dataclass(frozen=True, slots=True)
class SecondTrained:
    """The checksum of the model with its second stage, and what it says of texts it never saw.

    `examples` are those; `chances` those of the second stage (text x policy), `first` those of the
    first stage for the same texts, `asked` where the second one is asked; `before` and `found` say
    which texts rules and the first stage flag or hold together, and which all three do.
    """

    checksum: str
    examples: tuple[Example, ...]
    first: Floats
    chances: Floats
    asked: Flags
    before: Flags
    found: Flags
    thresholds: dict[str, Threshold]


def tune(taught: Taught) -> Tuned:
    """The encoder that the worker runs, taught."""
    return tuned(taught, EncoderFile.shipped(), upper=UPPER_LAYERS)


def embeddings(found: Tuned, texts: Sequence[str]) -> NDArray[np.float32]:
    """By the encoder as the worker runs it."""
    file = EncoderFile.shipped().patched(found.tensors, found.patch)
    return embedded(opened(file), list(texts))


def train(
    trained: Trained, out: Path, *, tune: Tune = tune, embed: Embed = embeddings
) -> SecondTrained:
    """Train on the texts of `trained`; add `second*` to `out/model`, and limits to its thresholds.

    The same texts give the same bytes on the same kind of processor.
    """
    with threadpool_limits(limits=1):
        return _train(trained, out, tune, embed)


def _train(trained: Trained, out: Path, tune: Tune, embed: Embed) -> SecondTrained:
    policies = trained.policies
    lessons, places = split(trained.examples)
    found = tune(taught([trained.examples[at] for at in lessons], policies))
    examples = tuple(trained.examples[at] for at in places)
    first = trained.chances[places][:, : len(policies)]
    scores = scored(found, examples, embed)
    curves = calibration(policies, scores, first, examples)
    chances = weighed(curves, scores, first, examples)
    write(out / "model", policies, found, curves)
    rules = trained.rules and trained.rules.of(places)
    limits, asked, found_so = limited(trained, examples, first, chances, rules)
    artefact.write_thresholds(out / "thresholds.toml", limits)
    checksum = artefact.write_checksums(out / "model")
    named = [trained.thresholds[name] for name in policies]
    before = (first >= [one.flag for one in named]).any(axis=1)
    if rules:
        before |= contradicted(rules, first.max(axis=1), trained.thresholds).acting
    return SecondTrained(checksum, examples, first, chances, asked, before, found_so, limits)


def split(examples: Sequence[Example]) -> tuple[list[int], list[int]]:
    """Which texts the encoder is taught, and by which others it is judged.

    Our own by their fold; of each public set some that are harmless or labelled with a policy to
    learn from, and harmless others to judge by, chosen by a hash: the same ones again.
    """
    lessons: list[int] = []
    held: list[int] = []
    public: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(examples):
        if one.own:
            (held if fold_of(one, FOLDS) == HELD_FOLD else lessons).append(at)
        elif not one.test and (one.harmless or one.policies):
            public[one.source, one.lang].append(at)
    for rows in public.values():
        rows.sort(key=lambda at: _digest(examples[at].text))
        lessons += rows[:PUBLIC_EACH]
        held += [at for at in rows[PUBLIC_EACH::PUBLIC_JUDGES] if examples[at].harmless]
    return sorted(lessons), sorted(held)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def taught(examples: Sequence[Example], policies: Sequence[str]) -> Taught:
    """What the encoder is taught: each policy as the first stage learns it, and harm, louder."""
    columns = [target(name, examples) for name in (*policies, HARM)]
    weights = np.column_stack([weight for _, weight in columns])
    weights[:, -1] *= HARM_COUNTS
    weights[[not one.own for one in examples]] *= PUBLIC_COUNTS
    labels = np.column_stack([label for label, _ in columns])
    return Taught([_plain(one) for one in examples], labels, weights)


def _plain(one: Example) -> str:
    """As the worker reads it."""
    return " ".join(one.text.split())


def scored(found: Tuned, examples: Sequence[Example], embed: Embed) -> Floats:
    """What each head says of each text (text x policies, then harm): the most it says of one of
    its windows, all of which are read here, where the worker reads the worst two."""
    pieces = [windows(_plain(one)) for one in examples]
    begin = np.cumsum([0, *map(len, pieces)])[:-1]
    flat = [piece for each in pieces for piece in each]
    rows = np.asarray(embed(found, flat), dtype=np.float32)
    said = (rows @ found.heads + found.biases).astype(np.float64)
    result: Floats = np.maximum.reduceat(said, begin)
    return result


def calibration(
    policies: Sequence[str], scores: Floats, first: Floats, examples: Sequence[Example]
) -> dict[str, Floats]:
    """For each language and unknown (""): policy x what its head, the surest head, harm, the first
    stage's logit and 1 count for the chance that a text does any harm at all.

    One curve for every policy, fitted on the likeliest one of each text of ours: most
    policies have too few hits for a curve of their own.
    """
    lang = np.array([one.lang for one in examples])
    weights = np.array([float(one.own) for one in examples])
    labels = np.array([float(bool(one.policies)) for one in examples])
    likeliest = first.argmax(axis=1)[:, None]
    own, chance = (np.take_along_axis(each, likeliest, axis=1)[:, 0] for each in (scores, first))
    table = _table(own, scores, chance)
    pooled = platt(table, labels, weights, PRIOR)
    curves = {"": pooled}
    for key in LANGUAGES:
        curves[key] = platt(table, labels, weights * (lang == key), pooled)
    return {
        key: np.tile(np.round(one, DECIMALS), (len(policies), 1)) for key, one in curves.items()
    }


def weighed(
    curves: dict[str, Floats], scores: Floats, first: Floats, examples: Sequence[Example]
) -> Floats:
    """The chances of the second stage, text by policy, as the worker computes them."""
    result = np.zeros_like(first)
    for at in range(first.shape[1]):
        table = _table(scores[:, at], scores, first[:, at])
        rows = np.array([curves[one.lang][at] for one in examples])
        result[:, at] = probabilities((table * rows).sum(axis=1))
    return result


def _table(own: Floats, scores: Floats, first: Floats) -> Floats:
    surest, harm = scores[:, :-1].max(axis=1), scores[:, -1]
    return np.column_stack([own, surest, harm, logit(first), np.ones(len(own))])


def limited(
    trained: Trained,
    examples: Sequence[Example],
    first: Floats,
    chances: Floats,
    rules: Ruled | None,
) -> tuple[dict[str, Threshold], Flags, Flags]:
    """The thresholds with those of the second stage, within budgets of false alarms of its own;
    where (text x policy) it is asked, as `Heads.uncertain` says; and which texts are found then."""
    named = [trained.thresholds[name] for name in trained.policies]
    review = np.array([one.review if one.review < NEVER else np.inf for one in named])
    asked = first >= review
    if rules:
        rules = contradicted(rules, first.max(axis=1), trained.thresholds)
        asked = (asked | (rules.grave | rules.weak)[:, None]) & ~rules.firm[:, None]
    after = np.where(asked, chances, 0.0)
    found = thresholds(
        trained.policies,
        after,
        examples,
        rules,
        flag_budget=SECOND_FLAG,
        hold_budget=SECOND_HOLD,
    )
    limits = {
        name: replace(
            one,
            second_flag=found[name].flag,
            second_hold=found[name].hold,
            second_support=found[name].support,
        )
        for name, one in trained.thresholds.items()
    }
    caught = (after >= [found[name].flag for name in trained.policies]).any(axis=1)
    if rules:
        caught |= contradicted(rules, after.max(axis=1), found).acting
    return limits, asked, caught


def write(folder: Path, policies: Sequence[str], found: Tuned, curves: dict[str, Floats]) -> None:
    """Write the files of the second stage; the checksums are for the caller to renew."""
    card = {
        "format": FORMAT,
        "policies": list(policies),
        "encoder": found.encoder,
        "tensors": list(found.tensors),
        "calibration": {key: curve.tolist() for key, curve in curves.items()},
    }
    (folder / CARD).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", "utf-8")
    weights = np.vstack([found.heads, found.biases]).astype("<f4")
    (folder / WEIGHTS).write_bytes(weights.tobytes())
    (folder / PATCH).write_bytes(found.patch)
