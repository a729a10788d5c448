"""Without a proxy of ours, what a client claims about itself in a header is not read."""

import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.test import RequestFactory

from tests.operations.forger import SIGN_UPS_A_MINUTE, sign_ups_as_many_people
from tests.running_server import RunningServer
from tests.wire import Person

CLAIMS = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Proto": "https"}


def test_a_forged_address_does_not_buy_more_tries(server: RunningServer) -> None:
    with Person(server, "nobody@new.example") as one:
        answers = sign_ups_as_many_people(one)
    assert answers == [400] * SIGN_UPS_A_MINUTE + [429]


def test_by_default_neither_address_nor_https_is_taken_from_a_header() -> None:
    request = RequestFactory().get("/", headers=CLAIMS, REMOTE_ADDR="203.0.113.9")
    assert get_client_ip(request) == "203.0.113.9"
    assert not request.is_secure()


@pytest.mark.parametrize(("proxies", "address"), [(1, "192.0.2.2"), (2, "192.0.2.1")])
def test_behind_proxies_the_address_is_the_one_the_outermost_of_ours_saw(
    settings, proxies: int, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", headers=CLAIMS, REMOTE_ADDR="127.0.0.1")
    assert get_client_ip(request) == address
    assert request.is_secure()
