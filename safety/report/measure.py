"""Every system over every text, once: the rows that all tables count."""

import random
import runpy
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import msgspec

from safety.report import systems, texts
from safety.report.systems import Filter, Found, Judge
from safety.report.texts import HARMLESS_FAMILIES, Text
from safety.screening import Action, Engine

ENGINE, RULES, MODEL = "rules and model", "rules alone", "model alone"
SECOND = "with a second opinion"
PROFANITY, REGEXES = "profanity list", "plain regexes"

CHAT, CHAT_CHARACTERS = "everyday", (50, 100, 200)  # what a text is put beside, and how much of it
HARMLESS_STEP = 3  # of the harmless texts, one in so many is disguised

Say = Callable[[str], None]
Evasion = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, and what each system says of it."""

    text: Text
    by: Mapping[str, Found]

    @property
    def is_twin(self) -> bool:
        """Whether it is a hard negative: harmless, with the words of a policy."""
        return not self.text.is_hit and self.text.family not in HARMLESS_FAMILIES

    def right(self, system: str) -> bool:
        """Whether the system caught it for a policy of its own group."""
        return self.text.group in self.by[system].groups


@dataclass(frozen=True, slots=True)
class Disguised:
    """A text in a disguise of one evasion family; `clear` and `hidden`: whether it was caught."""

    family: str
    text: Text
    clear: bool
    hidden: bool


Rows = Sequence[Judged]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the texts of development lie: they are no part of the product."""

    own: Path = Path("tests/safety/data")
    evasions: Path = Path("tests/safety/evasions.py")
    corpus: Path = Path("safety/training/corpus")


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was judged. `corpus` is empty where there is none; `beside` has the texts
    kept apart once more, by how many characters of harmless chat stand beside them."""

    apart: Rows
    beside: Mapping[int, Rows]
    development: Rows
    corpus: Rows
    disguised: Sequence[Disguised]

    @property
    def systems(self) -> list[str]:
        """What was measured side by side, the engine first."""
        return list(self.apart[0].by)


def run(sources: Sources, engine: Engine, *, with_second: bool, say: Say) -> Measured:
    """Judge everything. Raises `FileNotFoundError` without texts, `ImportError` without a package,
    `Silent` when a second opinion is asked for and does not answer."""
    with systems.second_opinion(engine) if with_second else nullcontext() as second:
        return _run(sources, engine, second, say)


def _run(sources: Sources, engine: Engine, second: Judge | None, say: Say) -> Measured:
    every = texts.read(sources.own)
    filters = {
        PROFANITY: systems.profanity_list(),
        REGEXES: systems.plain_regexes(engine.book),
    }
    say(f"{len(every)} in-domain texts")
    apart = judged([one for one in every if one.kept_apart], engine, second, filters)
    beside = {size: judged(beside_chat(apart, size), engine, second) for size in CHAT_CHARACTERS}
    development = judged([one for one in every if not one.kept_apart], engine)
    corpus = judged(texts.read_corpus(sources.corpus), engine)
    say(f"{len(corpus)} texts of the training corpus")
    disguised = list(in_disguise(apart, engine, evasions(sources.evasions)))
    say(f"{len(disguised)} texts in disguise")
    return Measured(apart, beside, development, corpus, disguised)


def judged(
    every: Sequence[Text],
    engine: Engine,
    second: Judge | None = None,
    filters: Mapping[str, Filter] | None = None,
) -> list[Judged]:
    """What the engine and its parts, the filters and perhaps a second opinion say of each text."""
    return [_judged(text, engine, second, filters or {}) for text in every]


def _judged(
    text: Text, engine: Engine, second: Judge | None, filters: Mapping[str, Filter]
) -> Judged:
    verdict = systems.verdict_on(engine, text)
    by = {
        ENGINE: systems.whole(verdict),
        RULES: systems.by_rules(verdict),
        MODEL: systems.by_model(verdict),
    }
    if second:
        by[SECOND] = systems.whole(second(verdict, text))
    for name, says in filters.items():  # a filter knows one answer: keep it back
        by[name] = Found(Action.HOLD if says(text.text) else Action.PASS)
    return Judged(text, by)


def beside_chat(rows: Rows, characters: int) -> list[Text]:
    """These texts with so many characters or more of everyday talk before or after them, in their
    language: sentences of the same rows that the engine lets pass. None where there are none."""
    chat: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.text.family == CHAT and not row.by[ENGINE].caught:
            chat[row.text.lang].append(row.text.text)
    texts = (row.text for row in rows)
    return [_beside(one, chat[one.lang], characters) for one in texts if chat[one.lang]]


def _beside(text: Text, chat: Sequence[str], characters: int) -> Text:
    chance, said = random.Random(text.id), ""  # noqa: S311  no secret
    while len(said) < characters:
        said = f"{said}\n{chance.choice(chat)}".lstrip()
    parts = [said, text.text] if chance.random() < 1 / 2 else [text.text, said]
    return msgspec.structs.replace(text, text="\n".join(parts))


def evasions(file: Path) -> Mapping[str, Evasion]:
    """The evasion families of the generator, a file of Python that is no part of the product."""
    families: Mapping[str, Evasion] = runpy.run_path(str(file))["FAMILIES"]
    return families


def in_disguise(
    rows: Sequence[Judged], engine: Engine, families: Mapping[str, Evasion]
) -> Iterator[Disguised]:
    """Hits caught in clear, and one harmless text in three, in every disguise that changes them."""
    caught = [row for row in rows if row.text.is_hit and row.by[ENGINE].caught]
    harmless = [row for row in rows if not row.text.is_hit][::HARMLESS_STEP]
    for row, (family, rewrite) in product((*caught, *harmless), families.items()):
        hidden = rewrite(row.text.text, random.Random(row.text.id))  # noqa: S311  no secret
        if hidden != row.text.text:
            again = msgspec.structs.replace(row.text, text=hidden)
            action = systems.verdict_on(engine, again).action
            yield Disguised(family, row.text, row.by[ENGINE].caught, action is not Action.PASS)
