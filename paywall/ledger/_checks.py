"""Hides how the books are proved: each check is one pass of SQL that returns what is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

EXAMPLES_MAX = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant, named as a sentence, and the first examples of what breaks it."""

    name: str
    ok: bool
    detail: str = ""


type Breaches = Sequence[Sequence[object]]

_checks: dict[str, Callable[[], Breaches]] = {}


def register_check(name: str, function: Callable[[], Breaches]) -> None:
    """Add an invariant of another module: `function` returns the rows that break it, none if none.

    Registering a name again replaces it.
    """
    _checks[name] = function


def check_books() -> list[Check]:
    """Prove every invariant of the money; each answer says whether it holds, and what breaks it."""
    return [_run(name, function) for name, function in (LEDGER_CHECKS | _checks).items()]


def breaches(sql: str) -> Callable[[], Breaches]:
    """A check made of a query that finds what is wrong."""

    def run() -> Breaches:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found: Breaches = cursor.fetchmany(EXAMPLES_MAX)
        return found

    return run


def _run(name: str, function: Callable[[], Breaches]) -> Check:
    found = function()
    shown = "; ".join(", ".join(str(value) for value in row) for row in found[:EXAMPLES_MAX])
    return Check(name, not found, shown)


# Every account of history with its signed entries: the form in which double entry is usually told.
ENTRIES = """
SELECT target_book AS book, target_owner_id AS owner_id, amount_cents AS cents, posting_key
  FROM paywall_transfer
UNION ALL
SELECT source_book, source_owner_id, -amount_cents, posting_key FROM paywall_transfer
"""

_STORED_IS_THE_SUM = f"""
SELECT book, owner_id, sum(cents) AS difference_cents FROM (
  SELECT book, owner_id, cents FROM ({ENTRIES}) AS entries WHERE owner_id IS NOT NULL
  UNION ALL SELECT book, owner_id, -balance_cents FROM paywall_ledgeraccount
) AS both_sides GROUP BY book, owner_id HAVING sum(cents) <> 0
"""

_ALL_SUM_TO_ZERO = f"""
SELECT sum(cents) FROM (
  SELECT cents FROM ({ENTRIES}) AS entries WHERE owner_id IS NULL
  UNION ALL SELECT balance_cents FROM paywall_ledgeraccount
) AS balances HAVING sum(cents) <> 0
"""

_NEGATIVE = f"""
SELECT book, owner_id, sum(cents) FROM ({ENTRIES}) AS entries
 WHERE book NOT IN ('processor_clearing', 'platform_fee')
 GROUP BY book, owner_id HAVING sum(cents) < 0
"""

_HOLD_ENDS = """
SELECT hold.id, hold.state, hold.amount_cents, held.cents, ended.settled, ended.returned
  FROM paywall_hold AS hold
  LEFT JOIN (
    SELECT posting_key, sum(amount_cents) AS cents FROM paywall_transfer
     WHERE target_book = 'escrow' GROUP BY posting_key
  ) AS held ON held.posting_key = 'hold:' || hold.key
  LEFT JOIN (
    SELECT posting_key,
           sum(CASE WHEN target_book = 'fan_wallet' THEN 0 ELSE amount_cents END) AS settled,
           sum(CASE WHEN target_book = 'fan_wallet' THEN amount_cents ELSE 0 END) AS returned
      FROM paywall_transfer WHERE source_book = 'escrow' GROUP BY posting_key
  ) AS ended ON ended.posting_key = 'end:' || hold.key
  LEFT JOIN paywall_archivedposting AS archived ON archived.posting_key = 'hold:' || hold.key
 WHERE archived.posting_key IS NOT NULL AND hold.state = 'open'
    OR archived.posting_key IS NULL AND (coalesce(held.cents, 0) <> hold.amount_cents
    OR coalesce(ended.settled, 0) <> hold.settled_cents
    OR coalesce(ended.returned, 0) <> hold.returned_cents
    OR hold.settled_cents + hold.returned_cents
       <> CASE WHEN hold.state = 'open' THEN 0 ELSE hold.amount_cents END)
"""

_ESCROW = f"""
SELECT sum(cents) FROM (
  SELECT cents FROM ({ENTRIES}) AS entries WHERE book = 'escrow'
  UNION ALL SELECT -amount_cents FROM paywall_hold WHERE state = 'open'
) AS both_sides HAVING sum(cents) <> 0
"""

_RESERVED = """
SELECT owner_id, sum(cents) FROM (
  SELECT owner_id, reserved_cents AS cents FROM paywall_ledgeraccount
  UNION ALL SELECT owner_id, -amount_cents FROM paywall_hold WHERE state = 'open'
) AS both_sides GROUP BY owner_id HAVING sum(cents) <> 0
"""

# What an archive took away it took whole, and once; its closings are transfers like any other.
_ARCHIVED = """
SELECT period.number, period.postings, count(archived.posting_key)
  FROM paywall_archivedperiod AS period
  LEFT JOIN paywall_archivedposting AS archived ON archived.period_id = period.number
 GROUP BY period.number HAVING count(archived.posting_key) <> period.postings
UNION ALL
SELECT archived.period_id, 0, count(*) FROM paywall_archivedposting AS archived
  JOIN paywall_transfer AS transfer ON transfer.posting_key = archived.posting_key
 GROUP BY archived.period_id
"""

LEDGER_CHECKS: dict[str, Callable[[], Breaches]] = {
    "every stored balance is the sum of its transfers": breaches(_STORED_IS_THE_SUM),
    "all balances sum to zero": breaches(_ALL_SUM_TO_ZERO),
    "no user balance, no escrow, no VAT and no reserve is negative": breaches(_NEGATIVE),
    "every hold ends once, and settled plus returned is what it held": breaches(_HOLD_ENDS),
    "escrow is the sum of the open holds": breaches(_ESCROW),
    "what a wallet reserves is the sum of its open holds": breaches(_RESERVED),
    "every archived posting is remembered, and left no transfer behind": breaches(_ARCHIVED),
}
