"""Hides the form of an archive: one JSON line a posting, and a manifest that vouches for it."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from paywall.ledger.books import Book, Leg, Place, Posting

SUFFIX = ".jsonl"


class Archived(NamedTuple):
    """A posting as it stood in the ledger: when it happened, and the id of each of its legs."""

    posting: Posting
    at: datetime
    ids: tuple[UUID, ...]


class Written(NamedTuple):
    """What a file holds, and the SHA-256 of its bytes."""

    sha256: str
    postings: int
    transfers: int


def write(path: Path, postings: Iterable[Archived]) -> Written:
    """A new file with these postings, durable when this returns. Raises `FileExistsError`."""
    digest, count, transfers = hashlib.sha256(), 0, 0
    with path.open("xb") as file:
        path.chmod(0o600)
        for one in postings:
            line = json.dumps(told(one), separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count, transfers = count + 1, transfers + len(one.ids)
        file.flush()
        os.fsync(file.fileno())
    return Written(digest.hexdigest(), count, transfers)


def read(path: Path) -> Iterator[Archived]:
    """The postings of an archive, in the order they happened. Raises `ValueError`."""
    with path.open("rb") as file:
        for line in file:
            yield _posting(json.loads(line))


def sha256_of(path: Path) -> str:
    """Of the bytes of a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(path: Path) -> Path:
    """Where the manifest of this archive stands: beside it."""
    return path.with_name(f"{path.name}.manifest.json")


def write_manifest(path: Path, facts: dict[str, Any]) -> None:
    """Replace the manifest of this archive by these facts, durably."""
    target = manifest_of(path)
    with target.open("w") as file:
        file.write(json.dumps(facts, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_manifest(path: Path) -> dict[str, Any]:
    """What the manifest of this archive says. Raises `ValueError`."""
    facts: dict[str, Any] = json.loads(manifest_of(path).read_text())
    return facts


def sync_folder(folder: Path) -> None:
    """Make the names in this folder as durable as the files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def told(archived: Archived) -> dict[str, Any]:
    """A posting in plain words, as a line of an archive has it."""
    posting, at, ids = archived
    legs = [
        {"id": str(i), "from": _name(source), "to": _name(target), "cents": cents}
        for i, (source, target, cents) in zip(ids, posting.legs, strict=True)
    ]
    return {
        "key": posting.key,
        "at": at.isoformat(),
        "kind": posting.kind,
        "subject": str(posting.subject_id),
        "legs": legs,
    }


def _posting(told: dict[str, Any]) -> Archived:
    try:
        legs = tuple(
            Leg(_place(leg["from"]), _place(leg["to"]), leg["cents"]) for leg in told["legs"]
        )
        posting = Posting(told["key"], told["kind"], legs, UUID(told["subject"]))
        ids = tuple(UUID(leg["id"]) for leg in told["legs"])
        return Archived(posting, datetime.fromisoformat(told["at"]), ids)
    except (KeyError, TypeError) as error:
        raise ValueError("this line is no posting") from error


def _name(place: Place) -> str:
    return place.book if place.owner_id is None else f"{place.book}:{place.owner_id}"


def _place(name: str) -> Place:
    book, _, owner = name.partition(":")
    return Place(Book(book), UUID(owner) if owner else None)
