"""All rules over one text: the words of the text say which rules may match, those are tried.

Hides how rules are set aside. Each pattern names keys, words it cannot match without (see
`needs`). The keys of a text call the rules whose rarest group has a pattern with such a key; a
rule is tried when each of its other groups has one too. On ordinary texts that leaves a handful of
expressions to run, whatever the size of the book.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import chain
from operator import attrgetter, itemgetter, or_

from safety.rules.extractors import KINDS, Extract
from safety.rules.kernel import Key
from safety.rules.keys import Calls, Keys, Parts, calls_of, keys_of
from safety.rules.located import Atom, Group, Located, Nearness, Place, Text
from safety.rules.normalise import Span, View
from safety.rules.patterns import (
    GAPS_MAX,
    Pattern,
    PatternError,
    choices,
    expand,
    release_compiled,
)
from safety.rules.rulebook import FOLDED, SHADOW, SQUEEZED, PackError, Rule

HITS_MAX = 4  # of one text: 3 of 96,000 messages of ours have more
GROUPS_KEPT = 8_192  # of the books in use and of those just left


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


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    rule: Rule
    place: int  # among the rules of its view: in effect, holding, grave ones first
    anchor: Group
    others: tuple[Group, ...]
    none: Group


_Anchored = tuple[Atom, list[_Compiled]]  # of whose first groups it is


def _weight(rule: Rule) -> tuple[bool, int, int, str]:
    return rule.stage == SHADOW, -rule.action.rank, -rule.severity, rule.id


def _atoms(atom: str, rule: Rule, *, squeezed: bool) -> frozenset[Atom]:
    """What `atom` is a choice of, in one view. Raises `PackError` naming the rule."""
    try:
        if not atom.startswith("@"):
            return choices(expand(atom, rule.words), squeezed=squeezed)
        if atom[1:] in KINDS:
            return frozenset((atom[1:],))
        raise PatternError(f"no extractor is called {atom}")
    except PatternError as wrong:
        raise PackError(f"{rule.pack}, rule {rule.id}, {atom!r}: {wrong}") from None


_group = lru_cache(GROUPS_KEPT)(Group)  # rules and books share most of theirs


class _ViewRules:
    """The rules that read one view, found by the keys of its words."""

    def __init__(self, name: str, rules: Iterable[Rule], known: set[Key]) -> None:
        """Adds to `known` the keys that these rules hang on."""
        self._name = name
        self._by_kind: dict[str, list[_Compiled]] = defaultdict(list)
        self._reach = GAPS_MAX + 1  # words that a hit may have
        anchored: dict[Pattern, list[_Compiled]] = defaultdict(list)
        for place, rule in enumerate(sorted(rules, key=_weight)):
            if name in rule.views:
                compiled = self._compiled(rule, place)
                groups = compiled.anchor, *compiled.others, compiled.none
                patterns = (one.patterns for one in groups)
                for one in chain(*patterns):
                    known.update(one.rarest, one.each, *one.others)
                if compiled.others:
                    self._reach = max(self._reach, rule.within + 1)
                for pattern in compiled.anchor.patterns:
                    anchored[pattern].append(compiled)
                for kind in compiled.anchor.kinds:
                    self._by_kind[kind].append(compiled)
        self._calls: Calls[_Anchored] = calls_of((one[0], one) for one in anchored.items())

    def _compiled(self, rule: Rule, place: int) -> _Compiled:
        squeezed = self._name == SQUEEZED

        def union(*atoms: str) -> Group:
            each = (_atoms(atom, rule, squeezed=squeezed) for atom in atoms)
            return _group(frozenset().union(*each))

        wanted = [*map(union, rule.all), *((union(*rule.any),) if rule.any else ())]
        anchor, *others = sorted(wanted, key=attrgetter("odds"))
        return _Compiled(rule, place, anchor, tuple(others), union(*rule.none))

    def match(
        self, view: View, keys: Keys, extracts: Sequence[Extract], done: Container[str] = ()
    ) -> Iterator[Hit]:
        """The rules of this view that its text and these extracts satisfy, but those `done`."""
        located = Located(Text(view, keys, self._reach), extracts)
        called = self._called(located, extracts, done)
        for compiled in sorted(called, key=attrgetter("place")):
            if hit := self._hit(compiled, located, *called[compiled]):
                yield hit

    def _called(
        self, located: Located, extracts: Sequence[Extract], done: Container[str]
    ) -> dict[_Compiled, tuple[set[Atom], Parts]]:
        """The rules that may match, with the atoms of their anchors, and in which parts."""
        seen: dict[_Compiled, list[tuple[Parts, Atom]]] = {}
        for parts, (atom, rules) in located.called(self._calls):
            for compiled in rules:
                seen.setdefault(compiled, []).append((parts, atom))
        for one in extracts:
            for compiled in self._by_kind.get(one.kind, ()):
                seen.setdefault(compiled, []).append((located.everywhere, one.kind))
        found: dict[_Compiled, tuple[set[Atom], Parts]] = {}
        for compiled, each in seen.items():
            if compiled.rule.id in done:
                continue
            parts = reduce(or_, (there for there, _ in each))
            for group in compiled.others:
                parts &= located.where(group)
                if not parts:
                    break
            else:
                found[compiled] = {atom for there, atom in each if there & parts}, parts
        return found

    def _hit(
        self, compiled: _Compiled, located: Located, anchors: Set[Atom], parts: Parts
    ) -> Hit | None:
        rule = compiled.rule
        groups = [located.places(anchors)]
        for group in compiled.others:  # an empty one spares the others
            if not groups[-1]:
                break
            groups.append(located.places(located.present(group, parts)))
        if not groups[-1]:
            return None
        barred: Nearness | None = None
        for window in _windows(groups):
            first, last = located.words(window)
            if last - first > rule.within and len(groups) > 1:
                continue
            if barred is None:
                barring = located.barring(compiled.none)
                barred = Nearness(located.words((one,)) for one in barring)
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
        known: set[Key] = set()
        self._folded = _ViewRules(FOLDED, rules, known)
        self._squeezed = _ViewRules(SQUEEZED, rules, known)
        self._keys = keys_of(known)  # of both: they share most, and the words of a text

    def match(self, reading: Reading) -> list[Hit]:
        """The hits of a reading: each rule at most once, the folded view first.

        `HITS_MAX` of them say all there is to say, the gravest that hold among them: what a text
        may cost has a bound, and one that meets the whole book is stopped by its first words.
        """
        hits: dict[str, Hit] = {}
        views = [(self._folded, reading.folded)]
        views += ((self._squeezed, view) for view in reading.squeezed)
        for rules, view in views:
            for hit in rules.match(view, self._keys, reading.extracts, hits):
                hits[hit.rule.id] = hit
                if len(hits) == HITS_MAX:
                    return list(hits.values())
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
