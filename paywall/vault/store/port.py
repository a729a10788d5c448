"""What a place for sealed objects promises, whichever it is."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

from accounts.errors import Refusal

RETRY_MS = 1_000


class StoreAway(Refusal):
    """The store does not do what it is asked; nothing is lost: ask again."""

    code = "busy"
    status = 503

    def __init__(self) -> None:
        super().__init__("The media cannot be reached just now.", retry_after_ms=RETRY_MS)


class Store(Protocol):
    """Objects by random names that their caller chose. Every call blocks, at most for seconds."""

    @property
    def silent(self) -> bool:
        """Whether it did not answer when it was asked last; this asks nobody."""

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store an object whole and durably, or nothing that could be read.

        Never overwrites: a name that is taken raises `StoreAway`, as what keeps it from storing.
        """

    def open_object(self, name: str, start: int, end: int) -> BinaryIO:
        """Its bytes from `start` on, readable as far as `end`. Raises `FileNotFoundError`."""

    def remove(self, name: str) -> None:
        """Delete an object; harmless when it is gone."""

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """What was last written before `moment`, left-overs of failed writes included."""
