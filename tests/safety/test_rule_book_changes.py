"""What differs between two books, as people read it before they put one in force."""

from pathlib import Path

from safety.rules.changes import Changes, compare
from tests.safety import books

WORDS = '[words]\nfruit = ["{fruit}"]\nother = ["table"]\n'


def changes(tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]) -> Changes:
    return compare(books.book_of(tmp_path / "1", *before), books.book_of(tmp_path / "2", *after))


def test_the_same_rules_in_another_order_change_nothing(tmp_path: Path) -> None:
    both = books.rule(), books.grave()
    assert changes(tmp_path, both, both[::-1]).empty


def test_added_removed_and_changed_rules_are_named(tmp_path: Path) -> None:
    before = books.rule("gone", pattern="prune"), books.rule()
    after = books.rule(more="within = 3"), books.rule("new", pattern="poire")
    found = changes(tmp_path, before, after)
    assert (found.added, found.removed, found.changed) == (("new",), ("gone",), (books.FRUIT,))
    assert not found.empty


def test_a_rule_changes_with_the_words_it_uses_and_with_no_others(tmp_path: Path) -> None:
    rule = books.rule(pattern="pomme").replace('all = ["pomme"]', 'all = ["<fruit>"]')
    before = WORDS.format(fruit="pomme"), rule
    other = WORDS.format(fruit="pomme").replace("table", "chaise"), rule
    used = WORDS.format(fruit="(?:pomme|poire)"), rule
    assert changes(tmp_path, before, other).changed == ()
    assert changes(tmp_path, before, used).changed == (books.FRUIT,)


def test_other_thresholds_and_bases_are_named(tmp_path: Path) -> None:
    before = books.book_of(tmp_path)
    moved = books.THRESHOLDS.replace("0.8", "0.9", 1)
    found = compare(before, books.book_of(tmp_path, thresholds=moved))
    assert (found.thresholds, found.parts) == (("fraud.scam",), ())
    basis = books.BASIS.replace("terms", "consent")
    found = compare(before, books.book_of(tmp_path, basis=basis, model="another"))
    assert found.parts == ("basis", "model")


def test_only_a_change_of_severity_4_alone_counts_as_grave(tmp_path: Path) -> None:
    before = (books.rule(),)
    grave = changes(tmp_path, before, (*before, books.grave()))
    assert grave.grave_only
    mixed = changes(tmp_path, before, (books.rule(more="within = 3"), books.grave()))
    assert not mixed.grave_only
    assert not changes(tmp_path, before, before).grave_only
