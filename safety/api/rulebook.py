"""The rule book in force, for anybody: what this very process enforces, not what a table says."""

from datetime import date, datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.db import in_db
from safety import queries
from safety.second_opinion import stage

router = Router(tags=["rule book"])


class ThresholdOut(Schema):
    """Calibrated scores, 0 to 1, from which a policy asks for a second look, a flag, a hold; and
    those for the score of that second look, where this server has one. Where the model gives harm
    less than `support`, or that look less than `second_support`, a rule of words alone is recorded
    without effect."""

    review: float
    flag: float
    hold: float
    second_flag: float
    second_hold: float
    support: float
    second_support: float


class EnforcedRuleOut(Schema):
    """A rule of the packs. `stage` is `active`, or `shadow` while it is recorded without effect. A
    `firm` one acts whatever the model thinks of the text."""

    id: str
    policy: str
    action: str
    stage: str
    firm: bool


class BasisOut(Schema):
    """A line of the lawful-basis table; `*` stands for every one."""

    detector: str
    country: str
    channel: str
    basis: str
    valid_until: date | None
    note: str


class RuleBookOut(Schema):
    """`sha256` names every byte of the book, `files` those of its parts. Every verdict of this
    server names the same version and hash. `second_opinion`: whether it asks for one."""

    version: str
    sha256: str
    key_id: str
    signature: str
    since: datetime | None
    model: str
    rules_only: bool
    second_opinion: bool
    thresholds: dict[str, ThresholdOut]
    rules: list[EnforcedRuleOut]
    basis: list[BasisOut]
    files: dict[str, str]

    @staticmethod
    def resolve_second_opinion(_: queries.Published) -> bool:
        """A setting of the server, no part of the book."""
        return stage.enabled()


class DegradedOut(Schema):
    """Over thirty days: the minutes in which this lasted, and the messages that met it."""

    cause: str
    minutes: int
    messages: int


@router.get("/safety/health", response=list[DegradedOut])
async def health(request: HttpRequest) -> list[queries.Degraded]:
    """What did not work as it should, by cause. Needs no session."""
    found: list[queries.Degraded] = await in_db(queries.degraded)(now=timezone.now())
    return found


@router.get("/safety/rulebook", response=RuleBookOut)
async def rule_book(request: HttpRequest) -> queries.Published:
    """The rule book that this process enforces now. Needs no session."""
    published: queries.Published = await in_db(queries.published)()
    return published
