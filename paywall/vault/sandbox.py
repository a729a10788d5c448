"""A program of its own that turns an untrusted file into clean pictures: `python -m` this module.

It knows no key, no database and no setting. The upload comes by standard input, one JSON line and
the finished pictures leave by standard output. The process limits itself before it reads a byte.
"""

import contextlib
import json
import os
import resource
import sys
from typing import Any, BinaryIO, NamedTuple

from paywall.vault.gate import MAX_BYTES, Declared, Rejected, check_size, inspect

MEMORY_MAX_BYTES = 1536 * 1024 * 1024
CPU_MAX_SECONDS = 20
SERVED_SIDE_PX, THUMBNAIL_SIDE_PX, LURE_SIDE_PX = 2048, 320, 16
LURE_SHRINK_MIN = 8  # of a picture so small that 16 px would give it away
SERVED_MAX_BYTES = 4 * 1024 * 1024  # what one answer without Range may carry
SERVED_QUALITIES = (90, 80, 70, 50)
THUMBNAIL_QUALITY, LURE_QUALITY = 80, 60


class Pictures(NamedTuple):
    """The finished pictures: freshly encoded, without one byte of the upload or its metadata."""

    width: int
    height: int
    served: bytes  # JPEG
    thumbnail: bytes  # WebP
    lure: bytes  # WebP


def main() -> int:
    """Read one upload, write one answer. Exit code 0 whenever the answer is complete."""
    _limit_ourselves()
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        _answer(sys.stdout.buffer, _develop(data, inspect(data)))
    except Rejected as rejected:
        line = json.dumps({"code": rejected.code, "reason": rejected.reason})
        sys.stdout.buffer.write(line.encode() + b"\n")
    return 0


def _limit_ourselves() -> None:
    """Memory, time, no file to write, no core dump, and no network where the kernel lets us."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX_SECONDS, CPU_MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):  # containers often forbid it
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)


def _develop(data: bytes, declared: Declared) -> Pictures:
    """Decode, upright, in sRGB, and encode anew. Raises `Rejected` for a damaged file."""
    import pyvips  # only past the gate: a bomb is refused before a decoder is even loaded

    pyvips.block_untrusted_set(True)
    try:
        upload = _load(pyvips, data, declared)
        check_size(upload.width, upload.height)
        master = _upright_srgb(upload)
        return Pictures(
            width=master.width,
            height=master.height,
            served=_served(master),
            thumbnail=_webp(_fit(master, THUMBNAIL_SIDE_PX), THUMBNAIL_QUALITY),
            lure=_webp(_fit(master, _lure_side(master)), LURE_QUALITY),
        )
    except pyvips.Error:
        raise Rejected("file_type", "unreadable") from None


def _load(pyvips: Any, data: bytes, declared: Declared) -> Any:
    """Open with the one decoder the gate named, so that no other of libvips is ever reached."""
    load = getattr(pyvips.Image, f"{declared.kind}load_buffer")
    return load(data, access="sequential", fail_on="error")


def _upright_srgb(upload: Any) -> Any:
    """At most 2048 px, orientation applied, sRGB, opaque on white, eight bits, in memory."""
    side = SERVED_SIDE_PX
    image = upload.thumbnail_image(side, height=side, size="down", output_profile="srgb")
    if image.hasalpha():
        image = image.flatten(background=[255, 255, 255])
    return image.colourspace("srgb").cast("uchar").copy_memory()


def _served(master: Any) -> bytes:
    """JPEG at the best quality that one answer can carry."""
    for quality in SERVED_QUALITIES:
        jpeg: bytes = master.jpegsave_buffer(Q=quality, keep="none", optimize_coding=True)
        if len(jpeg) <= SERVED_MAX_BYTES:
            break
    return jpeg


def _fit(master: Any, side: int) -> Any:
    return master.thumbnail_image(side, height=side, size="down")


def _lure_side(master: Any) -> int:
    long_side: int = max(master.width, master.height)
    return max(1, min(LURE_SIDE_PX, long_side // LURE_SHRINK_MIN))


def _webp(image: Any, quality: int) -> bytes:
    encoded: bytes = image.webpsave_buffer(Q=quality, keep="none")
    return encoded


def _answer(out: BinaryIO, pictures: Pictures) -> None:
    blobs = (pictures.served, pictures.thumbnail, pictures.lure)
    facts = {
        "width": pictures.width,
        "height": pictures.height,
        "lengths": [len(blob) for blob in blobs],
    }
    out.write(json.dumps(facts).encode() + b"\n")
    out.writelines(blobs)


if __name__ == "__main__":
    sys.exit(main())
