"""Small rule books for tests, in folders of their own, and a model whose scores a test chooses."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safety import screening
from safety.rules import rulebook
from safety.rules.classifier import Judgement
from safety.rules.rulebook import RuleBook
from safety.screening import Engine

FRUIT, GRAVE = "fruit.offer", "fruit.grave"
BASIS = """
[[basis]]
detector = "*"
country = "*"
channel = "*"
basis = "terms"
note = "For tests."
"""
THRESHOLDS = """
[fraud.scam]
review = 0.2
flag = 0.5
hold = 0.8
[abuse.spam]
review = 0.2
flag = 0.5
hold = 0.8
[csae.grooming]
review = 0.2
flag = 0.5
hold = 0.8
"""
RULE = """
[[rule]]
id = "{id}"
policy = "{policy}"
action = "{action}"
reason_fr = "Un fruit est offert."
reason_en = "Fruit is offered."
all = ["{pattern}"]
matches = ["une {pattern}", "la {pattern} mûre", "{pattern}"]
twins = ["une table", "la chaise", "bonjour"]
{more}
"""


def rule(
    id: str = FRUIT,
    *,
    policy: str = "fraud.scam",
    action: str = "hold",
    pattern: str = "pomme",
    more: str = "",
) -> str:
    """One rule as it stands in a pack: it finds its pattern, whatever is around."""
    return RULE.format(id=id, policy=policy, action=action, pattern=pattern, more=more)


def grave(pattern: str = "cerise") -> str:
    """A rule of severity 4."""
    return rule(GRAVE, policy="csae.grooming", pattern=pattern)


def write_book(
    folder: Path,
    *rules: str,
    basis: str = BASIS,
    thresholds: str = THRESHOLDS,
    model: str = "",
    version: int = 1,
) -> Path:
    """A whole book in `folder`. `model` is the text whose hash is the model's checksum."""
    (folder / "packs").mkdir(parents=True, exist_ok=True)
    pack = f"version = {version}\n" + "".join(rules or (rule(),))
    (folder / "packs" / "fruit.fr.toml").write_text(pack, "utf-8")
    (folder / "basis.toml").write_text(basis, "utf-8")
    (folder / "thresholds.toml").write_text(thresholds, "utf-8")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "SHA256SUMS").write_text(model, "utf-8")
    return folder


def book_of(folder: Path, *rules: str, **parts: Any) -> RuleBook:
    """The same, read."""
    return rulebook.parse(rulebook.read(write_book(folder, *rules, **parts)))


class ChosenModel:
    """A model that says of every text what the test wants."""

    TEXT = "a model"

    def __init__(
        self, scores: Mapping[str, float], *, language: str = "fr", abuse: float = 0.0
    ) -> None:
        self.checksum = hashlib.sha256(self.TEXT.encode()).hexdigest()
        self.policies = tuple(scores)
        self._said = Judgement(language, tuple(scores.values()), abuse)

    def judge(self, *_: str) -> Judgement:
        return self._said


@contextmanager
def own_process() -> Iterator[None]:
    """Whatever engines are installed inside the block are gone after it."""
    names = ("_engine", "_spare", "_candidate", "_demoted", "_failed")
    before = {name: getattr(screening, name) for name in names}
    screening._failed = ()
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(screening, name, value)


def engine_of(folder: Path, *rules: str, **parts: Any) -> Engine:
    """The engine of a small book, without a model."""
    return Engine(book_of(folder, *rules, **parts))
