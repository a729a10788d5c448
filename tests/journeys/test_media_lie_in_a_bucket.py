"""A server whose media lie in a bucket: sold, opened in ranges, and away for a while."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.bucket import CREDENTIALS, LocalBucket
from tests.journeys import studio
from tests.journeys.conftest import require_honest
from tests.paywall import pictures
from tests.processes.doors import Door
from tests.running_server import RunningServer, free_port
from tests.wire import Person, until

BUSY_MACHINE_SECONDS = 60  # it is asked again after five


@pytest.fixture
def door(bucket: LocalBucket) -> Iterator[Door]:
    with Door(to=("127.0.0.1", bucket.port), port=free_port()) as door:
        door.open()
        yield door


@pytest.fixture
def elsewhere(tmp_path: Path, bucket: LocalBucket, door: Door) -> Iterator[RunningServer]:
    """The demo, with its pictures in a bucket behind a door."""
    env = {**CREDENTIALS, "MEDIA_URL": bucket.behind(door.port)}
    with RunningServer(home=tmp_path, env=env, seeded=False) as running:
        yield running
        require_honest(running)


def test_a_picture_is_bought_once_and_opens_whenever_the_bucket_answers(
    elsewhere: RunningServer, bucket: LocalBucket, door: Door
) -> None:
    seeded = bucket.objects()
    assert seeded
    original = pictures.with_everything()
    with (
        Person.new_fan(elsewhere, cents=1_000) as fan,
        Person.of(elsewhere, "creator") as creator,
        fan.socket() as talk,
        creator.socket() as answering,
    ):
        place = fan.open(creator)
        talk.send(place, "May I see it?", most=200)
        offer_id = studio.sell(creator, answering, place, original, cents=800)
        door.shut()
        bought = talk.ask("unlock", offer_id=offer_id, client_id=str(uuid7()), max_price_cents=800)
        assert bought["charged_cents"] == 800  # money does not wait for a bucket
        (link,) = fan.post(f"/api/unlocks/{bought['entitlement_id']}/links").json()
        away = fan.get(link["url"])
        assert (away.status_code, away.json()) == (503, {"code": "busy"})
        refused = studio.upload(creator, original)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        told = httpx.get(f"{elsewhere.url}/readyz", timeout=30).json()
        assert (told["ready"], "media" in told["degraded"]) == (True, True)
        door.open()
        until(lambda: fan.get(link["url"]).status_code == 200, seconds=BUSY_MACHINE_SECONDS)
        told = httpx.get(f"{elsewhere.url}/readyz", timeout=30).json()
        assert "media" not in told["degraded"]
        whole = fan.get(link["url"]).content
        part = fan.get(link["url"], headers={"Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, whole[1_000:2_000])
    new = bucket.objects().keys() - seeded.keys()
    assert len(new) == 2  # what is served, and its thumbnail
    for blob in bucket.objects().values():
        assert not any(plain in blob for plain in (pictures.SECRET, original[:64], whole[-64:]))
    assert not (elsewhere.home / "media").exists()
    log = elsewhere.log.read_text()
    assert "the bucket of media does not answer" in log
    assert not any(key.rpartition("/")[2] in log for key in bucket.objects())
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in log


def test_a_wrong_address_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    secret = "s3://key-of-mine:secret-of-mine@media"
    server = RunningServer(home=tmp_path, env={"MEDIA_URL": secret})
    with server.owning_a_database():
        done = server.manage("check")
    assert done.returncode == 1
    assert "MEDIA_URL holds credentials" in done.stderr
    assert "of-mine" not in done.stdout + done.stderr
