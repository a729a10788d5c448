"""The recipe: from the texts to the files of a model and its figures, always the same bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from threadpoolctl import threadpool_limits

from safety.training import artefact, words
from safety.training.calibration import calibrated, curves
from safety.training.columns import ABUSE, HARM, LANGUAGE, OWN_WEIGHT, policies_of
from safety.training.fit import Floats, columns
from safety.training.matrix import lessons, slots
from safety.training.ruled import Ruled, Rules, ruled
from safety.training.texts import Example
from safety.training.thresholds import Threshold, thresholds

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many slots the table has: a power of two."""

    slots: int = 2**18


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave: the checksum of the files, and cross-fitted chances to measure."""

    checksum: str
    policies: tuple[str, ...]
    examples: tuple[Example, ...]
    chances: Floats  # text x (policies, harm, abuse)
    thresholds: dict[str, Threshold]
    rules: Ruled | None = None


def train(
    examples: Sequence[Example],
    out: Path,
    *,
    embed: Embed = words.vectors,
    sizes: Sizes = Sizes(),
    rules: Rules | None = None,
) -> Trained:
    """Train on the examples, in their order, and write `out/model` and `out/thresholds.toml`.

    With `rules`, they and the model share one budget of false alarms. The same
    examples and rules give the same bytes on the same kind of processor: words' vectors differ.
    """
    with threadpool_limits(limits=1):
        return _train(list(examples), out, embed, sizes, rules)


def _train(
    examples: list[Example], out: Path, embed: Embed, sizes: Sizes, rules: Rules | None
) -> Trained:
    policies = policies_of(examples)
    names = (*policies, HARM, ABUSE, LANGUAGE)
    taught = [one for one in examples if not one.test]
    texts = [one.text for one in taught]
    counts = [OWN_WEIGHT if one.own else 1 for one in taught]
    vocabulary = words.vocabulary(texts)
    known = slots(texts, counts, vocabulary, embed(vocabulary), sizes.slots)
    taken = lessons([one.text for one in examples], known)
    weights, bias, scores = columns(names, taken, examples)
    table, scale = artefact.quantised(known.weights(weights))
    curve = curves(names, scores, examples)
    card = artefact.card(
        policies, bias, curve, slots=sizes.slots, scale=scale, learnt_from=fingerprint(examples)
    )
    checksum = artefact.write(out / "model", card, known, table)
    chances = calibrated(names, scores, taken.pieces, examples, curve)
    said = ruled(examples, policies, rules) if rules else None
    chosen = thresholds(policies, chances, examples, said)
    artefact.write_thresholds(out / "thresholds.toml", chosen)
    return Trained(checksum, policies, tuple(examples), chances, chosen, said)


def fingerprint(examples: Sequence[Example]) -> str:
    """What tells two sets of training texts apart: another one makes another model."""
    digest = sha256()
    for one in examples:
        said = (one.text, one.lang, one.source, one.group, one.abuse, sorted(one.policies.items()))
        digest.update(repr(said).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
