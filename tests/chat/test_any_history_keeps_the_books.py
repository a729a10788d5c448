"""Whatever happens, in whatever order, in several conversations: the promises of money hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from accounts.errors import Refusal
from chat.commands import (
    Draft,
    Sent,
    decline_message,
    expire_held,
    mark_read,
    refund_unanswered,
    send_messages,
    unsend_message,
)
from chat.commands.fate import LISTED_EVERY
from chat.models import AuthorKind, Conversation, Message
from paywall import ledger
from safety.models import Case
from safety.screening import Action
from tests.chat.talk import Talk, decide_case, edit_of, verdict

pytestmark = pytest.mark.django_db

WALLET = 1_500
ACTIONS = st.sampled_from([Action.PASS, Action.PASS, Action.PASS, Action.HOLD, Action.FLAG])
PLACES = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("ask"), PLACES, ACTIONS),
    st.tuples(st.just("answer"), PLACES, ACTIONS),
    st.tuples(st.just("other_seal"), PLACES, st.just(Action.PASS)),
    st.tuples(st.just("batch"), PLACES, ACTIONS),
    st.tuples(
        st.sampled_from(
            ["replay", "release", "withhold", "unsend", "take_back", "decline", "read", "read_half"]
        ),
        PLACES,
        st.just(Action.PASS),
    ),
    st.tuples(st.just("change"), PLACES, ACTIONS),
    st.tuples(st.sampled_from(["minute", "hour", "day", "clock"]), PLACES, st.just(Action.PASS)),
)


class History:
    """Three conversations of one fan with one wallet, and everything that may happen in them."""

    def __init__(self) -> None:
        first = Talk(cents=WALLET)
        self.talks = [first, Talk(cents=0, fan=first.fan), Talk(cents=0, fan=first.fan)]
        self.sent: list[Draft] = []
        self.charged: dict[UUID, int] = {}

    def ask(self, talk: Talk, action: Action) -> None:
        self._send([talk.draft(talk.fan, action=action)], talk)

    def answer(self, talk: Talk, action: Action) -> None:
        self._send([talk.draft(talk.creator, action=action)], talk)

    def other_seal(self, talk: Talk, action: Action) -> None:
        self._send([talk.draft(talk.creator, kind=AuthorKind.ASSISTANT)], talk)

    def batch(self, talk: Talk, action: Action) -> None:
        drafts = [t.draft(t.fan, action=action) for t in self.talks]
        self._send([*drafts, talk.draft(talk.creator), drafts[0]], talk)

    def replay(self, talk: Talk, action: Action) -> None:
        if self.sent:
            before = ledger.wallet(talk.fan.id)
            self._send([self.sent[len(self.sent) // 2]], talk)
            assert ledger.wallet(talk.fan.id) == before

    def release(self, talk: Talk, action: Action) -> None:
        self._decide(talk, "release")

    def withhold(self, talk: Talk, action: Action) -> None:
        self._decide(talk, "withhold")

    def unsend(self, talk: Talk, action: Action) -> None:
        message = self._last(talk, sender_id=talk.fan.id)
        if message:
            unsend_message(
                account_id=talk.fan.id,
                conversation_id=talk.place.id,
                message_id=message.id,
                now=talk.now,
            )

    def take_back(self, talk: Talk, action: Action) -> None:
        message = self._last(talk, sender_id=talk.creator.id)
        if message:
            unsend_message(
                account_id=talk.creator.id,
                conversation_id=talk.place.id,
                message_id=message.id,
                now=talk.now,
            )

    def read(self, talk: Talk, action: Action) -> None:
        mark_read(account_id=talk.fan.id, conversation_id=talk.place.id, seq=10_000)

    def read_half(self, talk: Talk, action: Action) -> None:
        half = Conversation.objects.get(id=talk.place.id).seq // 2
        mark_read(account_id=talk.creator.id, conversation_id=talk.place.id, seq=half)

    def change(self, talk: Talk, action: Action) -> None:
        message = self._last(talk, sender_id=talk.fan.id)
        if message:
            edit_of(talk, message, f"{message.body}!", verdict(action, f"{message.body}!"))

    def decline(self, talk: Talk, action: Action) -> None:
        message = self._last(talk, sender_id=talk.fan.id)
        if message:
            decline_message(
                creator_id=talk.creator.id,
                conversation_id=talk.place.id,
                message_id=message.id,
                now=talk.now,
            )

    def minute(self, talk: Talk, action: Action) -> None:
        self._pass_time(timedelta(seconds=40))

    def hour(self, talk: Talk, action: Action) -> None:
        self._pass_time(timedelta(hours=1))

    def day(self, talk: Talk, action: Action) -> None:
        self._pass_time(timedelta(hours=26))

    def clock(self, talk: Talk, action: Action) -> None:
        refund_unanswered(now=talk.now)
        expire_held(now=talk.now)

    def _send(self, drafts: list[Draft], talk: Talk) -> None:
        for draft, outcome in zip(drafts, send_messages(drafts=drafts, now=talk.now), strict=True):
            if isinstance(outcome, Sent) and not outcome.replay:
                assert draft.client_id not in self.charged
                self.charged[draft.client_id] = outcome.message.price_cents
                self.sent.append(draft)

    def _decide(self, talk: Talk, outcome: str) -> None:
        open_cases = Case.objects.filter(state="open", conversation_id=talk.place.id)
        case = open_cases.order_by("id").first()
        if case:
            decide_case(case.id, outcome, now=talk.now)

    def _last(self, talk: Talk, **conditions: Any) -> Message | None:
        rows = Message.objects.filter(conversation_id=talk.place.id, **conditions)
        return rows.order_by("-id").first()

    def _pass_time(self, duration: timedelta) -> None:
        for talk in self.talks:
            talk.now += duration

    def check(self) -> None:
        """The promises, in the words of the product."""
        wrong = [check for check in ledger.check_books() if not check.ok]
        assert not wrong, wrong
        wallet = ledger.wallet(self.talks[0].fan.id)
        messages = list(Message.objects.filter(sender_id=self.talks[0].fan.id))
        captured = sum(m.price_cents for m in messages if m.money == "captured")
        reserved = sum(m.price_cents for m in messages if m.money == "reserved")
        assert (wallet.balance_cents + reserved + captured, wallet.reserved_cents) == (
            WALLET,
            reserved,
        )
        for message in messages:
            if message.money == "captured":
                assert message.delivered_at is not None
                answer = Message.objects.get(id=str(message.answered_by_id))
                assert (answer.author_kind, answer.state) == ("in_person", "delivered")
        for place in Conversation.objects.all():
            assert timedelta(0) <= place.last_at - place.listed_at < LISTED_EVERY
        earned = sum(talk.books["creator"] for talk in self.talks)
        assert earned == sum(m.earned_cents for m in messages if m.money == "captured")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_any_interleaving_keeps_every_promise_about_money(
    steps: list[tuple[str, int, Action]],
) -> None:
    with transaction.atomic():
        history = History()
        for name, place, action in steps:
            step: Callable[[Talk, Action], None] = getattr(history, name)
            try:
                with transaction.atomic():
                    step(history.talks[place], action)
            except Refusal:
                pass  # an expected no: the savepoint undid whatever it had begun
            history.check()
        transaction.set_rollback(True)


BATCH = st.lists(
    st.tuples(
        st.sampled_from(["fan", "fan", "creator"]),
        PLACES,
        st.sampled_from([50, 200, 300]),
        ACTIONS,
        st.sampled_from(["new", "new", "new", "again", "reused", "assistant"]),
    ),
    min_size=1,
    max_size=12,
)
type Wish = tuple[str, int, int, Action, str]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batch=BATCH, cents=st.integers(0, 1_500))
@example(  # the sixth is one too many
    batch=[("fan", 1, 50, Action.PASS, "new")] + [("fan", 1, 200, Action.PASS, "new")] * 6,
    cents=1_000,
)
@example(  # an answer frees the queue, and a held one stops the clock of what it would have paid
    batch=[
        *[("fan", 0, 200, Action.PASS, "new")] * 5,
        ("creator", 0, 0, Action.PASS, "new"),
        ("fan", 0, 200, Action.PASS, "new"),
        ("creator", 0, 0, Action.HOLD, "new"),
        ("fan", 0, 200, Action.PASS, "again"),
    ],
    cents=1_500,
)
def test_a_batch_has_the_outcomes_of_sending_one_by_one(batch: list[Wish], cents: int) -> None:
    assert _outcomes(batch, cents, together=True) == _outcomes(batch, cents, together=False)


def _outcomes(batch: list[Wish], cents: int, *, together: bool) -> list[object]:
    with transaction.atomic():
        first = Talk(cents=cents)
        talks = [first, Talk(cents=0, fan=first.fan), Talk(cents=0, fan=first.fan)]
        drafts = _drafts(batch, talks)
        if together:
            outcomes = send_messages(drafts=drafts, now=first.now)
        else:
            outcomes = [send_messages(drafts=[draft], now=first.now)[0] for draft in drafts]
        told: list[object] = [
            (o.message.seq, o.message.state, o.message.price_cents, o.balance_cents, o.replay)
            if isinstance(o, Sent)
            else o.code
            for o in outcomes
        ]
        told.append(ledger.wallet(first.fan.id))
        told.extend(talk.books for talk in talks)
        told.extend(_stored(drafts))
        transaction.set_rollback(True)
    return told


def _drafts(batch: list[Wish], talks: list[Talk]) -> list[Draft]:
    """Each knows what its sender wrote before in this batch, as on one device."""
    drafts: list[Draft] = []
    tails: dict[tuple[UUID, UUID], UUID] = {}
    for who, place, most, action, kind in batch:
        talk = talks[place]
        sender = talk.fan if who == "fan" else talk.creator
        key = talk.place.id, sender.id
        earlier = [d for d in drafts if (d.conversation_id, d.sender_id) == key]
        if kind in ("again", "reused") and earlier:
            body = earlier[0].body if kind == "again" else "something else"
            draft = replace(talk.draft(sender, body, most=most), client_id=earlier[0].client_id)
        else:
            by = AuthorKind.ASSISTANT if kind == "assistant" and who == "creator" else None
            draft = talk.draft(
                sender, action=action, most=most, kind=by or AuthorKind.IN_PERSON, client_id=uuid7()
            )
        drafts.append(replace(draft, tail_id=tails.get(key)))
        tails[key] = draft.message_id
    return drafts


def _stored(drafts: list[Draft]) -> list[tuple[object, ...]]:
    """What the rows say, by the place in the batch of whoever they name."""
    position = {draft.message_id: number for number, draft in enumerate(drafts)}
    rows = Message.objects.filter(id__in=position).values_list(
        "id", "money", "earned_cents", "answered_by_id", "answer_left_seconds", "answer_due_at"
    )
    return sorted(
        (position[row[0]], row[1], row[2], str(row[3] and position.get(row[3])), *map(str, row[4:]))
        for row in rows
    )
