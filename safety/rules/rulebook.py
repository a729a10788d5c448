"""The rule book as data: packs, words, thresholds, lawful bases, articles and which model.

Hides the file format, and how one hash names all of it. A book is a set of named files, in a
folder or in a database: `packs/<policy-group>.<lang>.toml`, `packs/vocabulary.toml` with the word
lists that every pack may use, `thresholds.toml`, `basis.toml`, `articles.toml` and the checksums
of the model it was measured with. The weights themselves belong to the release.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from safety.rules import basis
from safety.rules.basis import BasisTable
from safety.rules.patterns import Words
from safety.rules.taxonomy import DATA, Action, UnknownPolicy, policies, policy

SHIPPED = Path(__file__).parent  # the book of the release, and the folder a copy starts from
PACKS = SHIPPED / "packs"
VOCABULARY, THRESHOLDS, BASIS = "packs/vocabulary.toml", "thresholds.toml", "basis.toml"
ARTICLES, MODEL_CHECKSUMS = "articles.toml", "model/SHA256SUMS"
SEAL = "seal.json"  # who vouches for a book (`safety.seal`); no part of it
EXAMPLES_MIN = 3
WITHIN_WORDS = 8  # unless a rule says otherwise
NONE_WITHIN_WORDS = 8
PATTERNS_MAX = 60  # in one rule
FILE_MAX_BYTES = 2_000_000
ACTIVE, SHADOW = "active", "shadow"  # stages of a rule: in effect, or recorded only
FOLDED, SQUEEZED = "folded", "squeezed"
_VIEWS = {"folded": (FOLDED,), "squeezed": (FOLDED, SQUEEZED)}  # squeezed: disguised as well
_KEYS = {
    "id", "policy", "action", "view", "reason_fr", "reason_en", "all", "any", "none", "within",
    "none_within", "matches", "twins", "stage", "firm",
}  # fmt: skip
_PACK_NAME = re.compile(r"packs/[a-z_]+\.(?:fr|en|any)\.toml")
_SINGLE_FILES = (THRESHOLDS, BASIS, ARTICLES, MODEL_CHECKSUMS)

Example = tuple[str, ...]  # messages of one sender in order; the last one is judged
Files = Mapping[str, bytes]  # a book as it lies in its folder, by name


class PackError(ValueError):
    """A book that does not load: one sentence that names the file, and the rule if there is one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A bounded boolean over patterns: every `all`, one of `any`, no `none`, close together.

    An atom is a pattern (see `patterns`) or an extractor such as `@phone`. The chosen atoms lie
    within `within` words; an atom of `none` cancels when it lies within `none_within` words.
    A `firm` rule acts whatever the model thinks of the text.
    """

    id: str
    pack: str
    policy: str
    severity: int
    action: Action
    views: tuple[str, ...]
    lang: str
    reason_fr: str
    reason_en: str
    all: tuple[str, ...]
    any: tuple[str, ...]
    none: tuple[str, ...]
    within: int
    none_within: int
    matches: tuple[Example, ...]
    twins: tuple[Example, ...]
    words: Words
    stage: str = ACTIVE
    firm: bool = False

    @property
    def group(self) -> str:
        """The group of its pack: `contact` of `contact.fr`."""
        return self.pack.partition(".")[0]

    def reason(self, language: str | None) -> str:
        """Why the rule exists, in English for `en` and in French otherwise."""
        return self.reason_en if language == "en" else self.reason_fr


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a policy's calibrated score asks for a second look, a flag, a hold. Each in 0..1.

    `second_flag` and `second_hold` are those for the score of a second opinion. Where the model
    gives harm of any kind a chance below `support`, or a second opinion one below
    `second_support`, a rule of this policy has no effect alone.
    """

    review: float
    flag: float
    hold: float
    second_flag: float = 1.0
    second_hold: float = 1.0
    support: float = 0.0
    second_support: float = 0.0


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything that decides what a machine says, and the version and hash that name it."""

    version: str  # for people: the highest declared version, and how the hash begins
    sha256: str
    rules: tuple[Rule, ...]
    thresholds: Mapping[str, Threshold]
    basis: BasisTable
    articles: Mapping[str, Mapping[str, str]]
    model: str  # checksum of the model; empty: the book has rules only
    files: Files = field(repr=False)


def _raise(wrong: PackError) -> None:
    raise wrong


def load(folder: Path = PACKS) -> RuleBook:
    """The packs of `folder` with all else as the release has it, or `PackError`.

    Examples are checked by the matcher's owner.
    """
    rest = {name: data for name, data in read(SHIPPED).items() if not name.startswith("packs/")}
    return parse({**rest, **_packs_in(folder)})


def read(folder: Path = SHIPPED) -> dict[str, bytes]:
    """The files of a book; what its folder lacks of articles and model is that of the release."""
    files = _packs_in(folder / "packs")
    for name in _SINGLE_FILES:
        places = (folder / name, SHIPPED / name, DATA / name)
        found = next((place for place in places if place.is_file()), None)
        if found is not None and (name in (ARTICLES, MODEL_CHECKSUMS) or found == places[0]):
            files[name] = _bytes(found)
    return files


def sealed_hash(folder: Path = SHIPPED) -> str:
    """The content hash that the seal of a folder names, without asking whether the seal holds."""
    try:
        return str(json.loads((folder / SEAL).read_bytes())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def content_hash(files: Files) -> str:
    """SHA-256 over the name and the SHA-256 of every file, in the order of their names."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def parse(files: Files, complain: Callable[[PackError], None] = _raise) -> RuleBook:
    """The book in these files. What does not load goes to `complain`, which raises by default;
    when it returns, the reading goes on without that part."""
    packs = {name: _parsed(name, files[name], complain) for name in sorted(files) if _is_toml(name)}
    shared = _words(packs.pop(VOCABULARY, {}))
    thresholds = _thresholds(packs.pop(THRESHOLDS, {}), complain)
    articles = _articles(packs.pop(ARTICLES, {}), complain)
    table = packs.pop(BASIS, {})
    groups = {name.removeprefix("packs/").partition(".")[0] for name in packs}
    sha256 = content_hash(files)
    declared = max((int(pack.get("version", 0)) for pack in packs.values()), default=0)
    rules = [rule for name, pack in packs.items() for rule in _rules(name, pack, shared, complain)]
    return RuleBook(
        version=f"{declared}-{sha256[:12]}",
        sha256=sha256,
        rules=_without_duplicates(rules, complain),
        thresholds=thresholds,
        basis=_basis(table, groups, complain),
        articles=articles,
        model=_model(files),
        files=MappingProxyType(dict(files)),
    )


