"""Many writers at once, on real connections: nothing is charged twice, nothing deadlocks."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from accounts import metrics
from chat.batching import SendQueue
from chat.commands import Draft, Outcome, Sent, send_messages
from chat.models import Message
from chat.queries.access import lock_conversation
from paywall import ledger
from tests.chat.talk import Talk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(work: Sequence[Callable[[], list[Outcome]]], threads: int) -> list[Outcome]:
    """Run all of this on threads of its own connections; every outcome, in order of the work."""

    def run(one: Callable[[], list[Outcome]]) -> list[Outcome]:
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [outcome for outcomes in pool.map(run, work) for outcome in outcomes]


def test_a_hundred_sends_from_a_wallet_for_sixty_accept_exactly_sixty() -> None:
    first = Talk(cents=60 * 200)
    talks = [first, *(Talk(cents=0, fan=first.fan) for _ in range(24))]
    drafts = [talk.draft(first.fan) for talk in talks for _ in range(4)]
    work = [partial(send_messages, drafts=[draft], now=first.now) for draft in drafts]
    outcomes = at_once(work, threads=8)
    assert sum(isinstance(outcome, Sent) for outcome in outcomes) == 60
    assert {o.code for o in outcomes if not isinstance(o, Sent)} == {"insufficient_funds"}
    assert first.wallet == (0, 60 * 200)
    assert Message.objects.count() == 60


def test_batches_over_the_same_conversations_in_opposite_order_do_not_deadlock() -> None:
    talks = [Talk() for _ in range(12)]
    for talk in talks:
        talk.ask()

    def batch(order: Sequence[Talk]) -> Callable[[], list[Outcome]]:
        drafts = [d for t in order for d in (t.draft(t.creator), t.draft(t.fan))]
        return lambda: send_messages(drafts=drafts, now=talks[0].now)

    outcomes = at_once([batch(talks), batch(talks[::-1])] * 3, threads=6)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert all(check.ok for check in ledger.check_books())


def test_the_same_client_id_on_many_connections_is_one_message() -> None:
    talk = Talk()
    draft = talk.draft(talk.fan)
    outcomes = at_once([lambda: send_messages(drafts=[draft], now=talk.now)] * 8, threads=8)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert sum(o.replay for o in outcomes if isinstance(o, Sent)) == 7
    assert Message.objects.count() == 1
    assert talk.wallet == (1_800, 200)


@pytest.fixture
def queues() -> Iterator[list[SendQueue]]:
    """Four writers, each with the connection that one process would have."""
    made = [SendQueue() for _ in range(4)]
    yield made
    for queue in made:
        queue._writer.submit(close_connection).result()


def close_connection() -> None:
    """Of the thread that calls it: `connection.close` alone would be this one's."""
    connection.close()


def sent_by(queue: SendQueue, drafts: Sequence[Draft]) -> list[Outcome]:
    """What becomes of these drafts, handed to the queue at once on a loop of their own."""

    async def all_of_them() -> list[Outcome]:
        return list(await asyncio.gather(*(queue.submit(draft) for draft in drafts)))

    return asyncio.run(all_of_them())


def test_four_writers_over_the_same_wallets_and_conversations_lose_nothing(
    queues: list[SendQueue],
) -> None:
    fans = [Talk(cents=5_000) for _ in range(3)]
    talks = [*fans, *(Talk(cents=0, fan=talk.fan) for talk in fans for _ in range(2))]
    for talk in talks:
        talk.ask()
    work = []
    for number, queue in enumerate(queues):
        order = talks[number:] + talks[:number]
        drafts = [t.draft(sender) for t in order for sender in (t.fan, t.creator)]
        fresh = [replace(d, client_id=uuid7(), message_id=uuid7()) for d in drafts * 4]
        work.append(partial(sent_by, queue, fresh[:: 1 - 2 * (number % 2)]))
    outcomes = at_once(work, threads=4)
    sent = [outcome for outcome in outcomes if isinstance(outcome, Sent)]
    refused = {o.code for o in outcomes if not isinstance(o, Sent)}
    assert refused <= {"insufficient_funds", "too_many_waiting"}
    assert Message.objects.count() == len(talks) + len(sent)
    for talk in talks:
        rows = Message.objects.filter(conversation_id=talk.place.id)
        assert {row.seq for row in rows} == set(range(1, len(rows) + 1))
    assert all(check.ok for check in ledger.check_books())


def test_a_batch_that_a_deadlock_undid_is_written_again(queues: list[SendQueue]) -> None:
    """Somebody who takes locks in another order: the database ends the batch, not the promise."""
    talks = sorted((Talk() for _ in range(2)), key=lambda talk: talk.place.id)
    drafts = [talk.draft(talk.fan) for talk in talks]
    queues[0]._writer.submit(set_deadlock_timeout, "3s").result()
    tried_again = metrics.COMMIT_RETRIES._value.get()
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        set_deadlock_timeout("60s")  # it is the batch that finds out
        lock_conversation(talks[1].place.id)
        batch = pool.submit(sent_by, queues[0], drafts)
        wait_until_somebody_waits()
        lock_conversation(talks[0].place.id)  # has it once the batch is undone
    outcomes = batch.result(timeout=60)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert metrics.COMMIT_RETRIES._value.get() == tried_again + 1
    assert [talk.wallet for talk in talks] == [(1_800, 200)] * 2


def set_deadlock_timeout(duration: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET deadlock_timeout = '{duration}'")


def wait_until_somebody_waits() -> None:
    """For a lock, in this database."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees it once
            cursor.execute(waiting, [connection.settings_dict["NAME"]])
            if cursor.fetchone():
                return
        time.sleep(0.02)
