"""A seal holds for exactly the bytes that were signed, by a key that is trusted here."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import seal
from safety.rules import rulebook
from safety.seal import DEVELOPMENT_KEY, SealBroken
from tests.safety import books

KEY, OTHER = "11" * 32, "22" * 32
TRUSTED = [seal.public_key(KEY)]


@pytest.fixture
def book(tmp_path: Path) -> rulebook.RuleBook:
    return books.book_of(tmp_path)


def test_a_sealed_book_is_trusted_and_sealing_twice_gives_the_same_bytes(
    book: rulebook.RuleBook,
) -> None:
    sealed = seal.sign(book, author="M-17", key=KEY)
    again = seal.from_json(sealed.as_json())
    seal.verify(book.files, again, trusted=TRUSTED)
    assert seal.sign(book, author="M-17", key=KEY).as_json() == sealed.as_json()


def test_another_byte_another_file_or_one_less_breaks_the_seal(book: rulebook.RuleBook) -> None:
    sealed = seal.sign(book, author="M-17", key=KEY)
    changed = {**book.files, "basis.toml": book.files["basis.toml"] + b"\n"}
    more = {**book.files, "packs/more.fr.toml": b"version = 1"}
    fewer = {name: data for name, data in book.files.items() if name != "thresholds.toml"}
    for files, wrong in ((changed, "not the file"), (more, "is new"), (fewer, "missing")):
        with pytest.raises(SealBroken, match=wrong):
            seal.verify(files, sealed, trusted=TRUSTED)


def test_a_key_that_is_not_trusted_seals_nothing(book: rulebook.RuleBook) -> None:
    sealed = seal.sign(book, author="M-17", key=OTHER)
    with pytest.raises(SealBroken, match="not among the trusted"):
        seal.verify(book.files, sealed, trusted=TRUSTED)
    seal.verify(book.files, sealed, trusted=[*TRUSTED, seal.public_key(OTHER)])


@pytest.mark.parametrize("field", ["version", "author", "signature", "key_id", "sha256"])
def test_no_field_of_a_seal_can_be_changed(book: rulebook.RuleBook, field: str) -> None:
    fields = json.loads(seal.sign(book, author="M-17", key=KEY).as_json())
    fields[field] = "ab" * 32
    with pytest.raises(SealBroken):
        seal.verify(book.files, seal.from_json(json.dumps(fields)), trusted=TRUSTED)


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80)))
def test_what_is_no_seal_says_so(data: bytes | str) -> None:
    with pytest.raises(SealBroken, match="not a seal"):
        seal.from_json(data)


@pytest.mark.parametrize("key", ["", "11", "zz" * 32, "11" * 33])
def test_what_is_no_key_says_so(key: str) -> None:
    with pytest.raises(SealBroken, match="32 bytes"):
        seal.public_key(key)


def test_the_key_of_the_source_tree_counts_in_development_only(settings: Any) -> None:
    settings.RULEBOOK_TRUSTED_KEYS, settings.RULEBOOK_SIGNING_KEY = TRUSTED, ""
    settings.RULEBOOK_DEVELOPMENT = True
    assert seal.trusted_keys() == [*TRUSTED, seal.public_key(DEVELOPMENT_KEY)]
    assert seal.signing_key() == DEVELOPMENT_KEY
    settings.RULEBOOK_DEVELOPMENT = False
    assert seal.trusted_keys() == TRUSTED
    with pytest.raises(SealBroken, match="RULEBOOK_SIGNING_KEY"):
        seal.signing_key()
    settings.RULEBOOK_SIGNING_KEY = KEY
    assert seal.signing_key() == KEY
