"""The stored life of one message: what happened to it, when, and by which row. Never its text."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts.errors import NotFound
from chat.models import Message, Money, Revision
from paywall.models import Hold, HoldState, Receipt, Transfer
from safety.models import Case, CaseEvent, Decision, Rescreening, VerdictRecord


class Moment(NamedTuple):
    """Something that happened at a time; the facts are ids, codes, versions and cents."""

    at: datetime
    what: str
    facts: Mapping[str, object]


def life_of(message_id: UUID) -> list[Moment]:
    """Every stored moment of a message, oldest first. Raises `NotFound`."""
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        raise NotFound("No such message.")
    moments = [*_fate(message), *_verdicts(message), *_cases(message_id), *_money(message)]
    return sorted(moments, key=lambda moment: moment.at)


def _fate(message: Message) -> Iterator[Moment]:
    yield Moment(
        message.sent_at,
        "sent",
        {
            "client_id": message.client_id,
            "conversation": message.conversation_id,
            "sender": message.sender_id,
            "author": message.author_kind,
            "price_cents": message.price_cents,
            "body_sha256": message.body_sha256,
        },
    )
    if message.delivered_at:
        number = {"seq": message.seq, "answer_due_at": message.answer_due_at}
        yield Moment(message.delivered_at, "delivered", number)
    for revision in Revision.objects.filter(message_id=message.id):
        facts = {"revision": revision.id, "state": revision.state, "verdict": revision.verdict}
        yield Moment(revision.at, "revised", facts)
    if message.ended_at:
        yield Moment(message.ended_at, message.state, {"refund_reason": message.refund_reason})


def _verdicts(message: Message) -> Iterator[Moment]:
    first = VerdictRecord.objects.filter(message_id=message.id).select_related("under")
    again = Rescreening.objects.filter(subject_id=message.id).select_related("under")
    for what, records in (("judged", first), ("judged again", again)):
        for record in records:
            facts = {
                "action": record.action,
                "cause": record.cause,
                "rules": record.rules,
                "version": record.under.version,
                "model": record.under.model[:12],
            }
            yield Moment(record.at, what, facts)


def _cases(message_id: UUID) -> Iterator[Moment]:
    revisions = Revision.objects.filter(message_id=message_id).values("id")
    subjects = [message_id, *(row["id"] for row in revisions)]
    cases = Case.objects.filter(subject_id__in=subjects)
    for case in cases:
        facts = {"case": case.id, "policy": case.policy, "decide_before": case.decide_before}
        yield Moment(case.opened_at, "case opened", facts)
    for event in CaseEvent.objects.filter(case__in=cases):
        yield Moment(event.at, f"case {event.kind}", {"case": event.case_id})
    for decision in Decision.objects.filter(case__in=cases):
        facts = {"case": decision.case_id, "outcome": decision.outcome, "rule": decision.rule}
        yield Moment(decision.at, "decided", facts)


def _money(message: Message) -> Iterator[Moment]:
    if message.money == Money.NONE or message.hold_id is None:
        return
    for hold in Hold.objects.filter(id=message.hold_id):
        facts = {"hold": hold.id, "cents": hold.amount_cents}
        yield Moment(hold.created_at, "money reserved", facts)
        if hold.state != HoldState.OPEN and hold.ended_at:
            yield Moment(hold.ended_at, f"money {hold.state}", {"hold": hold.id})
    receipts = Receipt.objects.filter(subject_id=message.id).order_by("id")
    for receipt in receipts:
        facts = {"receipt": receipt.id, "cents": receipt.gross_cents}
        yield Moment(receipt.at, receipt.kind.replace("_", " "), facts)
    keys = {f"hold:message:{message.id}", f"end:message:{message.id}"}
    keys |= {receipt.posting_key for receipt in receipts}
    for transfer in Transfer.objects.filter(posting_key__in=keys).order_by("posting_key", "leg"):
        facts = {
            "transfer": transfer.id,
            "from": transfer.source_book,
            "to": transfer.target_book,
            "cents": transfer.amount_cents,
        }
        yield Moment(transfer.at, "transfer", facts)
