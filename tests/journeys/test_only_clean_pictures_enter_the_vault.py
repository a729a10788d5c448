"""Uploads: a photo loses all it tells beside the picture, and what is no picture stays out."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from uuid_utils.compat import uuid7

from tests.journeys import studio
from tests.paywall import pictures
from tests.running_server import RunningServer
from tests.wire import Person

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header declares a size; its few bytes are those of an empty picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def fan(town: RunningServer) -> Iterator[Person]:
    with Person.new_fan(town, cents=2_000) as person:
        yield person


def test_a_photo_with_its_place_and_more_is_sold_as_a_picture_alone(
    fan: Person, creator: Person
) -> None:
    original = pictures.with_everything()
    assert b"GPS" in original or pictures.SECRET in original
    assert Image.open(BytesIO(original)).getexif().get_ifd(0x8825)
    place = fan.open(creator)
    with fan.socket() as talk, creator.socket() as answering:
        talk.send(place, "A photo?", most=200)
        offer_id = studio.sell(creator, answering, place, original, cents=200)
        bought = talk.ask("unlock", offer_id=offer_id, client_id=str(uuid7()), max_price_cents=200)
    (link,) = fan.post(f"/api/unlocks/{bought['entitlement_id']}/links").json()
    served = fan.get(link["url"]).content
    assert pictures.SECRET not in served
    assert b"Exif" not in served
    picture = Image.open(BytesIO(served))
    assert not dict(picture.getexif())
    assert picture.size == (600, 800)  # turned as its orientation said


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(SVG, "file_type", id="an SVG"),
        pytest.param(b"MZ" + bytes(5_000), "file_type", id="a program"),
        pytest.param(png_that_says(10_000, 7_000), "file_too_big", id="70 megapixels"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_by_its_content(
    creator: Person, content: bytes, code: str
) -> None:
    refused = studio.upload(creator, content, name="holiday.jpg")
    assert refused.json()["code"] == code
    (newest,) = creator.get("/api/studio/media", params={"limit": 1}).json()["media"]
    assert (newest["state"], newest["thumbnail_url"]) == ("failed", None)


def test_more_than_25_megabytes_are_refused_before_they_are_sent(creator: Person) -> None:
    order = {"client_id": str(uuid7()), "size_bytes": 25_000_001, "file_name": "large.jpg"}
    refused = creator.post("/api/studio/media", json=order)
    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_big")


def test_only_a_certified_creator_uploads(town: RunningServer, fan: Person) -> None:
    order = {"client_id": str(uuid7()), "size_bytes": 1_000, "file_name": "a.jpg"}
    assert fan.post("/api/studio/media", json=order).json()["code"] == "not_allowed"
    with Person.of(town, "creator", 2) as newcomer:
        assert newcomer.post("/api/studio/media", json=order).json()["code"] == "not_certified"
