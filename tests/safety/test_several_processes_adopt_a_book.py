"""Several processes start on a new release at once: one stores its book, and all of them start."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from safety.commands import rulebook as lifecycle
from safety.models import PolicyVersion, VersionState
from tests.factories import START
from tests.safety import books
from tests.safety.test_desk_race import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
PROCESSES = 8


def test_one_of_many_puts_it_in_force_and_none_fails(tmp_path: Path, settings: Any):
    settings.SCREENING_RULES_ONLY = True
    book = books.book_of(tmp_path)
    starting = partial(lifecycle.adopt_shipped, book=book, now=START)
    adopted = [version for version in together([starting] * PROCESSES) if version]
    assert [version.sha256 for version in adopted] == [book.sha256]
    (stored,) = PolicyVersion.objects.all()
    assert stored.state == VersionState.ACTIVE
    assert sorted(stored.events.values_list("kind", flat=True)) == ["activated", "shipped"]
