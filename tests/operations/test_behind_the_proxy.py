"""The product behind nginx and TLS as shipped: signed in, talking, selling; and nobody forges.

One of the two servers the proxy knows has left: whoever comes is served by the other, unknowing.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from uuid_utils.compat import uuid7
from websockets.exceptions import InvalidStatus

from safety import seal
from tests.journeys import studio
from tests.operations import proxy
from tests.operations.forger import SIGN_UPS_A_MINUTE, sign_ups_as_many_people
from tests.paywall import pictures
from tests.running_server import RunningServer, free_port
from tests.wire import AUTH, Person

pytestmark = pytest.mark.skipif(proxy.program() is None, reason=proxy.MISSING)


@pytest.fixture(scope="module")
def ports() -> proxy.Ports:
    return proxy.Ports(plain=free_port(), tls=free_port(), server=free_port(), gone=free_port())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ports: proxy.Ports) -> Path:
    made = tmp_path_factory.mktemp("nginx")
    proxy.configure(made, ports)
    return made


@pytest.fixture(scope="module")
def front(
    tmp_path_factory: pytest.TempPathFactory, ports: proxy.Ports, folder: Path
) -> Iterator[RunningServer]:
    """A server set up for an https address, seen through the proxy."""
    direct = f"http://127.0.0.1:{ports.server}"
    env = {
        "PUBLIC_URL": f"https://127.0.0.1:{ports.tls}",
        "TRUSTED_PROXIES": "1",
        "PAYMENTS_TEST_ALLOWED": "1",
        "PAYMENT_WEBHOOK_URL": f"{direct}/api/payments/webhook",
        "RULEBOOK_TRUSTED_KEYS": seal.public_key(seal.DEVELOPMENT_KEY),
    }
    home = tmp_path_factory.mktemp("behind")
    with (
        pytest.MonkeyPatch.context() as patch,
        RunningServer(home=home, port=ports.server, env=env) as server,
        proxy.running(folder, ports),
    ):
        patch.setenv("SSL_CERT_FILE", str(folder / "fullchain.pem"))
        yield proxy.in_front_of(server, ports)


def test_nginx_accepts_the_shipped_configuration(folder: Path) -> None:
    done = proxy.check(folder)
    assert done.returncode == 0, done.stderr


def test_people_sign_in_talk_and_buy_through_it(front: RunningServer, folder: Path) -> None:
    with (
        Person.new_fan(front, cents=2_000) as fan,
        Person.of(front, "creator") as creator,
        fan.socket(headers={"Origin": front.url}) as talk,
        creator.socket(headers={"Origin": front.url}) as answering,
    ):
        place = fan.open(creator)
        sent = talk.send(place, "May I see it?")
        assert sent["state"] == "delivered", sent
        answering.wait_for("message_delivered", message_id=sent["message_id"])
        picture = pictures.noise(1_200, 900)
        assert len(picture) > 1024 * 1024  # more than nginx lets in unless it is told to
        offer_id = studio.sell(creator, answering, place, picture, cents=800)
        bought = talk.ask("unlock", offer_id=offer_id, client_id=str(uuid7()), max_price_cents=800)
        (link,) = fan.post(f"/api/unlocks/{bought['entitlement_id']}/links").json()
        whole = fan.get(link["url"])
        assert whole.status_code == 200
        assert Image.open(BytesIO(whole.content)).size == (link["width"], link["height"])
        part = fan.get(link["url"], headers={"Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, whole.content[1000:2000])
        log = (folder / "aparte.log").read_text()
        assert "/media/" in log
        assert link["url"].split("?")[1] not in log
    assert "temporary file" not in (folder / "error.log").read_text()


def test_a_page_of_another_site_opens_no_socket_through_it(front: RunningServer) -> None:
    with Person.of(front, "fan") as fan, pytest.raises(InvalidStatus) as refused:
        fan.socket(headers={"Origin": "https://elsewhere.example"})
    assert refused.value.response.status_code == 403


def test_cookies_are_secure_plain_http_moves_and_inner_pages_stay_inside(
    front: RunningServer, ports: proxy.Ports
) -> None:
    answer = httpx.get(f"{front.url}{AUTH}/session")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    moved = httpx.get(f"http://127.0.0.1:{ports.plain}/rules?x=1")
    assert (moved.status_code, moved.headers["location"]) == (301, f"{front.url}/rules?x=1")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(front.url + path).status_code == 404, path


def test_what_is_too_large_is_refused_before_it_reaches_a_server(front: RunningServer) -> None:
    answer = httpx.post(f"{front.url}/api/payments/webhook", content=b"x" * (2 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_an_address_is_not_forged_through_the_proxy(front: RunningServer) -> None:
    with Person(front, "nobody@new.example") as one, Person(front, "other@new.example") as other:
        answers = sign_ups_as_many_people(one)
        assert answers == [400] * SIGN_UPS_A_MINUTE + [429]
        assert sign_ups_as_many_people(other)[0] == 400
