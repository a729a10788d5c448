"""Hides file headers: what a file is and how large it says to be, before any pixel is decoded.

Pure and bounded: it walks headers, never data, and believes no name and no MIME type.
"""

import struct
from typing import NamedTuple

MAX_BYTES = 25_000_000
MAX_PIXELS = 64_000_000
MAX_SIDE_PX = 16_384
ACCEPTED = ("JPEG", "PNG", "WebP")
MAX_SEGMENTS = 10_000  # blocks looked at before the picture starts

_PNG = b"\x89PNG\r\n\x1a\n"
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length: TEM, RST0-7, SOI
_FRAME_STARTS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0-15, without DHT, JPG, DAC
_DECODABLE_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_WEBP_ANIMATED = 0x02


class Rejected(Exception):
    """The file cannot become a picture of ours: `code` for people, `reason` for the record."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Declared(NamedTuple):
    """What the header says."""

    kind: str  # jpeg, png or webp
    width: int
    height: int


def inspect(data: bytes) -> Declared:
    """What this file declares. Raises `Rejected` (`file_type`, `file_too_big`)."""
    if len(data) > MAX_BYTES:
        raise Rejected("file_too_big", "bytes")
    try:
        declared = _recognise(data)
    except (struct.error, IndexError):
        raise Rejected("file_type", "header_cut_short") from None
    check_size(declared.width, declared.height)
    return declared


def check_size(width: int, height: int) -> None:
    """Raise `Rejected` unless a picture of this size may be decoded."""
    if width < 1 or height < 1:
        raise Rejected("file_type", "no_size")
    if max(width, height) > MAX_SIDE_PX:
        raise Rejected("file_too_big", "side")
    if width * height > MAX_PIXELS:
        raise Rejected("file_too_big", "pixels")


def _recognise(data: bytes) -> Declared:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(_PNG):
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    raise Rejected("file_type", "unknown_format")


def _jpeg(data: bytes) -> Declared:
    """Walk the segments to the frame header (ITU-T T.81, B.1.1 and B.2.2)."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise Rejected("file_type", "jpeg_marker")
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker in _FRAME_STARTS:
            if marker not in _DECODABLE_FRAMES:
                raise Rejected("file_type", "jpeg_process")
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Declared("jpeg", width, height)
        else:
            at += 2 + _segment_length(data, at + 2)
    raise Rejected("file_type", "jpeg_without_frame")


def _segment_length(data: bytes, at: int) -> int:
    (length,) = struct.unpack_from(">H", data, at)
    if length < 2:
        raise Rejected("file_type", "jpeg_segment")
    return int(length)


def _png(data: bytes) -> Declared:
    """IHDR comes first; an animation control chunk comes before the data (PNG, 3rd ed., 5.6)."""
    length, name, width, height = struct.unpack_from(">I4sII", data, len(_PNG))
    if (length, name) != (13, b"IHDR"):
        raise Rejected("file_type", "png_header")
    at = len(_PNG)
    for _ in range(MAX_SEGMENTS):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"acTL":
            raise Rejected("file_type", "animated")
        if name == b"IDAT":
            return Declared("png", width, height)
        at += 12 + length
    raise Rejected("file_type", "png_without_data")


def _webp(data: bytes) -> Declared:
    """The first chunk tells the layout (RFC 9649, sections 2.5 to 2.7)."""
    name = data[12:16]
    if name == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            raise Rejected("file_type", "webp_frame")
        width, height = struct.unpack_from("<HH", data, 26)
        return Declared("webp", width & 0x3FFF, height & 0x3FFF)
    if name == b"VP8L":
        signature, bits = struct.unpack_from("<BI", data, 20)
        if signature != 0x2F:
            raise Rejected("file_type", "webp_frame")
        return Declared("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if name == b"VP8X":
        return _extended_webp(data)
    raise Rejected("file_type", "webp_layout")


def _extended_webp(data: bytes) -> Declared:
    if data[20] & _WEBP_ANIMATED or b"ANMF" in _webp_chunks(data):
        raise Rejected("file_type", "animated")
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    return Declared("webp", width, height)


def _webp_chunks(data: bytes) -> set[bytes]:
    names, at = set(), 12
    for _ in range(MAX_SEGMENTS):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        names.add(name)
        at += 8 + length + length % 2
    return names
