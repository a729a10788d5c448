"""REST of what a creator earned, and of the date at which each cent may be paid out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from accounts.db import in_db
from accounts.web import RefusalOut
from paywall.api.edge import PAGE_LINES, account_id, creator_only
from paywall.queries.earnings import LINES_MAX, Earnings, ReceiptLine
from paywall.queries.earnings import earnings as earnings_query

router = Router(tags=["earnings"])


class EarningsLineOut(Schema):
    """A sale, or a credit note (`kind`) that takes it back: then the parts are taken away."""

    receipt_id: int
    at: datetime
    kind: str
    subject_kind: str
    subject_id: UUID
    fan_id: UUID
    fan_name: str
    gross_cents: int
    vat_rate_percent: int
    vat_cents: int
    creator_cents: int
    reserve_cents: int
    bank_cents: int
    platform_cents: int
    available_at: datetime
    released: bool


class EarningsPageOut(Schema):
    items: list[EarningsLineOut]
    next: int | None


class EarningsOut(Schema):
    """The creator's own part in cents; a day is a day of UTC."""

    today_cents: int
    last_30_days_cents: int
    pending_cents: int
    available_cents: int
    currency: str
    pending_days: int
    lines: EarningsPageOut


@router.get(
    "/studio/earnings",
    response={200: EarningsOut, 403: RefusalOut},
    auth=creator_only,
    operation_id="earnings",
)
async def earnings(
    request: HttpRequest,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=LINES_MAX)] = PAGE_LINES,
) -> Any:
    """Figures and the receipts behind them, newest first; `next` is the `before` to go on with."""
    found: Earnings = await in_db(earnings_query)(
        creator_id=account_id(request), now=timezone.now(), before=before, limit=limit
    )
    return EarningsOut(
        today_cents=found.today_cents,
        last_30_days_cents=found.last_30_days_cents,
        pending_cents=found.pending_cents,
        available_cents=found.available_cents,
        currency=settings.CURRENCY,
        pending_days=settings.EARNINGS_PENDING.days,
        lines=EarningsPageOut(items=[_line_out(line) for line in found.lines], next=found.next),
    )


def _line_out(line: ReceiptLine) -> EarningsLineOut:
    receipt = line.receipt
    own = {name: getattr(receipt, name) for name in _RECEIPT_FIELDS}
    return EarningsLineOut(
        **own,
        receipt_id=receipt.id,
        fan_name=line.fan_name,
        available_at=line.available_at,
        released=receipt.released_at is not None,
    )


_RECEIPT_FIELDS = EarningsLineOut.model_fields.keys() - {
    "receipt_id",
    "fan_name",
    "available_at",
    "released",
}
