"""The server refuses to start with payment settings that would pretend."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

pytestmark = pytest.mark.django_db  # the checks of other apps look at the database


def test_the_defaults_start():
    call_command("check")


def test_an_unknown_provider_stops_the_start_in_plain_words(settings):
    settings.PAYMENTS = "gold"
    with pytest.raises(SystemCheckError, match=r"paywall\.E001.*PAYMENTS is 'gold'"):
        call_command("check")


def test_test_cards_on_a_public_server_stop_the_start_unless_they_are_wanted(settings):
    settings.PUBLIC_URL = "https://aparte.example"
    with pytest.raises(SystemCheckError, match=r"paywall\.E001.*PAYMENTS_TEST_ALLOWED=1"):
        call_command("check")
    settings.PAYMENTS_TEST_ALLOWED = True
    call_command("check")
