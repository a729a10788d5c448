"""What patterns need, told beforehand: the same as told anew, and never needed."""

from pathlib import Path

import msgspec
import pytest

from safety.rules import needs_file, rulebook
from safety.rules.needs import Needs, is_phrase, needs
from safety.rules.patterns import PatternError, choices
from scripts import generate_needs


@pytest.fixture(autouse=True)
def forgotten():
    needs_file.forget()
    yield
    needs_file.forget()


def shipped() -> list[str]:
    each = (generate_needs.sources(rule) for rule in rulebook.load().rules)
    return sorted({one for sources in each for one in sources})


def test_it_says_of_every_pattern_what_reading_it_says(monkeypatch: pytest.MonkeyPatch):
    sources = shipped()
    told = {one: needs(one) for one in sources}
    assert sum(not is_phrase(one) for one in sources) > 2_000

    def never(source: str) -> Needs:
        assert is_phrase(source), f"{source} is not in the file"
        return told[source]

    monkeypatch.setattr(needs_file, "needs", never)
    assert {one: needs_file.needs_of(one) for one in sources} == told


def test_the_file_that_is_shipped_is_of_the_packs_that_are_shipped():
    assert needs_file.FILE.read_bytes() == generate_needs.content(), "run scripts/generate"


def test_a_pattern_that_is_not_in_it_is_read():
    source = "quelque ?[0-9]{2}chose"
    assert needs_file.needs_of(source) == needs(source)
    with pytest.raises(PatternError):
        choices("(unfinished [0-9]", squeezed=False)


@pytest.mark.parametrize("content", [None, b"", b"[1, 2]", b"no file at all", "cut"])
def test_a_file_that_is_missing_or_broken_is_done_without(tmp_path: Path, content: bytes | str):
    file = tmp_path / "needs.json"
    if content is not None:
        whole = needs_file.FILE.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    for source in shipped()[:200]:
        assert needs_file.needs_of(source, file) == needs(source)


def test_what_it_says_of_one_pattern_in_another_shape_is_read_anew(tmp_path: Path):
    source = "(?:a|b)? [0-9]{2}"
    reader, patterns = msgspec.json.decode(needs_file.content([source]))
    file = tmp_path / "needs.json"
    file.write_bytes(msgspec.json.encode([reader, dict.fromkeys(patterns, "of another shape")]))
    assert needs_file.needs_of(source, file) == needs(source)


def test_what_another_reader_told_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = "(?:a|b)? [0-9]{2}"
    file = tmp_path / "needs.json"
    with monkeypatch.context() as patch:
        patch.setattr(needs_file, "_reader", lambda: "another")
        patch.setattr(needs_file, "needs", lambda source: needs("chose"))
        file.write_bytes(needs_file.content([source]))
        assert needs_file.needs_of(source, file) == needs("chose")
    needs_file.forget()
    assert needs_file.needs_of(source, file) == needs(source)
