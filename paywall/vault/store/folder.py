"""Hides the local folder: files of random names that only we can read."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from paywall.vault.store.port import StoreAway

_UNFINISHED = ".new"


class Folder:
    """Objects as files, spread over sub-folders by the start of their names."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def silent(self) -> bool:
        """See `Store`: a disk answers, if only with an error."""
        return False

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Store`: the file appears under its name only when it is whole and on the disk."""
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            raise StoreAway
        unfinished = path.with_suffix(_UNFINISHED)
        try:
            descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def open_object(self, name: str, start: int, end: int) -> BinaryIO:
        """See `Store`."""
        file = self._path(name).open("rb")
        file.seek(start)
        return file

    def remove(self, name: str) -> None:
        """See `Store`."""
        self._path(name).unlink(missing_ok=True)

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """See `Store`."""
        for path in self._root.glob("??/*"):
            try:
                written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:  # removed meanwhile
                continue
            if written_at < moment:
                yield path.name

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable: fsync of the folder, as POSIX asks after a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
