"""Hides where sealed objects lie: in a local folder, or in a bucket when `MEDIA_URL` names one."""

import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from paywall.vault.store.folder import Folder
from paywall.vault.store.port import Store, StoreAway

__all__ = [
    "STORE_POOL",
    "StoreAway",
    "misconfiguration",
    "names_older_than",
    "open_object",
    "put",
    "remove",
    "removed_on_failure",
    "silent",
]

NAME_BYTES = 16
# Who writes to store and database at once does it here: a bucket that is silent for seconds must
# not hold the threads of the database, which messages need.
STORE_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="store")


def put(pieces: Iterable[bytes]) -> str:
    """Store an object and return its random name; when this returns, it survives a power cut.

    Raises `StoreAway`; nobody then knows a name under which anything could be read.
    """
    name = secrets.token_hex(NAME_BYTES)
    _store().put(name, pieces)
    return name


def open_object(name: str, start: int, end: int) -> BinaryIO:
    """The sealed bytes from `start` on, to be read one after the other as far as `end` (excluded).

    Raises `FileNotFoundError` and `StoreAway`.
    """
    return _store().open_object(name, start, end)


def remove(names: Iterable[str]) -> None:
    """Delete objects; harmless for those already gone.

    Never raises `StoreAway`: what is left is named by no row, and the sweep finds it.
    """
    try:
        for name in filter(None, names):
            _store().remove(name)
    except StoreAway:
        pass  # it said so in the log


@contextmanager
def removed_on_failure(names: Iterable[str]) -> Iterator[None]:
    """Around the transaction that records these objects: they go when it does not commit."""
    try:
        yield
    except BaseException:
        remove(names)
        raise


def names_older_than(moment: datetime) -> Iterator[str]:
    """Every object, finished or not, last written before `moment`: what a sweep looks at.

    Raises `StoreAway`.
    """
    return _store().names_older_than(moment)


def silent() -> bool:
    """Whether the store did not answer when it was asked last; this asks nobody."""
    return _store().silent


def misconfiguration() -> str | None:
    """What is wrong with `MEDIA_URL`, in plain words that quote none of it, or nothing."""
    try:
        _store()
    except ImproperlyConfigured as wrong:
        return str(wrong)
    return None


def _store() -> Store:
    return _opened(settings.MEDIA_STORE_URL, Path(settings.MEDIA_STORE_DIR))


@cache
def _opened(url: str, folder: Path) -> Store:
    """The store of these settings. Raises `ImproperlyConfigured`."""
    if not url:
        return Folder(folder)
    try:
        from paywall.vault.store.bucket import Bucket  # needs an extra
    except ModuleNotFoundError as missing:
        raise ImproperlyConfigured(
            f"MEDIA_URL is set and {missing.name} is missing: pip install 'aparte[s3]'."
        ) from None
    return Bucket(url)
