"""What the patterns of this release need, told when it was made: a start reads it, and saves half.

Hides the file. It is never needed: a pattern that is not in it, or a file that was made by another
`needs.py`, is told anew. `scripts/generate` writes it.
"""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b, sha256
from pathlib import Path

import msgspec

from safety.rules import needs as reader
from safety.rules.needs import Needs, is_phrase, needs

FILE = Path(__file__).with_name("needs.json")
_DIGEST_BYTES = 8

Told = tuple[int | None, tuple[frozenset[str], ...]]  # gaps and keys


class _Kept(msgspec.Struct, array_like=True):
    reader: str  # the SHA-256 of the `needs.py` that told it
    patterns: dict[str, msgspec.Raw]  # a `Told` by the digest of a source, read when asked for


_kept: _Kept | None = None


def needs_of(source: str, file: Path = FILE) -> Needs:
    """As `needs.needs`. The file stays in memory until `forget`."""
    if is_phrase(source):
        return needs(source)
    global _kept
    kept = _kept = _kept or _read(file)  # another thread may forget it meanwhile
    if found := kept.patterns.get(_digest(source)):
        with suppress(msgspec.DecodeError):  # no fault of the book
            gaps, keys = msgspec.json.decode(found, type=Told)
            return Needs(keys, gaps)
    return needs(source)


def forget() -> None:
    """Let go of the file: for when a book has read all its patterns."""
    global _kept
    _kept = None


def content(sources: Iterable[str]) -> bytes:
    """The file for these patterns: the same patterns are always the same bytes."""
    told = {source: needs(source) for source in sorted(set(sources)) if not is_phrase(source)}
    patterns = {
        _digest(source): msgspec.Raw(msgspec.json.encode((one.gaps, tuple(map(sorted, one.keys)))))
        for source, one in told.items()
    }
    if len(patterns) < len(told):
        raise ValueError("two patterns have one digest: make it longer")
    return msgspec.json.encode(_Kept(_reader(), patterns))


def _read(file: Path) -> _Kept:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        if kept.reader == _reader():
            return kept
    except (OSError, msgspec.DecodeError):
        pass
    return _Kept("", {})


def _digest(source: str) -> str:
    return blake2b(source.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _reader() -> str:
    return sha256(Path(reader.__file__).read_bytes()).hexdigest()
