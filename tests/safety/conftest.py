"""The desk's fake subjects, registered for one test."""

import pytest

from accounts.models import Account
from safety import decisions
from tests.factories import make_fan, make_moderator
from tests.safety.desk import KIND, Parcels


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> Parcels:
    """An app that owns subjects of kind `parcel`, for this test alone."""
    monkeypatch.setattr(decisions, "_handlers", dict(decisions._handlers))
    owner = Parcels()
    decisions.register(KIND, apply=owner.apply, context=owner.context)
    return owner


@pytest.fixture
def fan(db: None) -> Account:
    return make_fan(language="fr")


@pytest.fixture
def moderator(db: None) -> Account:
    return make_moderator(name="M-17")


@pytest.fixture
def colleague(db: None) -> Account:
    return make_moderator(name="M-23")
