"""Writes safety/rules/needs.json: what the patterns of the shipped packs cannot match without."""

from collections.abc import Iterator

from safety.rules import needs_file, rulebook
from safety.rules.patterns import choices, expand
from safety.rules.rulebook import SQUEEZED, Rule


def sources(rule: Rule) -> Iterator[str]:
    """The patterns of a rule in the views that it reads."""
    for atom in (*rule.all, *rule.any, *rule.none):
        if not atom.startswith("@"):
            for view in rule.views:
                read = choices(expand(atom, rule.words), squeezed=view == SQUEEZED)
                yield from (pattern.source for pattern in read)


def content() -> bytes:
    """The file for the packs as they are now."""
    return needs_file.content(one for rule in rulebook.load().rules for one in sources(rule))


if __name__ == "__main__":
    needs_file.FILE.write_bytes(content())
