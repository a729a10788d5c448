"""Media in a bucket: sold from there as ciphertext; while it is away nothing bought is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from uuid_utils.compat import uuid7

from paywall.api import media_files
from paywall.commands.media import delete_media, process_media, resume_processing, sweep_store
from paywall.commands.uploads import receive_part, start_upload
from paywall.models import Media, MediaKey
from paywall.vault import store
from tests.bucket import LocalBucket
from tests.factories import START, make_creator
from tests.paywall import pictures, shop
from tests.paywall.browser import NOT_FOUND, Visitor, make_sale, put_served, served_bytes
from tests.processes.doors import Door
from tests.running_server import free_port
from tests.wire import until

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = (503, "busy")


@pytest.fixture(autouse=True)
def door(bucket: LocalBucket, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The bucket is the store, behind a door that is open at first; it is asked again at once."""
    monkeypatch.setattr("paywall.vault.store.bucket.SILENT_SECONDS", 0.0)
    with Door(to=("127.0.0.1", bucket.port), port=free_port()) as door:
        settings.MEDIA_STORE_URL = bucket.behind(door.port)
        door.open()
        yield door


def test_a_picture_is_sold_from_the_bucket_in_ranges(bucket: LocalBucket) -> None:
    sale = make_sale()
    plain = bytes(range(250)) * 2_000
    put_served(sale.media, plain)
    buyer = Visitor(sale.fan)
    part = buyer.ask("GET", sale.link(buyer), Range="bytes=200000-299999")
    assert (part.status, part.body) == (206, plain[200_000:300_000])
    assert buyer.ask("GET", sale.link(buyer)).body == plain
    assert not any(plain[:16] in blob for blob in bucket.objects().values())


def test_nothing_in_the_bucket_can_be_read_without_the_keys(bucket: LocalBucket) -> None:
    creator, data = make_creator(), pictures.with_everything()
    media = start_upload(creator_id=creator.id, client_id=uuid7(), size_bytes=len(data), now=START)
    receive_part(creator_id=creator.id, media_id=media.id, offset=0, part=data, now=START)
    seen = dict(bucket.objects())  # the upload as it came
    process_media(media_id=media.id, now=START)
    seen |= bucket.objects()  # and the picture that was made of it
    media.refresh_from_db()
    assert (media.state, len(seen)) == ("ready", 3)
    served = served_bytes(media)
    for blob in seen.values():
        assert blob.startswith(b"APM1")
        for plain in (pictures.SECRET, b"Exif\0\0", data[-64:], served[:64], served[-64:]):
            assert plain not in blob


