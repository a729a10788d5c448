"""Bytes of a bought file: every class of range, whole files, limits, and tampering."""

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from paywall.api import media_files
from paywall.models import MediaObject
from paywall.models.media import ObjectRole
from paywall.vault.stream import SLICE_MAX_BYTES, WHOLE_MAX_BYTES
from tests.factories import make_fan
from tests.paywall.browser import Sale, Visitor, make_sale, put_served, served_bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> None:
    settings.MEDIA_STORE_DIR = tmp_path


@pytest.fixture
def sale(own_store: None) -> Sale:
    return make_sale()


@pytest.fixture
def buyer(sale: Sale) -> Visitor:
    return Visitor(sale.fan)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-65535", 0, 65_535),
        ("bytes=65530-65545", 65_530, 65_545),
        ("bytes=199990-", 199_990, 199_999),
        ("bytes=-10", 199_990, 199_999),
        ("bytes=-999999", 0, 199_999),
        ("bytes=5-999999", 5, 199_999),
        ("BYTES=5-6", 5, 6),
    ],
)
def test_a_range_is_answered_exactly(
    sale: Sale, buyer: Visitor, asked: str, start: int, end: int
) -> None:
    plain = bytes(range(250)) * 800
    put_served(sale.media, plain)
    answer = buyer.ask("GET", sale.link(buyer), Range=asked)
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/200000"
    assert answer.headers["Content-Length"] == str(end - start + 1)
    assert answer.body == plain[start : end + 1]


@pytest.mark.parametrize("asked", ["bytes=200000-", "bytes=200000-200001", "bytes=-0"])
def test_a_range_beyond_the_end_is_416_with_the_length(
    sale: Sale, buyer: Visitor, asked: str
) -> None:
    put_served(sale.media, bytes(200_000))
    answer = buyer.ask("GET", sale.link(buyer), Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */200000")


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "items=0-1", "bytes=a-b", "bytes=0-1x", ""]
)
def test_several_ranges_and_what_is_no_range_get_the_whole(
    sale: Sale, buyer: Visitor, asked: str
) -> None:
    put_served(sale.media, bytes(200_000))
    answer = buyer.ask("GET", sale.link(buyer), Range=asked)
    assert (answer.status, len(answer.body)) == (200, 200_000)
    assert "Content-Range" not in answer.headers


def test_a_range_bound_to_a_validator_we_never_gave_gets_the_whole(
    sale: Sale, buyer: Visitor
) -> None:
    answer = buyer.ask("GET", sale.link(buyer), Range="bytes=0-1", If_Range='"x"')
    assert answer.status == 200


def test_one_answer_carries_two_mebibytes_and_a_player_goes_on_to_the_end(
    sale: Sale, buyer: Visitor
) -> None:
    plain = bytes(range(256)) * ((WHOLE_MAX_BYTES + 1024) // 256)
    put_served(sale.media, plain)
    link = sale.link(buyer)
    refused = buyer.ask("GET", link)
    assert (refused.status, refused.json["detail"]) == (400, "range_required")
    got = b""
    while len(got) < len(plain):
        answer = buyer.ask("GET", link, Range=f"bytes={len(got)}-")
        assert answer.status == 206
        assert len(answer.body) <= SLICE_MAX_BYTES
        got += answer.body
    assert got == plain
    put_served(sale.media, plain[:WHOLE_MAX_BYTES])
    assert buyer.ask("GET", link).status == 200


def test_head_tells_the_same_without_the_bytes(sale: Sale, buyer: Visitor) -> None:
    link = sale.link(buyer)
    whole = buyer.ask("HEAD", link)
    assert (whole.status, whole.body) == (200, b"")
    assert whole.headers["Content-Length"] == str(len(served_bytes(sale.media)))
    assert buyer.ask("HEAD", link, Range="bytes=0-9").headers["Content-Length"] == "10"


def test_a_file_that_was_tampered_with_is_cut_before_a_wrong_byte(
    sale: Sale, buyer: Visitor, tmp_path: Path
) -> None:
    plain = served_bytes(sale.media)
    name = MediaObject.objects.get(role=ObjectRole.SERVED).name
    path = tmp_path / name[:2] / name
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)
    with pytest.raises(Exception, match="does not open"):
        buyer.ask("GET", sale.link(buyer))
    assert len(plain) > 65_536
    first = buyer.ask("GET", sale.link(buyer), Range="bytes=0-65535")
    assert first.body == plain[:65_536]


def test_an_account_has_so_many_streams_at_once_and_a_finished_one_makes_room(
    sale: Sale, buyer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_files, "STREAMS_PER_ACCOUNT", 2)
    link = sale.link(buyer)

    async def statuses() -> list[int]:
        running: list[Any] = [await buyer.client.get(link) for _ in range(3)]
        for response in running[:2]:
            async for _ in response.streaming_content:
                pass
        after = await buyer.client.get(link)
        after.close()
        return [response.status_code for response in [*running, after]]

    assert async_to_sync(statuses)() == [200, 200, 429, 200]
    assert buyer.ask("GET", link).status == 200


def test_a_process_has_so_many_slices_in_flight(
    sale: Sale, buyer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = sale.link(buyer)
    monkeypatch.setattr(media_files, "SLICES_PER_PROCESS", 0)
    refused = buyer.ask("GET", link)
    assert refused.no == (503, {"code": "busy"})
    assert refused.headers["Retry-After"] == "1"
    assert Visitor(make_fan()).ask("GET", link).status == 403  # nothing is told to others
    monkeypatch.setattr(media_files, "SLICES_PER_PROCESS", 1)
    assert buyer.ask("GET", link).status == 200
