"""Pictures for tests: honest ones, ones that carry more than a picture, and ones that lie."""

import struct
import zipfile
import zlib
from io import BytesIO

import pyvips
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = b"only-in-the-metadata"


def jpeg(width: int = 640, height: int = 480, *, seed: int = 1) -> bytes:
    """A structured picture with some noise, different for each seed."""
    return _scene(width, height, seed).jpegsave_buffer(Q=85)


def png(width: int = 320, height: int = 200, *, seed: int = 1) -> bytes:
    return _scene(width, height, seed).pngsave_buffer()


def webp(width: int = 320, height: int = 200, *, seed: int = 1, lossless: bool = False) -> bytes:
    return _scene(width, height, seed).webpsave_buffer(lossless=lossless)


def noise(width: int, height: int) -> bytes:
    """A picture that hardly compresses: the largest files."""
    bands = [
        pyvips.Image.gaussnoise(width, height, sigma=60, mean=128, seed=seed).cast("uchar")
        for seed in (1, 2, 3)
    ]
    return bands[0].bandjoin(bands[1:]).copy(interpretation="srgb").jpegsave_buffer(Q=95)


def _scene(width: int, height: int, seed: int) -> "pyvips.Image":
    ramp = pyvips.Image.identity().resize(width / 256, vscale=height)
    grain = pyvips.Image.gaussnoise(width, height, sigma=12, mean=0, seed=seed)
    bands = [(ramp * factor + 20 * seed + grain) % 256 for factor in (1, 0.7, 0.4)]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


def with_everything() -> bytes:
    """A JPEG with GPS, XMP, a comment, an ICC profile, its own thumbnail and a ZIP at its end."""
    picture = Image.open(BytesIO(jpeg(800, 600)))
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6  # shown turned by a quarter
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 21.0, 7.0)})
    out = BytesIO()
    profile = pyvips.Image.black(1, 1).copy().icc_export(output_profile="srgb", pcs="lab")
    picture.save(
        out,
        "JPEG",
        quality=90,
        exif=exif,
        icc_profile=profile.get("icc-profile-data"),
        xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        comment=b"<script>" + SECRET + b"</script>",
    )
    return out.getvalue() + _archive()


def png_with_text() -> bytes:
    info = PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    out = BytesIO()
    Image.open(BytesIO(png())).save(out, "PNG", pnginfo=info)
    return out.getvalue() + _archive()


def _archive() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run.class", SECRET)
    return out.getvalue()


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def other(kind: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, kind)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A small file whose header claims any size; its data is all zeros."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(min(width, 1000) * 3 + 1))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data)


def flat_png(width: int, height: int) -> bytes:
    """A valid PNG of one colour: few bytes, many pixels."""
    squeeze = zlib.compressobj(9)
    row = bytes(width * 3 + 1)
    data = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    return start + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg_claiming(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame


def webp_claiming(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def markers(data: bytes) -> list[int]:
    """The markers of a JPEG in order, which must end exactly at its EOI."""
    found, at = [], 0
    while at < len(data):
        assert data[at] == 0xFF, f"no marker at {at}"
        marker = data[at + 1]
        found.append(marker)
        at += 2
        if marker not in (0xD8, 0xD9):
            at += struct.unpack_from(">H", data, at)[0]
        if marker == 0xDA:  # entropy-coded data up to the next true marker
            while not (data[at] == 0xFF and data[at + 1] not in (0, *range(0xD0, 0xD8))):
                at += 1
    return found


def webp_chunks(data: bytes) -> list[bytes]:
    """The chunks of a WebP, which must fill the file exactly."""
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    names, at = [], 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        names.append(name)
        at += 8 + length + length % 2
    return names
