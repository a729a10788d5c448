"""All rules over one text: the words of the text say which rules may match, those are tried.

Hides how rules are set aside. Each pattern names keys, words it cannot match without (see
`needs`); a rule is tried when each of its groups has a pattern whose key the text holds. On
ordinary texts that leaves a handful of expressions to run, whatever the size of the book.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from safety.rules.extractors import KINDS, Extract
from safety.rules.located import (
    Atom,
    Call,
    Calls,
    Keys,
    Located,
    Nearness,
    Place,
    Text,
    called,
    words_of,
)
from safety.rules.normalise import Span, View, fold
from safety.rules.patterns import Pattern, PatternError, choices, expand, one_byte, release_compiled
from safety.rules.rulebook import FOLDED, SHADOW, SQUEEZED, PackError, Rule

HITS_MAX = 12  # of one text
Group = frozenset[Atom]  # one of them must be there


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything the rules look at: the views of one text and what the extractors found in it."""

    folded: View
    squeezed: tuple[View, ...]
    extracts: tuple[Extract, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, and the spans of the original text that made it match.

    `fragments` are the indexes of the earlier messages that a joined value came from.
    """

    rule: Rule
    view: str
    spans: tuple[Span, ...]
    fragments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    groups: tuple[int, ...]
    needed: frozenset[int]  # the same groups
    none: Group

    def weight(self) -> tuple[bool, int, int, str]:
        """What orders the rules of a text that meets many: in effect, holding, grave ones first."""
        rule = self.rule
        return rule.stage == SHADOW, -rule.action.rank, -rule.severity, rule.id


def _group(atom: str, rule: Rule, *, squeezed: bool) -> Group:
    """What `atom` is a choice of, in one view. Raises `PackError` naming the rule."""
    try:
        if not atom.startswith("@"):
            return choices(expand(atom, rule.words), squeezed=squeezed)
        if atom[1:] in KINDS:
            return frozenset((atom[1:],))
        raise PatternError(f"no extractor is called {atom}")
    except PatternError as wrong:
        raise PackError(f"{rule.pack}, rule {rule.id}, {atom!r}: {wrong}") from None


class _ViewRules:
    """The rules that read one view, found by the keys of its words."""

    def __init__(self, name: str, rules: Iterable[Rule]) -> None:
        self._name = name
        self._groups: list[Group] = []
        self._numbers: dict[Group, int] = {}
        self._barred: set[Group] = set()
        self._by_anchor: dict[int, list[_Compiled]] = defaultdict(list)
        for rule in rules:
            if name in rule.views:
                self._add(rule)
        self._index()

    def _add(self, rule: Rule) -> None:
        squeezed = self._name == SQUEEZED

        def union(atoms: Iterable[str]) -> Group:
            each = (_group(atom, rule, squeezed=squeezed) for atom in atoms)
            return frozenset().union(*each)

        wanted = [union([atom]) for atom in rule.all] + ([union(rule.any)] if rule.any else [])
        groups = tuple(self._number(group) for group in wanted)
        compiled = _Compiled(rule, groups, frozenset(groups), union(rule.none))
        self._barred.add(compiled.none)
        anchor = min(groups, key=lambda group: len(self._groups[group]))
        self._by_anchor[anchor].append(compiled)

    def _number(self, group: Group) -> int:
        if group not in self._numbers:
            self._numbers[group] = len(self._groups)
            self._groups.append(group)
        return self._numbers[group]

    def _index(self) -> None:
        """Which atoms each key or kind of extract calls for, and in which groups they are."""
        atoms = frozenset[Atom]().union(*self._groups, *self._barred)
        self._in_groups: dict[Atom, set[int]] = {atom: set() for atom in (*atoms, *KINDS)}
        for number, group in enumerate(self._groups):
            for atom in group:
                self._in_groups[atom].add(number)
        patterns = [atom for atom in atoms if isinstance(atom, Pattern)]
        self._keys = Keys(key for one in patterns for key in one.keys.union(*one.also))
        self._calls: dict[bytes, Calls] = defaultdict(lambda: Calls(set(), []))
        usual = self._usual()
        for pattern in patterns:
            rarest, *others = sorted(
                (pattern.keys, *pattern.also), key=lambda keys: sum(map(usual.__getitem__, keys))
            )
            words = frozenset(key for keys in others if len(keys) == 1 for key in keys)
            call = Call(pattern, words, tuple(keys for keys in others if len(keys) > 1))
            for key in rarest:
                if others:
                    self._calls[key].bound.append(call)
                else:
                    self._calls[key].free.add(pattern)

    def _usual(self) -> Counter[bytes]:
        """How often each key stands in the examples of the rules, the nearest thing to chat."""
        examples = {
            one[-1]
            for compiled in chain.from_iterable(self._by_anchor.values())
            for one in (*compiled.rule.matches, *compiled.rule.twins)
        }
        texts = (one_byte(fold(example).text) for example in examples)
        return Counter(key for text in texts for key in self._keys.of(text, words_of(text)))

    def match(
        self, view: View, extracts: Sequence[Extract], done: Container[str] = ()
    ) -> Iterator[Hit]:
        """The rules of this view that its text and these extracts satisfy, but those `done`."""
        text = Text(view, self._keys)
        present = called(text.keys, self._calls)
        atoms: Iterator[Atom] = chain(present, (extract.kind for extract in extracts))
        may = set().union(*map(self._in_groups.__getitem__, atoms))
        chosen = [
            compiled
            for group in may.intersection(self._by_anchor)
            for compiled in self._by_anchor[group]
            if compiled.needed <= may and compiled.rule.id not in done
        ]
        if len(chosen) > HITS_MAX:
            chosen.sort(key=_Compiled.weight)
        if chosen:
            located = Located(text, present, extracts)
            yield from filter(None, (self._hit(compiled, located) for compiled in chosen))

    def _hit(self, compiled: _Compiled, located: Located) -> Hit | None:
        rule = compiled.rule
        groups: list[list[Place]] = []
        present = [located.present(self._groups[group]) for group in compiled.groups]
        for atoms in sorted(present, key=len):  # an empty one spares the others
            if not (places := located.places(atoms)):
                return None
            groups.append(places)
        barred: Nearness | None = None
        for window in _windows(groups):
            first, last = min(one.first for one in window), max(one.last for one in window)
            if last - first > rule.within and len(groups) > 1:
                continue
            barred = barred or Nearness(located.places(located.present(compiled.none)))
            if not barred.touches(first - rule.none_within, last + rule.none_within):
                spans = sorted({located.view.original(one.span) for one in window})
                fragments = sorted({one for place in window for one in place.fragments})
                return Hit(rule, self._name, tuple(spans), tuple(fragments))
        return None


def _windows(groups: list[list[Place]]) -> Iterator[list[Place]]:
    """One place of each group, over and over: the closest choice for each end.

    Any choice of one place of each group has one of these inside it, so none other need be seen.
    """
    marks = [
        (place.span[1], place.span[0], index, place)
        for index, group in enumerate(groups)
        for place in group
    ]
    marks.sort(key=itemgetter(0, 1, 2))
    nearest: dict[int, Place] = {}
    for _, start, index, place in marks:
        if index not in nearest or start >= nearest[index].span[0]:
            nearest[index] = place
        if len(nearest) == len(groups):
            yield list(nearest.values())


class Matcher:
    """Every rule of a book, ready to read texts. Safe to share between threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._folded = _ViewRules(FOLDED, rules)
        self._squeezed = _ViewRules(SQUEEZED, rules)

    def match(self, reading: Reading) -> list[Hit]:
        """The hits of a reading: each rule at most once, the folded view first.

        `HITS_MAX` of them say all there is to say, the gravest that hold among them: what a text
        may cost has a bound, and one that meets the whole book is stopped by its first words.
        """
        hits: dict[str, Hit] = {}
        found = chain(
            self._folded.match(reading.folded, reading.extracts),
            chain.from_iterable(
                self._squeezed.match(view, reading.extracts, hits) for view in reading.squeezed
            ),
        )
        for hit in found:
            hits[hit.rule.id] = hit
            if len(hits) == HITS_MAX:
                break
        return list(hits.values())


def check_examples(rules: Iterable[Rule], hits: Callable[[Sequence[str]], set[str]]) -> None:
    """Refuse a book whose rule misses one of its matches or finds one of its twins.

    `hits` tells which rules match the last of a few messages sent in order.
    """
    try:
        _check_examples(rules, hits)
    finally:
        release_compiled()


def _check_examples(rules: Iterable[Rule], hits: Callable[[Sequence[str]], set[str]]) -> None:
    for rule in rules:
        for example in rule.matches:
            if rule.id not in hits(example):
                raise PackError(f"{rule.pack}, rule {rule.id}: misses its match {example[-1]!r}")
        for example in rule.twins:
            if rule.id in hits(example):
                raise PackError(f"{rule.pack}, rule {rule.id}: finds its twin {example[-1]!r}")
