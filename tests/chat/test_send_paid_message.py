"""A fan pays for a message: price, escrow, replay, refusals."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from accounts.errors import Malformed, NotAllowed, NotFound
from accounts.models import Certification
from accounts.policies import NotCertified
from chat.commands import Sent, send_messages
from chat.errors import ClientIdReused, PriceRose, TooManyWaiting
from chat.models import Message
from paywall.commands import prices
from paywall.commands.sales import InsufficientFunds
from safety.screening import Action
from tests.chat.talk import Talk, fresh
from tests.factories import make_fan

pytestmark = pytest.mark.django_db


def test_a_paid_message_is_delivered_and_its_price_waits_in_escrow() -> None:
    talk = Talk(cents=2_000)
    message = talk.ask("Hello")
    assert (message.state, message.seq, message.price_cents) == ("delivered", 1, 200)
    assert talk.wallet == (1_800, 200)
    assert talk.books["escrow"] == 200
    assert message.answer_due_at == talk.now + timedelta(hours=72)


def test_sending_the_same_client_id_again_replays_the_first_outcome() -> None:
    talk = Talk()
    client_id = uuid7()
    first = talk.send(talk.draft(talk.fan, "Hello", client_id=client_id))
    again = talk.send(talk.draft(talk.fan, "Hello", client_id=client_id))
    assert isinstance(first, Sent)
    assert isinstance(again, Sent)
    assert (again.replay, again.message.id, again.message.seq) == (True, first.message.id, 1)
    assert talk.wallet == (1_800, 200)


def test_a_client_id_with_another_text_is_refused() -> None:
    talk = Talk()
    client_id = uuid7()
    talk.ask("Hello", client_id=client_id)
    assert isinstance(
        talk.send(talk.draft(talk.fan, "Goodbye", client_id=client_id)), ClientIdReused
    )
    assert talk.wallet == (1_800, 200)


def test_a_price_above_what_was_agreed_stores_nothing() -> None:
    talk = Talk()
    prices.set_default_price(creator_id=talk.creator.id, cents=300)
    refused = talk.send(talk.draft(talk.fan, most=200))
    assert isinstance(refused, PriceRose)
    assert refused.data == {"price_cents": 300}
    assert Message.objects.count() == 0
    assert talk.wallet == (2_000, 0)


def test_a_price_below_what_was_agreed_charges_the_lower_one() -> None:
    talk = Talk()
    prices.set_default_price(creator_id=talk.creator.id, cents=100)
    assert talk.ask(most=300).price_cents == 100
    assert talk.wallet == (1_900, 100)


def test_a_wallet_that_is_short_is_told_by_how_much() -> None:
    talk = Talk(cents=150)
    refused = talk.send(talk.draft(talk.fan))
    assert isinstance(refused, InsufficientFunds)
    assert refused.data == {"missing_cents": 50}
    assert Message.objects.count() == 0


def test_a_refused_dear_message_does_not_block_a_cheap_one_of_the_same_batch() -> None:
    dear, cheap = Talk(cents=250), None
    cheap = Talk(cents=0, fan=dear.fan)
    prices.set_default_price(creator_id=dear.creator.id, cents=300)
    prices.set_default_price(creator_id=cheap.creator.id, cents=100)
    outcomes = send_messages(
        drafts=[dear.draft(dear.fan, most=300), cheap.draft(dear.fan, most=100)], now=dear.now
    )
    assert isinstance(outcomes[0], InsufficientFunds)
    assert isinstance(outcomes[1], Sent)
    assert dear.wallet == (150, 100)


def test_a_sixth_paid_message_waits_for_an_answer_to_the_first_five() -> None:
    talk = Talk()
    for _ in range(5):
        talk.ask()
    assert isinstance(talk.send(talk.draft(talk.fan)), TooManyWaiting)
    talk.answer()
    assert talk.ask().state == "delivered"


def test_the_limit_holds_inside_one_batch_and_an_answer_in_it_makes_room() -> None:
    talk = Talk()
    asks = [talk.draft(talk.fan, f"{n}") for n in range(6)]
    outcomes = send_messages(drafts=asks, now=talk.now)
    assert [isinstance(o, Sent) for o in outcomes] == [True] * 5 + [False]
    more = [talk.draft(talk.creator, "Yes"), talk.draft(talk.fan, "Thanks")]
    assert all(isinstance(o, Sent) for o in send_messages(drafts=more, now=talk.now))
    assert Message.objects.filter(money="captured").count() == 5


def test_a_replay_inside_one_batch_is_one_message() -> None:
    talk = Talk()
    draft = talk.draft(talk.fan)
    first, second = send_messages(drafts=[draft, draft], now=talk.now)
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert (first.replay, second.replay) == (False, True)
    assert talk.wallet == (1_800, 200)


def test_nobody_writes_to_or_as_an_uncertified_creator() -> None:
    talk = Talk()
    talk.ask()
    Certification.objects.all().delete()
    assert isinstance(talk.send(talk.draft(talk.fan)), NotCertified)
    assert isinstance(talk.send(talk.draft(talk.creator)), NotCertified)


def test_a_creator_does_not_write_first() -> None:
    talk = Talk()
    assert isinstance(talk.send(talk.draft(talk.creator)), NotAllowed)
    talk.ask()
    assert talk.answer().state == "delivered"


def test_a_stranger_finds_no_conversation() -> None:
    talk = Talk()
    assert isinstance(talk.send(talk.draft(make_fan())), NotFound)


@pytest.mark.parametrize("body", ["", "   ", "a\x00b"])
def test_an_empty_or_broken_text_is_malformed(body: str) -> None:
    talk = Talk()
    assert isinstance(talk.send(talk.draft(talk.fan, body)), Malformed)


def test_a_held_message_reserves_its_price_and_takes_no_number() -> None:
    talk = Talk()
    held = talk.ask(action=Action.HOLD)
    assert (held.state, held.seq, held.money) == ("held", None, "reserved")
    assert held.case_id is not None
    assert held.decide_before is not None
    assert held.answer_due_at is None
    assert talk.wallet == (1_800, 200)
    assert talk.ask().seq == 1


def test_a_flagged_message_is_delivered_with_a_case() -> None:
    talk = Talk()
    flagged = talk.ask(action=Action.FLAG)
    assert (flagged.state, flagged.seq) == ("delivered", 1)
    assert flagged.case_id is not None


# SQLite reads one by one. PostgreSQL locks conversations, then wallets with all else that is read.
READS = {"sqlite": 8, "postgresql": 2}
# SQLite writes table by table, and names the rule book the first time. PostgreSQL takes all writes
# as one, but that captured messages wait for the numbers of their receipts.
WRITES = {"sqlite": 9 + 1, "postgresql": 2}
SAVEPOINT = 2  # of this test, around them


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size() -> None:
    def statements(size: int) -> int:
        talks = [Talk() for _ in range(size)]
        for talk in talks:
            talk.ask()
            talk.answer()  # somebody's first money costs a few statements more, once
            talk.ask()
        drafts = [t.draft(sender) for t in talks for sender in (t.fan, t.creator, t.fan, t.creator)]
        tails: dict[object, UUID] = {}
        for number, draft in enumerate(drafts):  # each knows what its sender wrote before
            place = draft.conversation_id, draft.sender_id
            drafts[number] = replace(draft, tail_id=tails.get(place, draft.tail_id))
            tails[place] = draft.message_id
        with CaptureQueriesContext(connection) as queries:
            outcomes = send_messages(drafts=drafts, now=talks[0].now)
        assert all(isinstance(outcome, Sent) for outcome in outcomes)
        assert all(talk.books["escrow"] == 0 for talk in talks)  # each answer captured what waited
        return len(queries)

    statements(1)  # plans and type caches
    expected = READS[connection.vendor] + WRITES[connection.vendor] + SAVEPOINT
    assert statements(1) == statements(12) == expected


def test_refusals_in_a_batch_cost_no_statement_of_their_own() -> None:
    talks = [Talk(cents=1) for _ in range(12)]
    drafts = [t.draft(t.fan, most=most) for t in talks for most in (50, 200)]
    with CaptureQueriesContext(connection) as queries:
        outcomes = send_messages(drafts=drafts, now=talks[0].now)
    codes = {outcome.code for outcome in outcomes if not isinstance(outcome, Sent)}
    assert codes == {"price_changed", "insufficient_funds"}
    assert len(queries) <= READS[connection.vendor] + SAVEPOINT
    assert not Message.objects.exists()


@pytest.mark.postgres
def test_a_conversation_of_which_nothing_was_accepted_is_not_written() -> None:
    rich, poor = Talk(), Talk(cents=1)
    refused = poor.draft(poor.fan)
    before = _version(poor), _version(rich)
    outcomes = send_messages(drafts=[refused, rich.draft(rich.fan)], now=rich.now)
    assert [isinstance(outcome, Sent) for outcome in outcomes] == [False, True]
    assert _version(poor) == before[0]
    assert _version(rich) != before[1]


def _version(talk: Talk) -> str:
    """Of the row, which any write of it changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM chat_conversation WHERE id = %s", [talk.place.id])
        return str(cursor.fetchone()[0])


