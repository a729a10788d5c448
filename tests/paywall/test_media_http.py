"""Media over HTTP: the lure alone before paying, the picture after it, one no for all the rest."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from asgiref.sync import async_to_sync
from uuid_utils.compat import uuid7

from paywall.api.media import router
from paywall.commands.media_sales import withdraw_offers
from paywall.models import Media, Unlock
from paywall.queries.media import thumbnail
from paywall.queries.offers import lures_of
from paywall.vault import links
from paywall.vault.links import Subject
from paywall.vault.stream import read_whole
from tests.factories import make_creator, make_fan, make_moderator
from tests.paywall import pictures, shop
from tests.paywall.browser import NOT_FOUND, Sale, Visitor, make_sale, served_bytes

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


# -- uploading ----------------------------------------------------------------------------------


def test_a_creator_uploads_in_parts_goes_on_after_a_break_and_sees_the_result() -> None:
    creator = Visitor(make_creator())
    data = pictures.noise(900, 800)
    announced = {"client_id": str(uuid7()), "size_bytes": len(data), "file_name": "été.jpg"}
    started = creator.ask("POST", "/api/studio/media", body=announced)
    assert (started.status, started.json["state"], started.json["offset"]) == (200, "uploading", 0)
    path = f"/api/studio/media/{started.json['media_id']}"
    half = 200_000
    creator.ask("PATCH", path, body=data[:half], Upload_Offset="0")
    lost = creator.ask("PATCH", path, body=data[:half], Upload_Offset="0")
    assert (lost.status, lost.json["code"], lost.json["offset"]) == (409, "malformed", half)
    assert creator.ask("GET", path).json["offset"] == half
    done = creator.ask("PATCH", path, body=data[half:], Upload_Offset=str(half)).json
    assert (done["state"], done["width"], done["height"]) == ("ready", 900, 800)
    assert creator.ask("GET", "/api/studio/media").json["media"] == [done]
    picture = creator.ask("GET", done["thumbnail_url"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/webp")
    assert picture.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "file_type"),
        (pictures.png_claiming(10_000, 7_000), 413, "file_too_big"),
    ],
)
def test_an_svg_and_a_70_megapixel_picture_are_told_what_is_accepted(
    data: bytes, status: int, code: str
) -> None:
    creator = Visitor(make_creator())
    announced = {"client_id": str(uuid7()), "size_bytes": len(data)}
    started = creator.ask("POST", "/api/studio/media", body=announced).json
    path = f"/api/studio/media/{started['media_id']}"
    refused = creator.ask("PATCH", path, body=data, Upload_Offset="0")
    assert (refused.status, refused.json["code"]) == (status, code)
    assert refused.json["accepted"] == ["JPEG", "PNG", "WebP"]
    assert refused.json["max_pixels"] == 64_000_000
    assert creator.ask("GET", path).json["state"] == "failed"


@pytest.mark.parametrize(
    ("body", "offset", "field"),
    [(b"x", "", "Upload-Offset"), (b"x", "-1", "Upload-Offset"), (bytes(2**21 + 1), "0", "body")],
)
def test_a_part_without_a_true_offset_or_too_long_is_malformed(
    body: bytes, offset: str, field: str
) -> None:
    creator = Visitor(make_creator())
    announced = {"client_id": str(uuid7()), "size_bytes": 9_000_000}
    started = creator.ask("POST", "/api/studio/media", body=announced).json
    path = f"/api/studio/media/{started['media_id']}"
    refused = creator.ask("PATCH", path, body=body, Upload_Offset=offset)
    assert (refused.status, refused.json["field"]) == (422, field)


def test_an_uncertified_creator_and_a_page_of_another_site_upload_nothing() -> None:
    announced = {"client_id": str(uuid7()), "size_bytes": 100}
    refused = Visitor(make_creator(certified=False)).ask(
        "POST", "/api/studio/media", body=announced
    )
    assert (refused.status, refused.json["code"]) == (403, "not_certified")
    forged = Visitor(make_creator(), csrf=True).ask("POST", "/api/studio/media", body=announced)
    assert forged.status == 403
    assert not Media.objects.exists()


# -- nothing but the lure -----------------------------------------------------------------------


def routes(sale: Sale) -> Iterator[tuple[str, str]]:
    """Every route of media, filled with ids that exist."""
    values = {
        "media_id": sale.media.id,
        "offer_id": sale.offer_id,
        "entitlement_id": sale.entitlement_id,
    }
    for path, view in router.path_operations.items():
        filled = re.sub(r"\{\w+:", "{", path).format(**values)
        for operation in view.operations:
            for method in operation.methods:
                yield method, f"/api{filled}"
    for file in (f"{sale.entitlement_id}/0", f"{sale.media.id}/0", "", "../media", "x/y/z"):
        yield "GET", f"/media/{file}"


@pytest.mark.parametrize("who", ["nobody", "another fan", "another creator", "a moderator"])
def test_whoever_did_not_buy_gets_no_pixel_from_any_route(sale: Sale, who: str) -> None:
    makers = {
        "another fan": make_fan,
        "another creator": make_creator,
        "a moderator": make_moderator,
    }
    visitor = Visitor(makers[who]() if who in makers else None)
    small = read_whole(thumbnail(creator_id=sale.creator.id, media_id=sale.media.id))
    lure = lures_of(media_ids=[sale.media.id])[sale.media.id]
    pixels = (served_bytes(sale.media)[:64], small[:64], lure, b64encode(lure))
    asked = list(routes(sale))
    assert len(asked) > 12
    for method, path in asked:
        body = {"client_id": str(uuid7()), "size_bytes": 10} if method == "POST" else b"x"
        answer = visitor.ask(method, path, body=body, Upload_Offset="0")
        assert not any(part in answer.body for part in pixels), (method, path)
        if str(sale.media.id) in path or str(sale.entitlement_id) in path:
            assert answer.status in (401, 403, 404), (method, path)
    sale.media.refresh_from_db()
    assert sale.media.state == "ready"


def test_before_the_unlock_its_fan_sees_the_lure_and_nothing_larger() -> None:
    creator, fan = make_creator(), make_fan()
    media = shop.upload(creator, pictures.jpeg(1200, 900))
    offer = shop.offer(creator, fan, [media])
    visitor = Visitor(fan)
    facts = visitor.ask("GET", f"/api/offers/{offer.offer_id}").json
    assert (facts["price_cents"], facts["media_count"], facts["width"]) == (800, 1, 1200)
    assert facts["lure"] == b64encode(offer.lure).decode()
    assert visitor.ask("GET", f"/api/studio/media/{media.id}/thumbnail").status == 403
    assert visitor.ask("GET", "/api/library").json["entries"] == []
    assert visitor.ask("GET", f"/media/{offer.offer_id}/0").no == NOT_FOUND


# -- after the unlock ---------------------------------------------------------------------------


def test_the_original_is_403_before_and_200_after_and_for_nobody_else(sale: Sale) -> None:
    buyer = Visitor(sale.fan)
    bare = f"/media/{sale.entitlement_id}/0"
    assert buyer.ask("GET", bare).no == NOT_FOUND
    [link] = buyer.ask("POST", f"/api/unlocks/{sale.entitlement_id}/links").json
    assert (link["item"], link["width"], link["height"]) == (0, 1200, 900)
    assert link["type"] == "image/jpeg"
    opened = buyer.ask("GET", link["url"])
    assert (opened.status, opened.body) == (200, served_bytes(sale.media))
    second_session = Visitor(sale.fan)
    for other in (second_session, Visitor(make_fan()), Visitor(sale.creator), Visitor()):
        assert other.ask("GET", link["url"]).no == NOT_FOUND
    assert Visitor(make_fan()).ask("POST", f"/api/unlocks/{sale.entitlement_id}/links").no == (
        403,
        {"code": "not_found", "detail": "Content not available."},
    )


def test_the_answer_is_never_kept_sniffed_or_embedded(sale: Sale, buyer: Visitor) -> None:
    headers = buyer.ask("GET", sale.link(buyer)).headers
    assert {
        name: headers[name]
        for name in (
            "Cache-Control",
            "X-Content-Type-Options",
            "Content-Disposition",
            "Cross-Origin-Resource-Policy",
            "Accept-Ranges",
            "Content-Type",
        )
    } == {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
        "Content-Type": "image/jpeg",
    }


def test_a_link_lives_five_minutes_to_the_second(sale: Sale, buyer: Visitor) -> None:
    now = datetime.now(UTC)
    subject = Subject(sale.entitlement_id, 0, sale.fan.id, buyer.session_key)
    for age, status in ((timedelta(minutes=4, seconds=30), 200), (timedelta(minutes=5), 403)):
        link, _ = links.sign(subject, now=now - age)
        assert buyer.ask("GET", link).status == status


def test_a_link_changed_in_any_part_opens_nothing(sale: Sale, buyer: Visitor) -> None:
    link = urlsplit(sale.link(buyer))
    query = dict(parse_qsl(link.query))
    later = str(int(query["e"]) + 60)
    for path, changes in (
        (link.path, {"e": later}),
        (link.path, {"e": ""}),
        (link.path, {"e": "٣"}),
        (link.path, {"s": query["s"][:-1] + ("0" if query["s"][-1] != "0" else "1")}),
        (link.path, {"s": "é"}),
        (link.path[:-1] + "1", {}),
        (link.path + "0", {}),
        (f"/media/{uuid7()}/0", {}),
        (f"/media/{sale.offer_id}/0", {}),
    ):
        assert buyer.ask("GET", f"{path}?{urlencode(query | changes)}").no == NOT_FOUND
    assert buyer.ask("POST", link.geturl()).no == NOT_FOUND
    assert buyer.ask("GET", link.geturl()).status == 200


def test_signing_out_closes_the_link(sale: Sale, buyer: Visitor) -> None:
    link = sale.link(buyer)
    async_to_sync(buyer.client.alogout)()
    assert buyer.ask("GET", link).no == NOT_FOUND


def test_a_withdrawal_acts_on_the_next_request(sale: Sale, buyer: Visitor) -> None:
    link = sale.link(buyer)
    assert buyer.ask("GET", link, Range="bytes=0-99").status == 206
    message_id = Unlock.objects.get().offer.message_id
    assert message_id is not None
    withdraw_offers(message_ids=[message_id], now=datetime.now(UTC))
    assert buyer.ask("GET", link, Range="bytes=100-199").no == NOT_FOUND


def test_each_session_of_the_buyer_has_links_of_its_own_and_the_library_lists_them(
    sale: Sale,
) -> None:
    phone, laptop = Visitor(sale.fan), Visitor(sale.fan)
    assert sale.link(phone) != sale.link(laptop)
    for visitor in (phone, laptop):
        assert visitor.ask("GET", sale.link(visitor)).status == 200
        [entry] = visitor.ask("GET", "/api/library").json["entries"]
        assert entry["entitlement_id"] == str(sale.entitlement_id)
        assert entry["charged_cents"] == 800
