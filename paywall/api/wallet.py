"""REST of the wallet: balance, history, receipts and top-ups."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.db import in_db
from accounts.web import RefusalOut
from paywall import ledger
from paywall.api.edge import PAGE_LINES, account_id, fan_only, fan_or_creator
from paywall.commands import topups
from paywall.gateway import gateway
from paywall.queries.earnings import ReceiptLine, receipt_for
from paywall.queries.topups import topup_for
from paywall.queries.wallet_lines import LINES_MAX, wallet_lines

router = Router(tags=["wallet"])

Limit = Annotated[int, Query(ge=1, le=LINES_MAX)]


class TestCardOut(Schema):
    """A card number of test mode; `outcome` is the state of a payment begun with it."""

    number: str
    label_fr: str
    label_en: str
    outcome: str


class WalletOut(Schema):
    balance_cents: int
    reserved_cents: int
    currency: str
    topup_min_cents: int
    topup_max_cents: int
    ceiling_cents: int
    presets_cents: list[int]
    test_cards: list[TestCardOut]


class WalletLineOut(Schema):
    """`kind` is the ledger's word, `what` the other person's name where there is one.

    `archived_until`: this one line stands for all that was archived up to then.
    """

    id: UUID
    at: datetime
    kind: str
    what: str
    in_cents: int
    out_cents: int
    balance_cents: int
    receipt_id: int | None
    archived_until: datetime | None


class WalletLinesOut(Schema):
    items: list[WalletLineOut]
    next: UUID | None


class ReceiptOut(Schema):
    """A captured price and its parts, which sum to it; a credit note has the lines it reverses."""

    id: int
    kind: str
    subject_kind: str
    subject_id: UUID
    at: datetime
    fan_id: UUID
    fan_name: str
    creator_id: UUID
    creator_name: str
    currency: str
    gross_cents: int
    vat_rate_percent: int
    vat_cents: int
    creator_cents: int
    reserve_cents: int
    bank_cents: int
    platform_cents: int
    available_at: datetime
    reverses_id: int | None


class TopUpIn(Schema):
    client_id: UUID
    amount_cents: int
    card_number: Annotated[str, Field(max_length=32)]


class ChallengeIn(Schema):
    approve: bool


class TopUpOut(Schema):
    """`requires_action`: show the bank's question, then answer it. Only `succeeded` is money."""

    id: UUID
    client_id: UUID
    amount_cents: int
    state: Literal["started", "requires_action", "succeeded", "declined"]
    decline_code: str
    challenge: str
    created_at: datetime
    credited_at: datetime | None


@router.get(
    "/wallet",
    response={200: WalletOut, 403: RefusalOut},
    auth=fan_only,
    operation_id="wallet",
)
async def wallet(request: HttpRequest) -> Any:
    """What can be spent, what waits in escrow, and the bounds of a top-up."""
    return await in_db(_wallet_out)(account_id(request))


@router.get(
    "/wallet/lines",
    response={200: WalletLinesOut, 403: RefusalOut},
    auth=fan_only,
    operation_id="wallet_lines",
)
async def lines(request: HttpRequest, before: UUID | None = None, limit: Limit = PAGE_LINES) -> Any:
    """The wallet's history, newest first; `next` is the `before` of the following page."""
    return await in_db(wallet_lines)(owner_id=account_id(request), before=before, limit=limit)


@router.get(
    "/receipts/{int:receipt_id}",
    response={200: ReceiptOut, 403: RefusalOut, 404: RefusalOut},
    auth=fan_or_creator,
    operation_id="receipt",
)
async def receipt(request: HttpRequest, receipt_id: int) -> Any:
    """Every part of a captured price, for the two people it concerns."""
    found = await in_db(receipt_for)(account_id=account_id(request), receipt_id=receipt_id)
    return receipt_out(found)


@router.post(
    "/wallet/topups",
    response={
        200: TopUpOut,
        402: RefusalOut,
        403: RefusalOut,
        409: RefusalOut,
        422: RefusalOut,
        503: RefusalOut,
    },
    auth=fan_only,
    operation_id="start_topup",
)
async def start_topup(request: HttpRequest, body: TopUpIn) -> Any:
    """Begin a top-up. The same client_id again never pays twice; the wallet changes by webhook."""
    return await in_db(topups.start_topup)(
        account_id=account_id(request),
        client_id=body.client_id,
        amount_cents=body.amount_cents,
        card=body.card_number,
        now=timezone.now(),
    )


@router.get(
    "/wallet/topups/{uuid:topup_id}",
    response={200: TopUpOut, 403: RefusalOut, 404: RefusalOut},
    auth=fan_only,
    operation_id="topup",
)
async def topup(request: HttpRequest, topup_id: UUID) -> Any:
    """Where a top-up stands."""
    return await in_db(topup_for)(account_id=account_id(request), topup_id=topup_id)


@router.post(
    "/wallet/topups/{uuid:topup_id}/challenge",
    response={200: TopUpOut, 403: RefusalOut, 404: RefusalOut, 503: RefusalOut},
    auth=fan_only,
    operation_id="answer_challenge",
)
async def challenge(request: HttpRequest, topup_id: UUID, body: ChallengeIn) -> Any:
    """Answer the bank's question; a second answer changes nothing."""
    return await in_db(topups.answer_challenge)(
        account_id=account_id(request),
        topup_id=topup_id,
        approve=body.approve,
        now=timezone.now(),
    )


def receipt_out(line: ReceiptLine) -> ReceiptOut:
    """A receipt as both sides of it read it."""
    receipt = line.receipt
    own = {name: getattr(receipt, name) for name in _RECEIPT_FIELDS}
    return ReceiptOut(
        **own,
        fan_name=line.fan_name,
        creator_name=line.creator_name,
        currency=settings.CURRENCY,
        available_at=line.available_at,
    )


_RECEIPT_FIELDS = ReceiptOut.model_fields.keys() - {
    "fan_name",
    "creator_name",
    "currency",
    "available_at",
}


def _wallet_out(owner_id: UUID) -> WalletOut:
    balance_cents, reserved_cents = ledger.wallet(owner_id)
    return WalletOut(
        balance_cents=balance_cents,
        reserved_cents=reserved_cents,
        currency=settings.CURRENCY,
        topup_min_cents=settings.TOPUP_MIN_CENTS,
        topup_max_cents=settings.TOPUP_MAX_CENTS,
        ceiling_cents=settings.WALLET_CEILING_CENTS,
        presets_cents=list(settings.TOPUP_PRESETS_CENTS),
        test_cards=[TestCardOut(**card._asdict()) for card in gateway().cards],
    )
