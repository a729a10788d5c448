"""Whatever is uploaded, what comes out is a freshly made picture and nothing else, or a no."""

import resource
import subprocess
import sys
import time
from io import BytesIO

import pytest
from django.conf import settings
from PIL import Image

from paywall.vault import gate, sandbox, workshop
from paywall.vault.gate import Rejected
from tests.paywall import pictures

# SOI, DQT, SOF0, DHT, SOS, EOI: all that a bare picture needs, no application segment at all
BARE_JPEG = {0xD8, 0xDB, 0xC0, 0xC4, 0xDA, 0xD9}


def rejection(data: bytes) -> tuple[str, str]:
    with pytest.raises(Rejected) as refused:
        workshop.develop(data)
    return refused.value.code, refused.value.reason


def size(data: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(data)).size


@pytest.mark.parametrize(
    "upload",
    [
        pictures.jpeg(),
        pictures.png(),
        pictures.webp(),
        pictures.webp(lossless=True),
        pictures.with_everything(),
        pictures.png_with_text(),
        pictures.jpeg() + b"PK\x03\x04" + pictures.SECRET,
    ],
    ids=["jpeg", "png", "webp", "lossless", "exif+xmp+icc+zip", "png text+zip", "trailing bytes"],
)
def test_only_picture_data_is_left_marker_by_marker(upload: bytes) -> None:
    made = workshop.develop(upload)
    assert set(pictures.markers(made.served)) <= BARE_JPEG
    for webp in (made.thumbnail, made.lure):
        assert pictures.webp_chunks(webp) == [b"VP8 "]
    everything = made.served + made.thumbnail + made.lure
    for foreign in (pictures.SECRET, b"Exif", b"PK\x03\x04", b"ICC_PROFILE", b"xmpmeta", b"script"):
        assert foreign not in everything
    assert made.served != upload


def test_orientation_is_applied_and_its_tag_is_gone() -> None:
    made = workshop.develop(pictures.with_everything())
    assert (made.width, made.height) == (600, 800)
    assert size(made.served) == (600, 800)
    assert not Image.open(BytesIO(made.served)).getexif()


def test_a_large_picture_is_served_at_2048_px_with_a_thumbnail_and_a_lure_of_16() -> None:
    made = workshop.develop(pictures.jpeg(3000, 1500))
    assert size(made.served) == (2048, 1024)
    assert size(made.thumbnail) == (320, 160)
    assert size(made.lure) == (16, 8)
    assert len(made.lure) < 400


def test_a_small_picture_is_not_enlarged_and_its_lure_still_gives_nothing_away() -> None:
    made = workshop.develop(pictures.png(64, 40))
    assert size(made.served) == (64, 40)
    assert max(size(made.lure)) == 8


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16"])
def test_every_mode_of_png_becomes_opaque_srgb(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (200, 100)).save(out, "PNG")
    served = Image.open(BytesIO(workshop.develop(out.getvalue()).served))
    assert (served.mode, served.size) == ("RGB", (200, 100))


def test_a_cmyk_jpeg_becomes_srgb() -> None:
    out = BytesIO()
    Image.new("CMYK", (200, 100), (0, 200, 200, 0)).save(out, "JPEG")
    served = Image.open(BytesIO(workshop.develop(out.getvalue()).served)).convert("RGB")
    red, green, blue = served.resize((1, 1)).tobytes()
    assert red > 180
    assert max(green, blue) < 120


def test_transparency_is_laid_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(out, "PNG")
    served = Image.open(BytesIO(workshop.develop(out.getvalue()).served))
    assert min(served.tobytes()) > 250


