"""Pure: what the clients saw against what is stored, one verdict for each rule."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from bench.journal import Journal

SHOWN = 3  # offenders named in a verdict


class Row(NamedTuple):
    """A stored message, as far as the rules ask."""

    message_id: str
    conversation_id: str
    fan_id: str
    creator_id: str
    sender_id: str
    client_id: str
    body: str
    state: str
    seq: int | None
    price_cents: int
    money: str
    hold_id: str
    earned_cents: int


class Verdict(NamedTuple):
    """Whether one rule holds, and the first offenders."""

    name: str
    ok: bool
    detail: str


def reconcile(journal: Journal, rows: Sequence[Row]) -> list[Verdict]:
    """Every rule on these two; each can fail on its own."""
    return [_verdict(name, rule(journal, rows)) for name, rule in RULES.items()]


def _verdict(name: str, offenders: Iterable[str]) -> Verdict:
    found = list(offenders)
    shown = "; ".join(found[:SHOWN])
    return Verdict(name, not found, f"{len(found)}: {shown}" if found else "")


def _by_client_id(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.client_id].append(row)
    return found


def _acknowledged_once(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    stored = _by_client_id(rows)
    for said in journal.said.values():
        if said.acknowledged:
            found = stored.get(said.client_id, [])
            same = [
                row
                for row in found
                if (row.message_id, row.state, row.body, row.sender_id, row.conversation_id)
                == (said.message_id, said.state, said.body, said.sender_id, said.conversation_id)
            ]
            if len(found) != 1 or len(same) != 1:
                yield f"{said.client_id} is stored {len(found)} times, {len(same)} as promised"


def _unanswered_at_most_once(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    stored = _by_client_id(rows)
    for said in journal.said.values():
        count = len(stored.get(said.client_id, []))
        if not said.acknowledged and not said.refused and count > 1:
            yield f"{said.client_id} is stored {count} times"


def _refused_left_nothing(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    stored = _by_client_id(rows)
    for said in journal.said.values():
        if said.refused and not said.acknowledged and said.client_id in stored:
            yield f"{said.client_id} was refused ({said.refused}) and is stored"


def _nothing_came_from_nowhere(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    yield from (f"{r.message_id} was never sent" for r in rows if r.client_id not in journal.said)


def _numbers_are_dense(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.seq is not None:
            numbers[row.conversation_id].append(row.seq)
    for conversation_id, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"{conversation_id} has {len(found)} numbers up to {max(found)}"


def _delivered_is_heard(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    stored: dict[str, dict[str, int]] = {account: {} for account in journal.heard}
    for row in rows:
        if row.state == "delivered" and row.seq is not None:
            for account in (row.fan_id, row.creator_id):
                stored.setdefault(account, {})[row.message_id] = row.seq
    for account, expected in stored.items():
        heard = journal.heard.get(account, {})
        if heard != expected:
            missing, extra = expected.keys() - heard.keys(), heard.keys() - expected.keys()
            yield f"{account} missed {len(missing)} and heard {len(extra)} too many"


def _held_is_silent_and_uncaptured(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    heard = {message for messages in journal.heard.values() for message in messages}
    for row in rows:
        if row.state != "held":
            continue
        if row.message_id in heard:
            yield f"{row.message_id} is held and was heard"
        if row.seq is not None or row.earned_cents or row.money not in ("none", "reserved"):
            yield f"{row.message_id} is held, numbered {row.seq}, its money {row.money}"


def _paid_has_one_hold(journal: Journal, rows: Sequence[Row]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if bool(row.price_cents) != bool(row.hold_id):
            yield f"{row.message_id} costs {row.price_cents} and its hold is {row.hold_id or None}"
        if row.hold_id and row.hold_id in seen:
            yield f"{row.message_id} shares its hold"
        seen.add(row.hold_id)


RULES: dict[str, Callable[[Journal, Sequence[Row]], Iterable[str]]] = {
    "an acknowledged message is stored once, as promised": _acknowledged_once,
    "an unanswered message is stored at most once": _unanswered_at_most_once,
    "a refused message left no row": _refused_left_nothing,
    "every stored message was sent": _nothing_came_from_nowhere,
    "numbers of a conversation are 1 to n": _numbers_are_dense,
    "both sides heard exactly what was delivered": _delivered_is_heard,
    "a held message reached nobody and is not captured": _held_is_silent_and_uncaptured,
    "a paid message has one hold of its own": _paid_has_one_hold,
}
