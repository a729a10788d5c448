"""Messages are ready to be split by conversation: what is asked often names one, and the way there
(docs/decisions, messages by conversation) is walked on a real database."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from chat.commands import Sent, decline_message, mark_read, send_messages, unsend_message
from chat.models import Message
from chat.queries.cards import card_page
from chat.queries.pages import history_page, missed
from paywall import ledger
from safety.screening import Action
from tests.chat.talk import Talk, edit_of, verdict

pytestmark = pytest.mark.django_db

# The one question that cannot name a conversation: was this client_id sent before, anywhere?
REPLAY = '("sender_id", "client_id") IN'


def everything_hot() -> None:
    """What happens all the time in conversations: sending, answering, reading, taking back."""
    talk, other = Talk(cents=2_000), Talk(cents=2_000)
    first = talk.draft(talk.fan, "First")
    for sent in send_messages(drafts=[first, other.draft(other.fan), first], now=talk.now):
        assert not hasattr(sent, "code"), sent
    send_messages(drafts=[first], now=talk.now)  # a replay
    talk.send(talk.draft(talk.fan, "Second", action=Action.HOLD))
    talk.send(talk.draft(talk.creator, "Answer"))
    third = asked(talk, "Third")
    edit_of(talk, third, "Thirdly", verdict(Action.PASS, "Thirdly"))
    mark_read(account_id=talk.creator.id, conversation_id=talk.place.id, seq=1)
    decline_message(
        creator_id=talk.creator.id,
        conversation_id=talk.place.id,
        message_id=third.id,
        now=talk.now,
    )
    last = asked(talk, "Last")
    unsend_message(
        account_id=talk.fan.id, conversation_id=talk.place.id, message_id=last.id, now=talk.now
    )
    for before in (None, 3):
        page = history_page(
            reader_id=talk.fan.id,
            conversation_id=talk.place.id,
            before_seq=before,
            limit=50,
            now=talk.now,
        )
        assert page.messages
    assert missed(reader_id=talk.fan.id, conversation_id=talk.place.id, seq=1)[0]
    for which in ("all", "unread", "waiting"):
        card_page(
            account_id=talk.creator.id,
            role=talk.creator.role,
            which=which,
            before=None,
            now=talk.now,
        )


def asked(talk: Talk, body: str) -> Any:
    """What the fan wrote, without looking it up again."""
    outcome = talk.send(talk.draft(talk.fan, body))
    assert isinstance(outcome, Sent), outcome
    return outcome.message


@contextmanager
def listening() -> Iterator[list[str]]:
    """Every statement on messages, in the order they were asked."""
    heard: list[str] = []

    def listen(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        heard.extend(one for one in apart(sql) if '"chat_message"' in one)
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        yield heard


def apart(sql: str) -> list[str]:
    """The writes that travel as one statement, or the statement."""
    return re.split(r'(?=INSERT INTO "|UPDATE ")', sql)[1:] if sql.startswith("WITH ") else [sql]


def names_a_conversation(sql: str) -> bool:
    """An insert does by its columns; everything else must in its condition."""
    asks = sql if sql.startswith("INSERT") else sql.partition(" WHERE ")[2]
    return re.search(r'"conversation_id"', asks) is not None


def test_what_is_asked_often_of_messages_names_a_conversation() -> None:
    with listening() as heard:
        everything_hot()
    verbs = {sql.split()[0] for sql in heard}
    assert verbs == {"SELECT", "INSERT", "UPDATE"}
    assert sum(REPLAY in sql for sql in heard) > 0
    nameless = [sql for sql in heard if not names_a_conversation(sql) and REPLAY not in sql]
    assert nameless == []


def test_a_question_without_a_conversation_is_noticed() -> None:
    with listening() as heard:
        Message.objects.filter(id=uuid7()).first()
        Message.objects.filter(id=uuid7()).update(body="")
    assert [names_a_conversation(sql) for sql in heard] == [False, False]


PARTITIONS = 4

# As the decision describes it: a table of the same columns and conditions, keys that begin with
# what it is split by, and a register that keeps a client_id unique for its sender for ever.
SPLIT = f"""
ALTER TABLE chat_message RENAME TO chat_message_whole;
CREATE TABLE chat_message (LIKE chat_message_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
  PARTITION BY HASH (conversation_id);
DO $$ BEGIN FOR i IN 0..{PARTITIONS - 1} LOOP
  EXECUTE format('CREATE TABLE chat_message_%s PARTITION OF chat_message'
                 ' FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER %s)', i, i);
END LOOP; END $$;
ALTER TABLE chat_message ADD PRIMARY KEY (conversation_id, id);
CREATE UNIQUE INDEX ON chat_message (conversation_id, seq);
CREATE INDEX ON chat_message (sender_id, client_id);
CREATE INDEX ON chat_message (conversation_id) WHERE money = 'reserved';
CREATE INDEX ON chat_message (answer_due_at) WHERE money = 'reserved';
CREATE INDEX ON chat_message (decide_before) WHERE state = 'held';
CREATE INDEX ON chat_message (conversation_id, sender_id, id) WHERE seq IS NULL;
CREATE TABLE chat_sentkey (
  sender_id uuid, client_id uuid, conversation_id uuid NOT NULL,
  PRIMARY KEY (sender_id, client_id)
) PARTITION BY HASH (sender_id);
CREATE TABLE chat_sentkey_0 PARTITION OF chat_sentkey FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE FUNCTION chat_register() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chat_sentkey VALUES (NEW.sender_id, NEW.client_id, NEW.conversation_id);
  RETURN NEW;
END $$;
CREATE TRIGGER a_sender_uses_a_client_id_once BEFORE INSERT ON chat_message
  FOR EACH ROW EXECUTE FUNCTION chat_register();
INSERT INTO chat_message SELECT * FROM chat_message_whole;
DROP TABLE chat_message_whole
"""


@pytest.mark.postgres
def test_the_product_runs_unchanged_on_messages_split_by_conversation() -> None:
    before = Talk(cents=1_000)
    kept = before.ask("Written before the split")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(SPLIT)
    everything_hot()
    assert Message.objects.get(id=kept.id).body == "Written before the split"
    before.answer()
    assert [check for check in ledger.check_books() if not check.ok] == []


@pytest.mark.postgres
def test_a_page_of_split_messages_looks_into_one_part() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(SPLIT)
        cursor.execute(
            "EXPLAIN SELECT * FROM chat_message WHERE conversation_id = %s AND seq < 100"
            " ORDER BY seq DESC LIMIT 50",
            [uuid7()],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert len(set(re.findall(r"chat_message_\d+(?!\w)", plan))) == 1, plan
