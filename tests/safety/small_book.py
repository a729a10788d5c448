"""A rule book of a few plain rules, for tests that must not care what the shipped one says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from safety import screening
from safety.rules import rulebook
from safety.rules.classifier import Judgement
from safety.rules.rulebook import ARTICLES, BASIS, MODEL_CHECKSUMS, SHIPPED, THRESHOLDS, RuleBook
from safety.screening import Engine

EVERYWHERE = 'detector = "*"\ncountry = "*"\nchannel = "*"\nbasis = "terms"\nnote = "test"\n'
LISTED = b"the checksums of a model"
LIMITS = (
    "review", "flag", "hold", "second_flag", "second_hold", "support", "second_support",
)  # fmt: skip
EXAMPLES = '["one", "two", "three"]'


def rule(
    rule_id: str,
    word: str,
    *,
    policy: str = "prost.solicit",
    action: str = "hold",
    stage: str = "active",
) -> str:
    """A rule that matches one word."""
    return (
        f'[[rule]]\nid = "{rule_id}"\npolicy = "{policy}"\naction = "{action}"\n'
        f'stage = "{stage}"\nreason_fr = "essai"\nreason_en = "test"\nall = ["{word}"]\n'
        f"matches = {EXAMPLES}\ntwins = {EXAMPLES}\n"
    )


def book(
    *rules: str,
    version: int = 1,
    group: str = "prost",
    thresholds: Mapping[str, tuple[float, ...]] | None = None,
    basis: str = "",
    model: bytes = b"",
) -> RuleBook:
    """The book of these rules. `thresholds` by policy: as many of `LIMITS`, in their order, as
    are wanted."""
    limits = "".join(
        f'["{name}"]\n'
        + "".join(f"{key} = {one}\n" for key, one in zip(LIMITS, each, strict=False))
        for name, each in (thresholds or {}).items()
    )
    files = {
        f"packs/{group}.any.toml": f"version = {version}\n{''.join(rules)}".encode(),
        THRESHOLDS: limits.encode(),
        BASIS: f"[[basis]]\n{EVERYWHERE}{basis}".encode(),
        ARTICLES: rulebook.read(SHIPPED)[ARTICLES],
    }
    if model:
        files[MODEL_CHECKSUMS] = model
    return rulebook.parse(files)


@dataclass
class WordModel:
    """A model that scores a text by the words it knows; the highest one counts."""

    scores_of: Mapping[str, tuple[float, ...]]
    policies: tuple[str, ...]
    language: str = "fr"
    checksum: str = field(default=hashlib.sha256(LISTED).hexdigest())

    def judge(self, *readings: str) -> Judgement:
        silent = (0.0,) * len(self.policies)
        words = [word for reading in readings for word in reading.split()]
        found = [self.scores_of[word] for word in words if word in self.scores_of]
        return Judgement(self.language, max(found, default=silent), 0.0)


def put_in_force(patch: pytest.MonkeyPatch, engine: Engine, shadow: Engine | None = None) -> Engine:
    """Until the test ends this engine judges, and `shadow` is tried beside it."""
    patch.setattr(screening, "_engine", engine)
    patch.setattr(screening, "_spare", None)
    patch.setattr(screening, "_demoted", frozenset())
    patch.setattr(screening, "_candidate", shadow)
    return engine
