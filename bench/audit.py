"""Reconciles what the clients saw with the database, and proves the books.

Run as `python -m bench audit` in a bench's world: the journal comes in by standard input, the
checks go out as JSON.
"""

import json
import sys
from typing import Any

from bench.journal import Journal
from bench.reconcile import Row, reconcile
from bench.verdicts import undecided
from chat.models import Conversation, Message
from paywall import ledger


def stored_rows() -> list[Row]:
    """Every message of this world."""
    sides = {c.id: (str(c.fan_id), str(c.creator_id)) for c in Conversation.objects.all()}
    return [
        Row(
            message_id=str(m.id),
            conversation_id=str(m.conversation_id),
            fan_id=sides[m.conversation_id][0],
            creator_id=sides[m.conversation_id][1],
            sender_id=str(m.sender_id),
            client_id=str(m.client_id),
            body=m.body,
            state=m.state,
            seq=m.seq,
            price_cents=m.price_cents,
            money=m.money,
            hold_id=str(m.hold_id or ""),
            earned_cents=m.earned_cents,
        )
        for m in Message.objects.order_by("id").iterator()
    ]


def audit(journal: Journal) -> list[dict[str, Any]]:
    """One entry for each rule of the books and of the messages."""
    books = [(check.name, check.ok, check.detail) for check in ledger.check_books()]
    messages = reconcile(journal, stored_rows())
    wrong = undecided()
    verdicts = ("each delivered text has a verdict", not wrong, "; ".join(wrong[:5]))
    checks = (*books, *messages, verdicts)
    return [{"name": n, "ok": ok, "detail": detail} for n, ok, detail in checks]


def main() -> None:
    """Print the checks of the journal on standard input."""
    print(json.dumps(audit(Journal.from_json(json.load(sys.stdin)))))
