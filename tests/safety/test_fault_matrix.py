"""Whatever fails, in whatever order: nothing is delivered without a verdict, and the books balance.

`FAULT_MATRIX_MESSAGES=100000 pytest tests/safety/test_fault_matrix.py` runs it at length.
A server that is killed, or loses its bus, is in `tests/chat/test_kill9_loses_nothing.py`.
"""

import os

import pytest
from django.db import transaction

from bench.verdicts import undecided
from chat.models import Message
from paywall import ledger
from safety.models import VerdictRecord
from safety.screening import content_sha256
from tests.chat.talk import Talk
from tests.safety import books
from tests.safety.fault_matrix import Matrix

MESSAGES = int(os.environ.get("FAULT_MATRIX_MESSAGES", "10000"))
STRUCK = (
    "delivered", "held", "exchanged", "stale", "replaced", "fell back",
    "screened again", "decided", "expired", "edited",
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.timeout(3_600)
def test_in_thousands_of_messages_none_is_delivered_without_a_verdict() -> None:
    with books.own_process():
        matrix = Matrix()
        matrix.run(MESSAGES)
    assert undecided() == []
    assert [check for check in ledger.check_books() if not check.ok] == []
    assert Message.objects.count() >= MESSAGES
    assert [name for name in STRUCK if not matrix.seen[name]] == [], matrix.seen


@pytest.mark.django_db
@pytest.mark.parametrize(
    "theft",
    [
        lambda: VerdictRecord.objects.all().delete(),
        lambda: VerdictRecord.objects.update(content_sha256=content_sha256("other")),
        lambda: VerdictRecord.objects.update(action="hold"),
        lambda: Message.objects.update(body="other"),
    ],
)
def test_the_proof_can_fail(theft) -> None:
    Talk().ask("Bonjour")
    judged = [line for line in undecided() if "no book" not in line]
    assert judged == []  # the verdict of this test names no book
    with transaction.atomic():
        theft()
        assert len([line for line in undecided() if "no book" not in line]) == 1
        transaction.set_rollback(True)
