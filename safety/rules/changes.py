"""What differs between two rule books, rule by rule: what people read before they activate one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from safety.rules.rulebook import Rule, RuleBook
from safety.rules.taxonomy import policy

_LIST_NAME = re.compile(r"<([a-z_]+)>")
_OWN_FIELDS = tuple(one.name for one in fields(Rule) if one.name not in ("words", "pack"))
GRAVEST = 4


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of rules and of policies with other thresholds; which other parts are not the same."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    thresholds: tuple[str, ...]
    parts: tuple[str, ...]  # of basis, articles, model
    grave_only: bool  # nothing but rules and thresholds of severity 4

    @property
    def empty(self) -> bool:
        """Whether both books say the same."""
        return not (self.added or self.removed or self.changed or self.thresholds or self.parts)


def compare(old: RuleBook, new: RuleBook) -> Changes:
    """What `new` changes. A rule changed when its words did, wherever they are written."""
    before, after = _essences(old.rules), _essences(new.rules)
    added = tuple(sorted(after.keys() - before.keys()))
    removed = tuple(sorted(before.keys() - after.keys()))
    changed = tuple(sorted(one for one in after.keys() & before if after[one] != before[one]))
    limits = old.thresholds.keys() | new.thresholds.keys()
    moved = tuple(sorted(n for n in limits if old.thresholds.get(n) != new.thresholds.get(n)))
    parts = tuple(p for p in ("basis", "articles", "model") if getattr(old, p) != getattr(new, p))
    touched = {*added, *removed, *changed}
    severities = {r.severity for r in (*old.rules, *new.rules) if r.id in touched}
    severities |= {policy(name).severity or 0 for name in moved}
    return Changes(added, removed, changed, moved, parts, not parts and severities == {GRAVEST})


def _essences(rules: Iterable[Rule]) -> dict[str, tuple[object, ...]]:
    return {rule.id: _essence(rule) for rule in rules}


def matching(rule: Rule) -> tuple[object, ...]:
    """All that decides which texts a rule matches, and nothing that decides what follows."""
    atoms = (rule.all, rule.any, rule.none, rule.within, rule.none_within, rule.views)
    return (*atoms, _used_lists(rule))


def _essence(rule: Rule) -> tuple[object, ...]:
    """All that a rule says, with only those of its pack's word lists that it uses."""
    return (*(getattr(rule, name) for name in _OWN_FIELDS), _used_lists(rule))


def _used_lists(rule: Rule) -> tuple[tuple[str, tuple[str, ...]], ...]:
    used: dict[str, tuple[str, ...]] = {}
    todo = [*rule.all, *rule.any, *rule.none]
    while todo:
        for name in _LIST_NAME.findall(todo.pop()):
            if name not in used and name in rule.words:
                used[name] = rule.words[name]
                todo.extend(rule.words[name])
    return tuple(sorted(used.items()))
