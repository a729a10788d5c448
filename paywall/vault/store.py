"""Hides where sealed objects lie: a local folder of random names that only we can read."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

NAME_BYTES = 16
_UNFINISHED = ".new"


def put(pieces: Iterable[bytes]) -> str:
    """Store an object and return its random name; when this returns, it survives a power cut."""
    name = secrets.token_hex(NAME_BYTES)
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(_UNFINISHED)
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as f:
            f.writelines(pieces)
            f.flush()
            os.fsync(f.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return name


def open_object(name: str) -> BinaryIO:
    """The sealed bytes, seekable. Raises `FileNotFoundError`."""
    return _path(name).open("rb")


def remove(names: Iterable[str]) -> None:
    """Delete objects; harmless for those already gone."""
    for name in names:
        if name:
            _path(name).unlink(missing_ok=True)


@contextmanager
def removed_on_failure(names: Iterable[str]) -> Iterator[None]:
    """Around the transaction that records these objects: they go when it does not commit."""
    try:
        yield
    except BaseException:
        remove(names)
        raise


def names_older_than(moment: datetime) -> Iterator[str]:
    """Every object, finished or not, last written before `moment`: what a sweep looks at."""
    for path in Path(settings.MEDIA_STORE_DIR).glob("??/*"):
        try:
            written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:  # removed meanwhile
            continue
        if written_at < moment:
            yield path.name


def _path(name: str) -> Path:
    return Path(settings.MEDIA_STORE_DIR) / name[:2] / name


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable: fsync of the folder, as POSIX asks after a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
