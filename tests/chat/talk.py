"""A fan and a creator in conversation, by the product's commands and with a clock of ours."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.models import Account
from chat.commands import Draft, Outcome, Sent, edit_message, open_conversation, send_messages
from chat.commands.drafts import attachments_of, words_of
from chat.models import AuthorKind, Conversation, Message, Revision
from chat.queries.rows import AnyMessage
from paywall import ledger
from paywall.ledger import Book, Leg, Place, Posting
from paywall.queries.offers import preview_of
from safety import commands as desk
from safety.screening import Action, Context, Finding, Verdict, content_sha256
from tests.factories import START, make_creator, make_fan, make_moderator

FINDING: dict[str, Any] = {
    "policy": "prost.solicit",
    "rule": "test",
    "view": "folded",
    "reason": "test",
}


def verdict(action: Action, body: str = "", *, offer_id: UUID | None = None) -> Verdict:
    """What screening would say, chosen by the test."""
    finding = Finding(action=action, spans=((0, 1),), severity=2, **FINDING)
    return Verdict(
        action=action,
        findings=() if action is Action.PASS else (finding,),
        version="test",
        content_sha256=content_sha256(body, attachments_of(offer_id)),
    )


def fill_wallet(fan: Account, cents: int) -> None:
    """Money in the fan's wallet, as a top-up would put it there."""
    leg = Leg(Place(Book.PROCESSOR_CLEARING), Place(Book.FAN_WALLET, fan.id), cents)
    with transaction.atomic():
        ledger.post([Posting(f"topup:{uuid7()}", "topup", (leg,), fan.id)], now=START)


class Talk:
    """One conversation; `now` is moved by the test."""

    def __init__(self, *, cents: int = 2_000, fan: Account | None = None) -> None:
        self.now = START
        self.fan = fan or make_fan()
        self.creator = make_creator()
        if cents:
            fill_wallet(self.fan, cents)
        self.place = open_conversation(fan_id=self.fan.id, creator_id=self.creator.id, now=self.now)

    def draft(
        self,
        sender: Account,
        body: str = "Hello",
        *,
        action: Action = Action.PASS,
        most: int = 200,
        client_id: UUID | None = None,
        kind: AuthorKind = AuthorKind.IN_PERSON,
        offer_id: UUID | None = None,
    ) -> Draft:
        """A draft screened as the test says, by a sender who knows what was written before."""
        place = Conversation.objects.get(id=self.place.id)
        preview = preview_of(offer_id=offer_id) if offer_id else ""
        from_fan = sender.id == self.fan.id
        return Draft(
            message_id=uuid7(),
            conversation_id=self.place.id,
            sender_id=sender.id,
            client_id=client_id or uuid7(),
            body=body,
            preview=preview,
            verdict=verdict(action, words_of(body, preview), offer_id=offer_id),
            context=Context(
                sender_role=sender.role,
                language=sender.language,
                country=sender.country,
                attachments=attachments_of(offer_id),
            ),
            sent_at=self.now,
            author_kind=kind,
            max_price_cents=most if from_fan else 0,
            tail_id=place.fan_tail_id if from_fan else place.creator_tail_id,
            offer_id=offer_id,
        )

    def send(self, draft: Draft) -> Outcome:
        (outcome,) = send_messages(drafts=[draft], now=self.now)
        return outcome

    def ask(self, body: str = "Hello", **choices: object) -> Message:
        """The fan writes, and the message is accepted."""
        return self._accepted(self.draft(self.fan, body, **choices))  # type: ignore[arg-type]

    def answer(self, body: str = "Good evening", **choices: object) -> Message:
        """The creator writes, and the message is accepted."""
        return self._accepted(self.draft(self.creator, body, **choices))  # type: ignore[arg-type]

    def _accepted(self, draft: Draft) -> Message:
        outcome = self.send(draft)
        assert isinstance(outcome, Sent), outcome
        return Message.objects.get(id=outcome.message.id)

    def pass_time(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now

    @property
    def wallet(self) -> tuple[int, int]:
        """What the fan can spend, and what waits in escrow."""
        found = ledger.wallet(self.fan.id)
        return found.balance_cents, found.reserved_cents

    @property
    def books(self) -> dict[str, int]:
        """The balances that a capture moves, by book."""
        places = {
            "escrow": Place(Book.ESCROW),
            "creator": Place(Book.CREATOR_PENDING, self.creator.id),
            "vat": Place(Book.VAT_PAYABLE),
            "reserve": Place(Book.CHARGEBACK_RESERVE),
            "platform": Place(Book.PLATFORM_FEE),
        }
        found = ledger.balances(places.values())
        return {name: found[place] for name, place in places.items()}


def edit_of(talk: Talk, message: AnyMessage, body: str, judged: Verdict) -> Revision:
    """The revision that its author's edit left, a little later."""
    edit_message(
        account_id=message.sender_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        body=body,
        verdict=judged,
        language="fr",
        now=talk.pass_time(seconds=10),
    )
    return Revision.objects.filter(message_id=message.id).latest("at")


def fresh(message: AnyMessage) -> Message:
    """The message as the database has it now."""
    return Message.objects.get(id=message.id)


def decide(
    message: AnyMessage, outcome: str, *, now: datetime, payee_at_fault: bool = False
) -> None:
    """A moderator claims the message's case, looks at it, and decides."""
    assert message.case_id is not None
    decide_case(message.case_id, outcome, now=now, payee_at_fault=payee_at_fault)


def decide_case(
    case_id: UUID, outcome: str, *, now: datetime, payee_at_fault: bool = False
) -> None:
    moderator = make_moderator()
    lease = desk.claim(case_id=case_id, moderator_id=moderator.id, now=now)
    desk.open_evidence(case_id=case_id, moderator_id=moderator.id, now=now)
    desk.decide(
        case_id=case_id,
        moderator_id=moderator.id,
        lease_token=lease.token,
        outcome=outcome,  # type: ignore[arg-type]
        rule="prost.solicit",
        reason="It proposes a paid meeting.",
        payee_at_fault=payee_at_fault,
        now=now,
    )
