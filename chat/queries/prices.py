"""What the next message costs, why, and whether it may be sent at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from accounts.db import Question, answer
from accounts.errors import Refusal
from accounts.queries import certified
from chat import policies
from chat.models import Conversation, Message, Money
from paywall import ledger, pricing
from paywall.queries.prices import price_rules, which_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The answer that drives a composer; it is worked out again at send."""

    allowed: bool
    price_cents: int
    reason: str  # the rule that set the price, or the code of the refusal
    answer_deadline_hours: int
    ways_in: list[str]
    balance_cents: int
    free_until: datetime | None = None


def quote(*, account_id: UUID, conversation: Conversation, now: datetime) -> Quote:
    """Whether this member may write now, at what price and for which reason."""
    rules = price_rules(pairs={(conversation.creator_id, conversation.fan_id)})
    hours = rules[(conversation.creator_id, conversation.fan_id)].answer_deadline
    from_fan = account_id == conversation.fan_id
    price = current_prices([conversation], now)[conversation.id] if from_fan else None
    refusal = _refusal(conversation, from_fan, price.cents if price else 0, now)
    return Quote(
        allowed=refusal is None,
        price_cents=price.cents if price else 0,
        reason=refusal or (price.reason if price else "free"),
        answer_deadline_hours=int(hours.total_seconds() // 3600),
        ways_in=[] if refusal else ["everyone"],
        balance_cents=ledger.wallet(account_id).balance_cents if from_fan else 0,
        free_until=price.free_until if price else None,
    )


def _refusal(
    conversation: Conversation, from_fan: bool, price_cents: int, now: datetime
) -> str | None:
    try:
        policies.require_open(conversation, arrived_at=now, now=now)
        is_certified = conversation.creator_id in certified([conversation.creator_id])
        policies.require_may_send(conversation, from_fan=from_fan, certified=is_certified)
    except Refusal as refusal:
        return refusal.code
    waiting = Message.objects.filter(conversation_id=conversation.id, money=Money.RESERVED).count()
    if price_cents and waiting >= settings.PAID_MESSAGES_WAITING_MAX:
        return "too_many_waiting"
    return None


def current_prices(
    conversations: Iterable[Conversation], now: datetime
) -> dict[UUID, pricing.Price]:
    """What the fan's next message costs in each conversation, and why."""
    return answer(which_prices(conversations, now))


def which_prices(
    conversations: Iterable[Conversation], now: datetime
) -> Question[dict[UUID, pricing.Price]]:
    """As `current_prices`, to be asked together with others."""
    rows = list(conversations)

    def prices(rules: Mapping[tuple[UUID, UUID], pricing.Rules]) -> dict[UUID, pricing.Price]:
        return {
            c.id: pricing.price(
                rules[(c.creator_id, c.fan_id)],
                creator_wrote_at=c.creator_wrote_at,
                now=now,
                platform_default_cents=settings.MESSAGE_PRICE_DEFAULT_CENTS,
            )
            for c in rows
        }

    return which_rules({(c.creator_id, c.fan_id) for c in rows}).then(prices)