def test_the_sender_s_other_device_is_screened_with_what_this_one_wrote() -> None:
    talk = Talk()
    stale = talk.draft(talk.fan, "39 98 12 34", action=Action.PASS)
    talk.ask("my number is 06")
    outcome = talk.send(stale)
    assert isinstance(outcome, Sent)
    assert fresh(outcome.message).rule_book != "test"  # screened once more, with the true tail


def test_messages_sent_one_after_the_other_are_screened_once_even_in_one_batch() -> None:
    talk = Talk()
    first = talk.draft(talk.fan, "one")
    second = replace(talk.draft(talk.fan, "two"), tail_id=first.message_id)
    outcomes = send_messages(drafts=[first, second], now=talk.now)
    assert [o.message.rule_book for o in outcomes if isinstance(o, Sent)] == ["test", "test"]


def test_a_number_split_over_two_messages_is_held_even_when_both_are_in_one_batch() -> None:
    talk = Talk()
    first = replace(talk.draft(talk.fan, "06"), tail_id=uuid7())
    stale = replace(talk.draft(talk.fan, "39 98 12 34"), tail_id=uuid7())  # of another device
    outcomes = send_messages(drafts=[first, stale], now=talk.now)
    assert [o.message.state for o in outcomes if isinstance(o, Sent)] == ["delivered", "held"]