def test_while_the_bucket_is_away_a_buyer_is_told_to_come_back(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(media_files, "STREAMS_PER_ACCOUNT", 1)
    sale = make_sale()
    buyer, creator = Visitor(sale.fan), Visitor(sale.creator)
    link = sale.link(buyer)
    door.shut()
    for _ in range(2):  # an attempt that failed keeps no place
        no = buyer.ask("GET", link)
        assert no.no == (503, {"code": "busy"})
        assert no.headers["Retry-After"] == "1"
    no = creator.ask("GET", f"/api/studio/media/{sale.media.id}/thumbnail")
    assert (no.status, no.json["code"]) == BUSY
    assert "Traceback" not in caplog.text
    [entry] = buyer.ask("GET", "/api/library").json["entries"]
    assert entry["entitlement_id"] == str(sale.entitlement_id)
    door.open()
    assert buyer.ask("GET", link).body == served_bytes(sale.media)


def test_a_sold_file_that_is_lost_is_not_available_and_the_log_names_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sale = make_sale()
    buyer = Visitor(sale.fan)
    store.remove(list(store.names_older_than(datetime.now(UTC) + timedelta(days=1))))
    assert buyer.ask("GET", sale.link(buyer)).no == NOT_FOUND
    assert "a sold file does not open" in caplog.text


def test_a_bucket_that_does_not_answer_is_left_alone_for_a_while(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("paywall.vault.store.bucket.SILENT_SECONDS", 2.0)
    sale = make_sale()
    buyer = Visitor(sale.fan)
    link = sale.link(buyer)
    door.shut()
    assert not store.silent()
    assert buyer.ask("GET", link).status == 503
    assert store.silent()
    for _ in range(20):  # each would cost a thread its whole patience
        assert buyer.ask("GET", link).no == (503, {"code": "busy"})
    assert caplog.text.count("does not answer") == 1
    door.open()
    assert buyer.ask("GET", link).status == 503  # not yet
    until(lambda: buyer.ask("GET", link).status == 200)
    assert not store.silent()
    assert caplog.text.count("answers again") == 1


def test_an_upload_goes_on_when_the_bucket_is_back(door: Door) -> None:
    creator, data = Visitor(make_creator()), pictures.jpeg()
    announced = {"client_id": str(uuid7()), "size_bytes": len(data)}
    path = "/api/studio/media/" + creator.ask("POST", "/api/studio/media", body=announced).json[
        "media_id"
    ]  # fmt: skip
    door.shut()
    no = creator.ask("PATCH", path, body=data, Upload_Offset="0")
    assert (no.status, no.json["code"]) == BUSY
    assert creator.ask("GET", path).json["offset"] == 0
    door.open()
    done = creator.ask("PATCH", path, body=data, Upload_Offset="0").json
    assert done["state"] == "ready"


def test_what_had_arrived_is_processed_when_the_bucket_is_back(door: Door) -> None:
    creator, data = make_creator(), pictures.jpeg()
    media = start_upload(creator_id=creator.id, client_id=uuid7(), size_bytes=len(data), now=START)
    receive_part(creator_id=creator.id, media_id=media.id, offset=0, part=data, now=START)
    door.shut()
    assert process_media(media_id=media.id, now=START).state == "processing"
    assert MediaKey.objects.count() == 1  # of the upload, which still opens
    door.open()
    resume_processing(now=START + timedelta(minutes=2))
    assert Media.objects.get().state == "ready"


def test_what_is_deleted_while_the_bucket_is_away_opens_no_more_and_is_swept(
    door: Door, bucket: LocalBucket
) -> None:
    creator = make_creator()
    media = shop.upload(creator)
    door.shut()
    assert delete_media(creator_id=creator.id, media_id=media.id, now=START).state == "erased"
    assert not MediaKey.objects.exists()
    assert len(bucket.objects()) == 2
    door.open()
    assert sweep_store(now=datetime.now(UTC) + timedelta(hours=25)) == 2
    assert bucket.objects() == {}


# -- the setting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "s3://media",
        "s3://media/",
        "s3://media/eu/sealed",
        "s3://my.media-2/eu?region=eu-west-3",
        "s3://media?endpoint=https://s3.example:9000&region=auto",
    ],
)
def test_an_address_of_a_bucket_starts_whether_or_not_it_answers(settings, url: str) -> None:
    settings.MEDIA_STORE_URL = url
    call_command("check")


@pytest.mark.parametrize(
    "url",
    [
        "s3://key-of-mine:secret-of-mine@media/eu",
        "s3://media?endpoint=https://key-of-mine:secret-of-mine@s3.example",
    ],
)
def test_credentials_in_the_address_are_refused_and_not_repeated(settings, url: str) -> None:
    settings.MEDIA_STORE_URL = url
    with pytest.raises(SystemCheckError, match=r"paywall\.E002.*AWS_SECRET_ACCESS_KEY") as refused:
        call_command("check")
    assert "of-mine" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "media",
        "https://s3.example/media",
        "s3://",
        "s3:///eu",
        "s3://Media",
        "s3://media:9000",
        "s3://media#eu",
        "s3://media/e u",
        "s3://media?secret_access_key=secret-of-mine",
        "s3://media?region",
        "s3://media?endpoint=s3.example",
        "s3://media?endpoint=https://",
        "s3://media?endpoint=http://[",
        "s3://media?endpoint=https://s3.example:port",
    ],
)
def test_another_address_is_refused_with_the_form_it_has(settings, url: str) -> None:
    settings.MEDIA_STORE_URL = url
    with pytest.raises(SystemCheckError, match=r"paywall\.E002.*MEDIA_URL") as refused:
        call_command("check")
    assert "of-mine" not in str(refused.value)


def test_without_the_extra_it_is_named(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "paywall.vault.store.bucket", raising=False)
    settings.MEDIA_STORE_URL = "s3://without-the-extra"
    with pytest.raises(SystemCheckError, match=r"paywall\.E002.*aparte\[s3\]"):
        call_command("check")
