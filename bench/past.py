"""A past for `aparte bench history`: accounts, conversations and messages, by set-based SQL.

One creator has half of all conversations, one fan has one with every creator, one conversation has
a hundredth of all messages. The others have 50 each, written in turns, so that no page lies
together on disk. Money of this past stands on messages alone: its books are never asked.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection, transaction

MESSAGES_EACH = 50
CREATORS_MAX = 1_000
BODY = "repeat('Une phrase de la longueur que des gens s''écrivent, ni plus ni moins. ', 2)"
LAST = "timestamptz '2026-03-01 12:00+00'"  # the newest message

# Ids as the product makes them: version 7, in the order of time.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION past_id(kind text, n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5(kind || n), 1, 3)
          || '8' || substr(md5(kind || n), 4, 15))::uuid $$
"""


class Past(NamedTuple):
    """How much of everything there is."""

    messages: int

    @property
    def conversations(self) -> int:
        return self.messages // MESSAGES_EACH

    @property
    def fans(self) -> int:
        return max(self.conversations // 2, 1)

    @property
    def creators(self) -> int:
        return max(2, min(CREATORS_MAX, self.conversations // 20))

    @property
    def long(self) -> int:
        """Messages of the one long conversation."""
        return max(self.messages // 100, MESSAGES_EACH)


def build(past: Past) -> None:
    """Fill an empty, migrated PostgreSQL database, whole or not at all: minutes for 10 million."""
    with connection.cursor() as cursor:
        with transaction.atomic():
            for statement in _statements(past):
                cursor.execute(statement)
        cursor.execute("VACUUM (ANALYZE)")


def is_built(past: Past) -> bool:
    """Whether `build` came to its end here: it writes this comment last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('chat_message'::regclass)")
        return bool(cursor.fetchone() == (_mark(past),))


def _statements(past: Past) -> Iterator[str]:
    yield FUNCTIONS
    yield _accounts("fan", past.fans)
    yield _accounts("creator", past.creators)
    yield """
        INSERT INTO accounts_certification (account_id, certified_at, certified_by_id)
        SELECT id, created_at, id FROM accounts_account WHERE role = 'creator'"""
    yield _conversations(past)
    place = "id, fan_id, creator_id, last_at, due_at FROM chat_conversation"
    yield f"CREATE TABLE past_place AS SELECT row_number() OVER () AS n, {place}"
    indexes = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'chat_message'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    yield f"CREATE TABLE past_indexes AS {indexes}"
    yield (
        "DO $$ DECLARE i record; BEGIN FOR i IN SELECT * FROM past_indexes LOOP"
        " EXECUTE format('DROP INDEX %I', i.indexname); END LOOP; END $$"
    )
    for first in range(1, MESSAGES_EACH + 1, 5):
        yield _messages(first, first + 4)
    yield _long_conversation(past)
    yield (
        "DO $$ DECLARE i record; BEGIN FOR i IN SELECT * FROM past_indexes LOOP"
        " EXECUTE i.indexdef; END LOOP; END $$"
    )
    yield "DROP TABLE past_indexes, past_place"
    yield f"COMMENT ON TABLE chat_message IS '{_mark(past)}'"


def _accounts(role: str, count: int) -> str:
    return f"""
        INSERT INTO accounts_account
          (id, password, email, name, role, language, country, is_active, created_at)
        SELECT past_id('{role}', n), '!', '{role}' || n || '@example.org', '{role} ' || n,
               '{role}', 'fr', 'FR', true, {LAST} - interval '1 year'
          FROM generate_series(0, {count - 1}) AS n"""


def _conversations(past: Past) -> str:
    """The first half with creator 0, one fan each; the others with the rest, in turns; and last
    those of fan 0 with everybody. One in ten has something unread, one in twenty waits."""
    return f"""
        INSERT INTO chat_conversation
          (id, fan_id, creator_id, state, seq, fan_read_seq, creator_read_seq, fan_unread,
           creator_unread, fan_wrote, creator_wrote_at, last_body, last_at, listed_at, due_at,
           created_at)
        SELECT past_id('place', n), past_id('fan', fan), past_id('creator', creator), 'open',
               {MESSAGES_EACH}, {MESSAGES_EACH}, {MESSAGES_EACH} - 6 * (n % 10 = 0)::int,
               0, 3 * (n % 10 = 0)::int, true, moment, left({BODY}, 120), moment, moment,
               CASE WHEN n % 20 = 0 THEN moment + interval '3 days' END, moment - interval '90 days'
          FROM (
            SELECT n, CASE WHEN n < {past.conversations} THEN n % {past.fans} ELSE 0 END AS fan,
                   CASE WHEN n < {past.fans} THEN 0 ELSE 1 + n % {past.creators - 1} END AS creator,
                   {LAST} - n * interval '7 seconds' AS moment
              FROM generate_series(0, {past.conversations + past.creators - 2}) AS n
          ) AS numbered
        ON CONFLICT DO NOTHING"""


_COLUMNS = """
  id, conversation_id, sender_id, client_id, sent_sha256, seq, after_seq, state, author_kind, body,
  verdict, rule_book, body_sha256, price_cents, price_reason, vat_rate_percent, answer_seconds,
  money, refund_reason, hold_id, earned_cents, answer_due_at, answered_by_id, sent_at, delivered_at
"""


def _messages(first: int, last: int) -> str:
    """One turn after the other: fan (odd, paid) and creator."""
    numbers = f"generate_series({first}, {last}) AS seq, past_place AS place"
    moment = f"place.last_at - ({MESSAGES_EACH} - seq) * interval '1 hour'"
    waits = f"place.due_at IS NOT NULL AND seq = {MESSAGES_EACH - 1}"
    return f"INSERT INTO chat_message ({_COLUMNS}) " + _rows(
        numbers, moment, waits, "seq * 1000000000::bigint + place.n"
    )


def _long_conversation(past: Past) -> str:
    place = "(SELECT * FROM past_place WHERE id = past_id('place', 0)) AS place"
    numbers = f"generate_series({MESSAGES_EACH + 1}, {past.long}) AS seq, {place}"
    moment = f"place.last_at + seq * interval '1 second' - interval '{past.long} seconds'"
    inserted = f"INSERT INTO chat_message ({_COLUMNS}) " + _rows(
        numbers, moment, "false", f"{MESSAGES_EACH + 2} * 1000000000::bigint + seq"
    )
    marks = ", ".join(f"{name} = {past.long}" for name in ("seq", "fan_read_seq"))
    return f"""
        WITH written AS ({inserted} RETURNING 1)
        UPDATE chat_conversation SET {marks}, creator_read_seq = {past.long} - 6
         WHERE id = past_id('place', 0) AND (SELECT count(*) FROM written) > 0"""


def _rows(numbers: str, moment: str, waits: str, number: str) -> str:
    paid = "seq % 2 = 1"
    return f"""
        SELECT past_id('message', {number}), place.id,
               CASE WHEN {paid} THEN place.fan_id ELSE place.creator_id END, gen_random_uuid(),
               repeat('0', 64), seq, seq - 1, 'delivered', 'in_person', {BODY},
               'pass', 'bench', repeat('0', 64), CASE WHEN {paid} THEN 200 ELSE 0 END, '', 20,
               259200,
               CASE WHEN {waits} THEN 'reserved' WHEN {paid} THEN 'captured' ELSE 'none' END,
               '', CASE WHEN {paid} THEN gen_random_uuid() END,
               CASE WHEN {paid} THEN 133 ELSE 0 END, CASE WHEN {waits} THEN place.due_at END,
               CASE WHEN {paid} THEN gen_random_uuid() END, {moment}, {moment}
          FROM {numbers}"""


def _mark(past: Past) -> str:
    return f"a past of {past.messages} messages"
