"""A file arrives in parts, survives breaks, and becomes a ready media or a stated technical no."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotFound, Refusal
from accounts.policies import NotCertified
from paywall.commands.media import (
    FileTooBig,
    FileType,
    abandon_uploads,
    delete_media,
    erase_media,
    process_media,
    resume_processing,
    rewrap_keys,
    sweep_store,
)
from paywall.commands.media_sales import unlock
from paywall.commands.uploads import (
    PART_MAX_BYTES,
    PART_MIN_BYTES,
    UPLOADS_OPEN_MAX,
    OffsetMismatch,
    TooManyUploads,
    UploadIdReused,
    receive_part,
    start_upload,
)
from paywall.models import Media, MediaKey, MediaObject
from paywall.queries.media import studio_media, studio_media_page, thumbnail
from paywall.queries.offers import lures_of, offer_facts
from paywall.vault import gate, safe, store
from paywall.vault.keys import Unreadable
from paywall.vault.sealed import sealed_bytes
from paywall.vault.stream import read_whole
from tests.factories import START, make_creator, make_fan
from tests.paywall import pictures, shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path: Path) -> Path:
    settings.MEDIA_STORE_DIR = tmp_path / "media"
    return tmp_path / "media"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def start(creator, size_bytes: int, **fields) -> Media:
    fields = {"client_id": uuid7(), "now": START, **fields}
    return start_upload(creator_id=creator.id, size_bytes=size_bytes, **fields)


def send(creator, media: Media, offset: int, part: bytes) -> Media:
    return receive_part(
        creator_id=creator.id, media_id=media.id, offset=offset, part=part, now=START
    )


def test_a_photo_with_gps_becomes_ready_and_none_of_its_upload_is_left(own_store: Path) -> None:
    creator = make_creator()
    data = pictures.with_everything()
    media = shop.upload(creator, data)
    assert (media.state, media.width, media.height) == ("ready", 600, 800)
    roles = set(MediaObject.objects.filter(media=media).values_list("role", flat=True))
    assert roles == {"served", "thumbnail", "lure"}
    assert list(MediaKey.objects.values_list("kind", flat=True)) == ["media"]
    assert len(files(own_store)) == 2
    for path in files(own_store):
        assert pictures.SECRET not in path.read_bytes()
        assert b"\xff\xd8\xff" not in path.read_bytes()[:64]


@pytest.mark.parametrize(
    ("data", "refusal", "failure"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", FileType, "unknown_format"),
        (pictures.png_claiming(10_000, 7_000), FileTooBig, "pixels"),
        (pictures.jpeg()[:9_000], FileType, "unreadable"),
    ],
)
def test_an_svg_and_70_megapixels_and_damage_are_refused_with_what_is_accepted(
    own_store: Path, data: bytes, refusal: type[Refusal], failure: str
) -> None:
    creator = make_creator()
    with pytest.raises(refusal) as refused:
        shop.upload(creator, data)
    assert refused.value.data["accepted"] == ["JPEG", "PNG", "WebP"]
    assert refused.value.data["max_bytes"] == 25_000_000
    [media] = Media.objects.all()
    assert (media.state, media.failure) == ("failed", failure)
    assert not MediaKey.objects.exists()
    assert files(own_store) == []


def test_the_same_client_id_goes_on_with_the_same_upload_and_not_with_another_size() -> None:
    creator, client_id = make_creator(), uuid7()
    first = start(creator, 100_000, client_id=client_id)
    assert start(creator, 100_000, client_id=client_id).id == first.id
    assert start(make_creator(), 100_000, client_id=client_id).id != first.id
    with pytest.raises(UploadIdReused):
        start(creator, 100_001, client_id=client_id)


def test_an_upload_goes_on_where_it_broke_and_every_other_offset_is_told_the_right_one() -> None:
    creator = make_creator()
    data = pictures.noise(600, 500)
    cuts = [0, PART_MIN_BYTES, 2 * PART_MIN_BYTES + 7, len(data)]
    media = start(creator, len(data))
    for begin, end in pairwise(cuts):
        for wrong in {0, begin + 1, len(data)} - {begin}:
            with pytest.raises(OffsetMismatch) as refused:
                send(creator, media, wrong, data[wrong:end] or b"x")
            assert refused.value.data["offset"] == begin
        media = send(creator, media, begin, data[begin:end])
        assert studio_media(creator_id=creator.id, media_id=media.id).received_bytes == end
    assert media.state == "processing"
    with pytest.raises(OffsetMismatch):
        send(creator, media, 0, data[:PART_MIN_BYTES])
    assert process_media(media_id=media.id, now=START).state == "ready"


def test_each_part_is_stored_sealed_under_a_key_of_its_upload(own_store: Path) -> None:
    creator = make_creator()
    data = pictures.noise(600, 500)
    first, second = start(creator, len(data)), start(creator, len(data))
    for media in (first, second):
        send(creator, media, 0, data[:PART_MIN_BYTES])
    blobs = [path.read_bytes() for path in files(own_store)]
    assert [len(blob) for blob in blobs] == [sealed_bytes(PART_MIN_BYTES)] * 2
    assert blobs[0][40:] != blobs[1][40:]
    assert not any(data[:16] in blob for blob in blobs)
    assert sorted(MediaKey.objects.values_list("kind", flat=True)) == ["upload", "upload"]


@pytest.mark.parametrize("length", [0, PART_MIN_BYTES - 1, PART_MAX_BYTES + 1])
def test_a_part_of_a_wrong_length_is_refused_and_leaves_nothing(
    own_store: Path, length: int
) -> None:
    creator = make_creator()
    media = start(creator, 5_000_000)
    with pytest.raises(Malformed) as refused:
        send(creator, media, 0, bytes(length))
    assert refused.value.data["field"] == "body"
    assert files(own_store) == []
    assert studio_media(creator_id=creator.id, media_id=media.id).received_bytes == 0


def test_no_byte_beyond_the_announced_size_is_taken() -> None:
    creator = make_creator()
    media = start(creator, 100_000)
    with pytest.raises(Malformed):
        send(creator, media, 0, bytes(100_001))
    assert send(creator, media, 0, bytes(100_000)).state == "processing"


def test_sizes_names_and_unfinished_uploads_have_limits() -> None:
    creator = make_creator()
    with pytest.raises(FileTooBig):
        start(creator, gate.MAX_BYTES + 1)
    with pytest.raises(Malformed):
        start(creator, 0)
    with pytest.raises(Malformed):
        start(creator, 1, file_name="x" * 256)
    for _ in range(UPLOADS_OPEN_MAX):
        start(creator, gate.MAX_BYTES)
    with pytest.raises(TooManyUploads):
        start(creator, 1)


def test_only_a_certified_creator_uploads() -> None:
    with pytest.raises(NotCertified):
        start(make_creator(certified=False), 1000)
    assert start(make_creator(), 1000).state == "uploading"


def test_the_media_of_another_creator_is_not_there() -> None:
    owner, other = make_creator(), make_creator()
    unfinished, media = start(owner, 1000), shop.upload(owner)
    with pytest.raises(NotFound):
        send(other, unfinished, 0, bytes(1000))
    for read in (studio_media, thumbnail):
        with pytest.raises(NotFound):
            read(creator_id=other.id, media_id=media.id)
    with pytest.raises(NotFound):
        delete_media(creator_id=other.id, media_id=media.id, now=START)
    assert studio_media_page(creator_id=other.id, before=None, limit=50) == []
    assert read_whole(thumbnail(creator_id=owner.id, media_id=media.id))[8:12] == b"WEBP"


def test_the_vault_is_read_in_pages_newest_first() -> None:
    creator = make_creator()
    made = [start(creator, 1000).id for _ in range(5)]
    page = studio_media_page(creator_id=creator.id, before=None, limit=2)
    assert [media.id for media in page] == [made[4], made[3]]
    rest = studio_media_page(creator_id=creator.id, before=page[-1].id, limit=50)
    assert [media.id for media in rest] == [made[2], made[1], made[0]]


def test_an_upload_left_for_24_hours_is_gone_and_one_a_second_younger_is_not(
    own_store: Path,
) -> None:
    creator = make_creator()
    media = start(creator, 1_000_000)
    send(creator, media, 0, bytes(PART_MIN_BYTES))
    day = timedelta(hours=24)
    assert abandon_uploads(now=START + day - timedelta(seconds=1)) == 0
    assert len(files(own_store)) == 1
    assert abandon_uploads(now=START + day) == 1
    assert files(own_store) == []
    media.refresh_from_db()
    assert (media.state, media.failure) == ("failed", "abandoned")
    assert not MediaKey.objects.exists()


def test_what_a_crash_left_between_the_last_byte_and_the_pictures_is_taken_up_again() -> None:
    creator = make_creator()
    good, bad = pictures.jpeg(), b"<svg/>"
    left = [start(creator, len(data)) for data in (good, bad)]
    for media, data in zip(left, (good, bad), strict=True):
        send(creator, media, 0, data)
    assert resume_processing(now=START + timedelta(seconds=119)) == 0
    taken = [resume_processing(now=START + timedelta(seconds=120)) for _ in range(3)]
    assert taken == [1, 1, 0]
    states = [studio_media(creator_id=creator.id, media_id=media.id).state for media in left]
    assert states == ["ready", "failed"]


def test_an_upload_of_which_a_part_is_lost_fails_and_keeps_nobody_waiting(own_store: Path) -> None:
    creator, data = make_creator(), pictures.jpeg()
    left = [start(creator, len(data)) for _ in range(2)]
    for media in left:
        send(creator, media, 0, data)
    store.remove(MediaObject.objects.filter(media=left[0]).values_list("name", flat=True))
    taken = [resume_processing(now=START + timedelta(minutes=2)) for _ in range(3)]
    assert taken == [1, 1, 0]
    lost, kept = (studio_media(creator_id=creator.id, media_id=media.id) for media in left)
    assert (lost.state, lost.failure, kept.state) == ("failed", "lost", "ready")


def test_processing_twice_changes_nothing(own_store: Path) -> None:
    media = shop.upload(make_creator())
    before = files(own_store)
    again = process_media(media_id=media.id, now=START)
    assert (again.state, files(own_store)) == ("ready", before)


def test_erasing_destroys_the_key_and_from_then_on_nothing_opens(own_store: Path) -> None:
    creator, fan = make_creator(), make_fan()
    media = shop.upload(creator)
    facts = shop.offer(creator, fan, [media], sent=False)
    kept = {path: path.read_bytes() for path in files(own_store)}
    objects = list(MediaObject.objects.filter(media=media))
    assert len(facts.lure) > 20
    erase_media(media_id=media.id, now=START)
    assert files(own_store) == []
    assert not MediaKey.objects.exists()
    for path, blob in kept.items():  # a thief who copied the files and kept the rows
        path.write_bytes(blob)
    MediaObject.objects.bulk_create(objects)
    assert lures_of(media_ids=[media.id]) == {}
    with pytest.raises(Unreadable):
        read_whole(safe.file_of(objects[0]))
    after = offer_facts(offer_ids=[facts.offer_id])[facts.offer_id]
    assert (after.lure, after.sendable) == (b"", False)
    with pytest.raises(NotFound):
        studio_media(creator_id=creator.id, media_id=media.id)


def test_a_deleted_media_is_erased_unless_someone_bought_it() -> None:
    creator, fan = make_creator(), make_fan()
    unsold, sold = shop.upload(creator), shop.upload(creator)
    offer = shop.offer(creator, fan, [sold], price_cents=0)
    unlock(fan_id=fan.id, offer_id=offer.offer_id, client_id=uuid7(), max_price_cents=0, now=START)
    for media, state in ((unsold, "erased"), (sold, "retired")):
        assert delete_media(creator_id=creator.id, media_id=media.id, now=START).state == state
    assert list(MediaKey.objects.values_list("media_id", flat=True)) == [sold.id]


def test_the_sweep_removes_files_that_no_row_names_and_only_those(own_store: Path) -> None:
    media = shop.upload(make_creator())
    store.put([b"orphan"])
    now = datetime.now(UTC)
    assert sweep_store(now=now) == 0  # younger than a day: a row may still come
    assert sweep_store(now=now + timedelta(hours=25)) == 1
    known = set(MediaObject.objects.filter(media=media).values_list("name", flat=True)) - {""}
    assert {path.name for path in files(own_store)} == known


def test_rotating_the_root_key_rewraps_every_key_and_seals_nothing_again(
    settings, own_store: Path
) -> None:
    settings.MEDIA_KEK = "aa" * 32
    creator = make_creator()
    media = shop.upload(creator)
    before = {path: path.read_bytes() for path in files(own_store)}
    settings.MEDIA_KEK = f"2:{'bb' * 32},1:{'aa' * 32}"
    assert rewrap_keys(now=START) == 1
    assert rewrap_keys(now=START) == 0
    settings.MEDIA_KEK = f"2:{'bb' * 32}"  # the old root is gone
    assert read_whole(thumbnail(creator_id=creator.id, media_id=media.id))[8:12] == b"WEBP"
    assert {path: path.read_bytes() for path in files(own_store)} == before
