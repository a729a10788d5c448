"""What the books must prove about messages; `chat.apps` registers these with the ledger.

Each constant is a query that finds what is wrong.
"""

from paywall import ledger

_CAPTURED = """
SELECT paid.id FROM chat_message AS paid
  LEFT JOIN chat_message AS answer ON answer.id = paid.answered_by_id
  JOIN chat_conversation AS place ON place.id = paid.conversation_id
 WHERE paid.money = 'captured' AND (paid.delivered_at IS NULL OR answer.id IS NULL
    OR answer.author_kind <> 'in_person' OR answer.delivered_at IS NULL
    OR answer.conversation_id <> paid.conversation_id OR answer.sender_id <> place.creator_id
    OR answer.seq <= paid.seq)
"""

_HOLDS = """
SELECT message.id, message.money, hold.state FROM chat_message AS message
  LEFT JOIN paywall_hold AS hold ON hold.id = message.hold_id
 WHERE message.money <> 'none' AND (hold.id IS NULL OR hold.amount_cents <> message.price_cents
    OR (message.money = 'reserved') <> (hold.state = 'open')
    OR (message.money = 'captured' AND hold.state <> 'settled'))
"""

_UNCHARGED = """
SELECT message.id, message.state FROM chat_message AS message
 WHERE message.state IN ('expired', 'unsent') AND message.money IN ('reserved', 'captured')
    OR message.state = 'held' AND message.money IN ('captured', 'refunded')
    OR message.state = 'withheld' AND message.money = 'reserved'
    OR message.delivered_at IS NULL AND message.money = 'captured'
"""

_NUMBERS = """
SELECT place.id, place.seq, count(message.id) FROM chat_conversation AS place
  LEFT JOIN chat_message AS message
    ON message.conversation_id = place.id AND message.seq IS NOT NULL
 GROUP BY place.id, place.seq
HAVING count(message.id) <> place.seq OR coalesce(max(message.seq), 0) <> place.seq
"""

# The lists show counters that each command keeps; here they are counted.
_UNREAD = """
SELECT place.id, place.fan_unread, place.creator_unread FROM chat_conversation AS place
  LEFT JOIN chat_message AS message
    ON message.conversation_id = place.id AND message.state = 'delivered'
 GROUP BY place.id
HAVING place.fan_unread <> sum(CASE
       WHEN message.sender_id = place.creator_id AND message.seq > place.fan_read_seq
       THEN 1 ELSE 0 END)
    OR place.creator_unread <> sum(CASE
       WHEN message.sender_id = place.fan_id AND message.seq > place.creator_read_seq
       THEN 1 ELSE 0 END)
"""

# While the clock of what waits stands still, the place in the list does too.
_DUE = """
SELECT place.id, place.due_at, min(message.answer_due_at) FROM chat_conversation AS place
  LEFT JOIN chat_message AS message ON message.conversation_id = place.id
   AND message.money = 'reserved' AND message.state = 'delivered'
 GROUP BY place.id
HAVING (count(message.id) > 0) <> (place.due_at IS NOT NULL)
    OR (count(message.id) = count(message.answer_due_at)
        AND min(message.answer_due_at) <> place.due_at)
"""

# A verdict of `hold` stands until a person releases; another one was said at the send or, over a
# first one that held, by a screening that came later. So a release has exactly one cause.
_RELEASES = """
SELECT message.id, message.verdict FROM chat_message AS message
  LEFT JOIN safety_verdictrecord AS first ON first.subject_id = message.id
 WHERE message.delivered_at IS NOT NULL AND (
       (message.verdict = 'hold' AND NOT EXISTS (
        SELECT 1 FROM safety_decision AS decision
         WHERE decision.case_id = message.case_id AND decision.outcome = 'release'))
    OR (message.verdict <> 'hold' AND first.action = 'hold' AND NOT EXISTS (
        SELECT 1 FROM safety_rescreening AS again
         WHERE again.subject_id = message.id AND again.action = message.verdict
           AND again.content_sha256 = message.body_sha256)))
"""


def register() -> None:
    """Add the proofs of messages to `check_books`."""
    for name, sql in (
        ("a captured message was delivered and answered in person", _CAPTURED),
        ("a message's money is what its hold says", _HOLDS),
        ("a held, expired or unsent message is not charged", _UNCHARGED),
        ("a held message was released by one decision or one screening", _RELEASES),
        ("the numbers of a conversation are dense", _NUMBERS),
        ("what is kept as unread is what is delivered and not read", _UNREAD),
        ("a conversation is listed by the nearest deadline of what waits", _DUE),
    ):
        ledger.register_check(name, ledger.breaches(sql))
