"""What both places for sealed objects promise: a folder, and a bucket of a real S3 server."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from paywall.vault import keys, sealed, store
from paywall.vault.keys import Unreadable
from paywall.vault.sealed import CHUNK_BYTES, SEALED_CHUNK_BYTES
from paywall.vault.store import StoreAway
from paywall.vault.stream import RangeReader, SealedFile, Span, read, read_whole, stream
from tests.bucket import LocalBucket, answering
from tests.processes.doors import Door
from tests.running_server import free_port

KEY = keys.new_data_key()
LATER = timedelta(days=1)


class Place:
    """Where the objects lie, as somebody sees it who has the disk or the bucket."""

    def __init__(self, folder: Path, bucket: LocalBucket | None) -> None:
        self.folder, self.bucket = folder, bucket

    def objects(self) -> dict[str, bytes]:
        """What is there by its name, finished or not."""
        if self.bucket:
            found = self.bucket.objects()
            return {key.rpartition("/")[2]: content for key, content in found.items()}
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path.name: path.read_bytes() for path in files}

    def write(self, name: str, content: bytes) -> None:
        if self.bucket:
            self.bucket.write(f"sealed/{name[:2]}/{name}", content)
        else:
            (self.folder / name[:2] / name).write_bytes(content)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, settings, tmp_path: Path) -> Place:
    """The store is this place for the length of a test."""
    settings.MEDIA_STORE_DIR = tmp_path
    if request.param == "folder":
        return Place(tmp_path, None)
    bucket: LocalBucket = request.getfixturevalue("bucket")
    settings.MEDIA_STORE_URL = bucket.url
    return Place(tmp_path, bucket)


def whole(name: str, length: int = 1_000) -> bytes:
    with store.open_object(name, 0, length) as file:
        return file.read(length)


def stored(plain: bytes) -> SealedFile:
    object_id = uuid7()
    name = store.put(sealed.seal(plain, data_key=KEY, object_id=object_id))
    return SealedFile(name, object_id, len(plain), KEY)


def everything() -> list[str]:
    return sorted(store.names_older_than(datetime.now(UTC) + LATER))


def test_what_was_stored_is_there_under_a_random_name(place: Place) -> None:
    first, second = store.put([b"o", b"ne"]), store.put([b"one"])
    assert first != second
    assert {len(first), len(second)} == {2 * store.NAME_BYTES}
    assert place.objects() == {first: b"one", second: b"one"}
    assert whole(first) == b"one"


def test_a_part_is_read_from_its_start_to_its_end(place: Place) -> None:
    name = store.put([bytes(range(100))])
    with store.open_object(name, 10, 30) as file:
        assert file.read(5) + file.read(15) == bytes(range(10, 30))


def test_an_object_is_never_overwritten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda count: "ab" * count)
    name = store.put([b"first"])
    with pytest.raises(StoreAway):
        store.put([b"second"])
    assert place.objects() == {name: b"first"}


def test_a_write_that_fails_leaves_nothing(place: Place) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.put(pieces())
    assert place.objects() == {}


def test_what_is_not_there_is_not_found_and_removing_it_is_harmless(place: Place) -> None:
    name, kept = store.put([b"lost"]), store.put([b"kept"])
    for _ in range(2):
        store.remove([name, ""])
        with pytest.raises(FileNotFoundError):
            store.open_object(name, 0, 4)
    assert place.objects() == {kept: b"kept"}


def test_objects_go_when_what_would_name_them_does_not_commit(place: Place) -> None:
    name, kept = store.put([b"lost"]), store.put([b"kept"])
    with pytest.raises(RuntimeError), store.removed_on_failure([name]):
        raise RuntimeError
    with store.removed_on_failure([kept]):
        pass
    assert place.objects() == {kept: b"kept"}


def test_a_sweep_sees_what_is_old_enough_and_bears_a_name_of_ours(place: Place) -> None:
    names = sorted(store.put([b"x"]) for _ in range(3))
    if place.bucket:  # which may hold what is not ours
        for key in ("sealed/accounts.csv", f"sealed/ab/{'cd' * 16}", f"ab/{'ab' * 16}"):
            place.bucket.write(key, b"")
    assert list(store.names_older_than(datetime.now(UTC) - LATER)) == []
    assert everything() == names


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 0), (CHUNK_BYTES - 1, CHUNK_BYTES), (CHUNK_BYTES, CHUNK_BYTES), (7, 3 * CHUNK_BYTES + 4)],
)
async def test_a_range_of_a_sealed_object_opens_alone(place: Place, start: int, end: int) -> None:
    plain = secrets.token_bytes(3 * CHUNK_BYTES + 5)
    file, span = stored(plain), Span(start, end)
    assert b"".join(read(file, span)) == plain[start : end + 1]
    pieces = [piece async for piece in stream(RangeReader(file, span))]
    assert b"".join(pieces) == plain[start : end + 1]


@pytest.mark.parametrize("left", [0, 39, 50, 40 + SEALED_CHUNK_BYTES, 40 + SEALED_CHUNK_BYTES + 9])
def test_an_object_that_was_cut_does_not_open(place: Place, left: int) -> None:
    plain = secrets.token_bytes(2 * CHUNK_BYTES)
    file = stored(plain)
    place.write(file.name, place.objects()[file.name][:left])
    for span in (Span(0, 2 * CHUNK_BYTES - 1), Span(CHUNK_BYTES, 2 * CHUNK_BYTES - 1)):
        with pytest.raises(Unreadable):
            list(read(file, span))


def test_files_are_ours_alone(settings, tmp_path: Path) -> None:
    settings.MEDIA_STORE_DIR = tmp_path
    store.put([b"one"])
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o600}


# -- a bucket alone -----------------------------------------------------------------------------


@pytest.fixture
def door(bucket: LocalBucket, settings) -> Iterator[Door]:
    """An open door, and the store behind it."""
    with Door(to=("127.0.0.1", bucket.port), port=free_port()) as door:
        settings.MEDIA_STORE_URL = bucket.behind(door.port)
        door.open()
        yield door


def test_a_sweep_sees_more_than_a_page_of_a_bucket(bucket: LocalBucket, settings) -> None:
    settings.MEDIA_STORE_URL = bucket.url
    names = [f"{number:032x}" for number in range(1_001)]
    bucket.write_many(f"sealed/{name[:2]}/{name}" for name in names)
    assert everything() == names


def test_what_was_in_the_folder_is_copied_to_a_bucket_as_it_lies(
    bucket: LocalBucket, settings, tmp_path: Path
) -> None:
    settings.MEDIA_STORE_DIR = tmp_path
    name = store.put([b"kept"])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            bucket.write(f"sealed/{path.relative_to(tmp_path)}", path.read_bytes())
    settings.MEDIA_STORE_URL = bucket.url
    assert whole(name) == b"kept"
    assert everything() == [name]


def test_a_range_fetches_its_chunks_and_no_more(door: Door) -> None:
    plain = secrets.token_bytes(40 * CHUNK_BYTES)
    file = stored(plain)
    for start in (0, 20 * CHUNK_BYTES):
        before = door.carried_bytes
        assert b"".join(read(file, Span(start, start + 9))) == plain[start : start + 10]
        assert door.carried_bytes - before < 2 * CHUNK_BYTES
    before = door.carried_bytes
    assert read_whole(file) == plain
    assert door.carried_bytes - before > len(plain)  # the door counts


def test_a_bucket_that_is_away_is_no_missing_object_and_comes_back(
    door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paywall.vault.store.bucket.SILENT_SECONDS", 0.0)
    name = store.put([b"kept"])
    door.shut()
    asked: list[Callable[[], object]] = [
        lambda: store.put([b"more"]),
        lambda: store.open_object(name, 0, 4),
        everything,
    ]
    for ask in asked:
        with pytest.raises(StoreAway) as away:
            ask()
        assert (away.value.code, away.value.status) == ("busy", 503)
    store.remove([name])  # left to the sweep
    assert "bucket of media does not answer" in caplog.text
    assert name not in caplog.text
    door.open()
    assert whole(name) == b"kept"


NOT_ALLOWED = b"<Error><Code>AccessDenied</Code><Message>said-by-s3</Message></Error>"
ANSWERS = {
    "refused": b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%b"
    % (len(NOT_ALLOWED), NOT_ALLOWED),
    "another bucket": b"HTTP/1.1 404 Not Found\r\nContent-Length: 46\r\n\r\n"
    b"<Error><Code>NoSuchBucket</Code></Error>      ",
    "broken": b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n",
    "cut in the middle": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nke",
    "no HTTP": b"hello\r\n\r\n",
    "silent": b"",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_a_bucket_says_instead_of_an_object_is_one_clear_no(
    answer: str, bucket: LocalBucket, settings, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    from botocore.config import Config

    from paywall.vault.store import bucket as s3

    monkeypatch.setattr(s3, "_CONFIG", s3._CONFIG.merge(Config(read_timeout=0.3)))
    with answering(ANSWERS[answer]) as port:
        settings.MEDIA_STORE_URL = bucket.behind(port)
        with pytest.raises(StoreAway):
            store.open_object("ab" * 16, 0, 4)
        with pytest.raises(StoreAway):
            store.put([b"kept"])
    assert "bucket of media" in caplog.text
    assert "said-by-s3" not in caplog.text