def _packs_in(folder: Path) -> dict[str, bytes]:
    return {f"packs/{file.name}": _bytes(file) for file in sorted(folder.glob("*.toml"))}


def _bytes(file: Path) -> bytes:
    if file.stat().st_size > FILE_MAX_BYTES:
        raise PackError(f"{file.name} has more than {FILE_MAX_BYTES} bytes")
    return file.read_bytes()


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _parsed(name: str, data: bytes, complain: Callable[[PackError], None]) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as refused:
        complain(PackError(f"{name.removeprefix('packs/')}: {refused}"))
        return {"version": 0}


def _model(files: Files) -> str:
    """As `Classifier.checksum`: of the list of checksums, hence of every byte of the model."""
    listed = files.get(MODEL_CHECKSUMS)
    return hashlib.sha256(listed).hexdigest() if listed else ""


def _words(pack: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in pack.get("words", {}).items()}


def _thresholds(
    table: Mapping[str, Any], complain: Callable[[PackError], None]
) -> Mapping[str, Threshold]:
    found = {}
    for name, row in _by_policy(table, "review"):
        try:
            one = _threshold(row)
            if name not in policies():
                raise ValueError("the taxonomy has no such policy")
            if not 0 < one.review <= one.flag <= one.hold <= 1:
                raise ValueError("they rise from review over flag to hold, within 0 and 1")
            if not 0 < one.second_flag <= one.second_hold <= 1:
                raise ValueError("they rise from second_flag to second_hold, within 0 and 1")
            if not 0 <= one.support <= one.flag:
                raise ValueError("support lies between 0 and flag")
            if not 0 <= one.second_support <= one.second_flag:
                raise ValueError("second_support lies between 0 and second_flag")
            found[name] = one
        except (KeyError, TypeError, ValueError) as wrong:
            complain(PackError(f"{THRESHOLDS}, {name}: {wrong}"))
    return MappingProxyType(found)


def _threshold(row: Mapping[str, Any]) -> Threshold:
    """A book without limits for a second opinion takes those of the first."""
    flag, hold = float(row["flag"]), float(row["hold"])
    second = float(row.get("second_flag", flag)), float(row.get("second_hold", hold))
    support = float(row.get("support", 0)), float(row.get("second_support", 0))
    return Threshold(float(row["review"]), flag, hold, *second, *support)