def test_a_picture_that_hardly_compresses_still_fits_one_answer() -> None:
    made = workshop.develop(pictures.noise(2048, 2048))
    assert size(made.served) == (2048, 2048)
    assert len(made.served) <= sandbox.SERVED_MAX_BYTES


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown_format"),
        (b"%PDF-1.7\n", "unknown_format"),
        (b"", "unknown_format"),
        (b"GIF89a" + bytes(20), "unknown_format"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "unknown_format"),
        (b"\0\0\0\x18ftypavif" + bytes(20), "unknown_format"),
        (pictures.other("TIFF"), "unknown_format"),
        (pictures.other("GIF"), "unknown_format"),
        (pictures.animated("WEBP"), "animated"),
        (pictures.animated("PNG"), "animated"),
        (b"\xff\xd8\xff", "header_cut_short"),
        (b"\xff\xd8\xff\xe0\x00\x01", "jpeg_segment"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "png_header"),
        (b"RIFF\0\0\0\0WEBPXXXX" + bytes(30), "webp_layout"),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(30), "webp_frame"),
        (pictures.jpeg_claiming(0, 10), "no_size"),
        (pictures.jpeg()[:5000], "unreadable"),
        (pictures.png()[:5000], "unreadable"),
        (pictures.png_claiming(300, 300), "unreadable"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_by_its_type(upload: bytes, reason: str) -> None:
    assert rejection(upload) == ("file_type", reason)


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (pictures.png_claiming(20_000, 20_000), "side"),
        (pictures.png_claiming(10_000, 7_000), "pixels"),
        (pictures.jpeg_claiming(65_535, 65_535), "side"),
        (pictures.jpeg_claiming(9_000, 8_000), "pixels"),
        (pictures.webp_claiming(16_384, 16_384), "pixels"),
        (bytes(gate.MAX_BYTES + 1), "bytes"),
    ],
)
def test_a_bomb_is_refused_by_its_header(upload: bytes, reason: str) -> None:
    assert rejection(upload) == ("file_too_big", reason)


def child_usage(upload: bytes) -> tuple[float, int]:
    """Seconds of CPU and peak KiB of one sandbox, measured by a parent that has no other child."""
    measure = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'paywall.vault.sandbox'],"
        " stdin=sys.stdin, stdout=subprocess.DEVNULL, check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure],
        input=upload,
        capture_output=True,
        check=True,
        cwd=settings.BASE_DIR,
    )
    seconds, kib = done.stdout.split()
    return float(seconds), int(kib)


def test_a_real_bomb_of_400_megapixels_costs_neither_time_nor_memory() -> None:
    bomb = pictures.flat_png(20_000, 20_000)
    assert len(bomb) < 2_000_000
    seconds, kib = child_usage(bomb)
    assert seconds < 0.2  # 30 ms on an idle machine
    assert kib < 64 * 1024  # its pixels would be 1.2 GB


def test_the_largest_picture_allowed_stays_within_the_sandbox() -> None:
    seconds, kib = child_usage(pictures.flat_png(8_000, 8_000))
    assert kib * 1024 < sandbox.MEMORY_MAX_BYTES
    assert seconds < sandbox.CPU_MAX_SECONDS


def test_the_sandbox_is_a_bare_program_without_django_keys_or_network() -> None:
    """What it could import and see, asked of a process started exactly as the workshop does."""
    probe = (
        "import sys, os, paywall.vault.sandbox as sandbox; sandbox._limit_ourselves();"
        "import resource;"
        "print('django' in sys.modules, 'cryptography' in sys.modules, 'pyvips' in sys.modules,"
        " any('KEY' in name or 'KEK' in name or 'URL' in name for name in os.environ),"
        " resource.getrlimit(resource.RLIMIT_FSIZE)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        check=True,
        cwd=settings.BASE_DIR,
        env=workshop.ENVIRONMENT,
    )
    assert done.stdout.split() == [b"False", b"False", b"False", b"False", b"0", b"20"]


def cpu_of_children() -> float:
    """Seconds of CPU of every program this one has started and seen end."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def test_a_sandbox_that_hangs_is_killed_with_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "PROGRAM", "tests.paywall.hanging_program")
    monkeypatch.setattr(workshop, "WALL_MAX_SECONDS", 1.0)
    started, used = time.monotonic(), cpu_of_children()
    assert rejection(pictures.jpeg()) == ("file_type", "too_slow")
    assert time.monotonic() - started < 10
    assert cpu_of_children() - used < 10


def test_a_sandbox_that_dies_is_a_refusal_and_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "PROGRAM", "tests.paywall.no_such_program")
    assert rejection(pictures.jpeg()) == ("file_type", "decoder_stopped")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json\n",
        b"[1]\n",
        b'{"width": 1, "height": 1, "lengths": [1, 1]}\nxx',
        b'{"width": 1, "height": 1, "lengths": [1, 1, 1]}\nxx',
        b'{"width": 1, "height": 1, "lengths": [4, -1, 0]}\nxxx',
        b'{"width": 0, "height": 1, "lengths": [1, 1, 1]}\nxxx',
    ],
)
def test_an_answer_of_a_wrong_shape_is_not_believed(answer: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        workshop.read_answer(answer)
    assert refused.value.reason == "sandbox_answer"