def _articles(
    table: Mapping[str, Any], complain: Callable[[PackError], None]
) -> Mapping[str, Mapping[str, str]]:
    found = dict(_by_policy(table, "title_fr"))
    wanted = {"title_fr", "title_en", "article_fr", "article_en"}
    for name in policies():
        if set(found.get(name, ())) != wanted or not all(found[name].values()):
            complain(PackError(f"{ARTICLES}, {name}: an article has {', '.join(sorted(wanted))}"))
    return MappingProxyType(found)


def _by_policy(table: Mapping[str, Any], mark: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tables that hold the key `mark`, each under its dotted name."""
    for name, row in table.items():
        if isinstance(row, Mapping) and mark in row:
            yield name, row
        elif isinstance(row, Mapping):
            yield from ((f"{name}.{inner}", found) for inner, found in _by_policy(row, mark))


def _basis(
    table: Mapping[str, Any], groups: set[str], complain: Callable[[PackError], None]
) -> BasisTable:
    try:
        return basis.parse(table, groups)
    except basis.BasisError as wrong:
        complain(PackError(str(wrong)))
        return BasisTable(())


def _rules(
    file: str, pack: dict[str, Any], shared: Words, complain: Callable[[PackError], None]
) -> Iterator[Rule]:
    name = file.removeprefix("packs/").removesuffix(".toml")
    if not _PACK_NAME.fullmatch(file) or "version" not in pack:
        complain(PackError(f"{name}: a pack is <policy-group>.<fr|en|any>.toml and has a version"))
        return
    words, lang = {**shared, **_words(pack)}, name.rpartition(".")[2]
    for row in pack.get("rule", []):
        try:
            yield _rule(row, name, lang, words)
        except PackError as wrong:
            complain(wrong)


def _rule(row: dict[str, Any], pack: str, lang: str, words: Words) -> Rule:
    try:
        return _checked(row, pack, lang, words)
    except (KeyError, TypeError, ValueError, UnknownPolicy) as wrong:
        raise PackError(f"{pack}, rule {row.get('id', '?')}: {wrong!r}") from None


def _checked(row: dict[str, Any], pack: str, lang: str, words: Words) -> Rule:
    if unknown := set(row) - _KEYS:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    governing = policy(row["policy"])
    action = min(Action(row["action"]), governing.in_flight, key=lambda one: one.rank)
    rule = Rule(
        id=row["id"],
        pack=pack,
        policy=governing.id,
        severity=governing.severity or 0,
        action=action,
        views=_VIEWS[row.get("view", SQUEEZED)],
        lang=lang,
        reason_fr=row["reason_fr"],
        reason_en=row["reason_en"],
        all=tuple(row.get("all", ())),
        any=tuple(row.get("any", ())),
        none=tuple(row.get("none", ())),
        within=int(row.get("within", WITHIN_WORDS)),
        none_within=int(row.get("none_within", NONE_WITHIN_WORDS)),
        matches=_examples(row["matches"]),
        twins=_examples(row["twins"]),
        words=words,
        stage=row.get("stage", ACTIVE),
        firm=row.get("firm", False),
    )
    if not isinstance(rule.firm, bool):
        raise ValueError("`firm` is true or false")
    if rule.stage not in (ACTIVE, SHADOW):
        raise ValueError(f"a rule is {ACTIVE} or {SHADOW}")
    if not 0 < len(rule.all) + len(rule.any) + len(rule.none) <= PATTERNS_MAX or not (
        rule.all or rule.any
    ):
        raise ValueError(f"a rule has 1 to {PATTERNS_MAX} patterns, some in `all` or `any`")
    if action is Action.PASS:
        raise ValueError("a rule flags or holds")
    return rule


def _examples(rows: list[str | list[str]]) -> tuple[Example, ...]:
    if len(rows) < EXAMPLES_MIN:
        raise ValueError(f"a rule shows at least {EXAMPLES_MIN} matches and {EXAMPLES_MIN} twins")
    return tuple((row,) if isinstance(row, str) else tuple(row) for row in rows)


def _without_duplicates(
    rules: list[Rule], complain: Callable[[PackError], None]
) -> tuple[Rule, ...]:
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            complain(PackError(f"{rule.pack}, rule {rule.id}: another rule has this id"))
        seen.setdefault(rule.id, rule)
    return tuple(seen.values())
