"""The rule book as the desk and the public read it: articles, shelves, reasons of a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from accounts.errors import Malformed
from safety.rules import taxonomy
from safety.screening import in_force

UNSPECIFIED = "notice.unspecified"
UNTRIAGED_SEVERITY = 2  # a notice before a human has said how grave it is

_QUEUES = {
    "csae": "child_safety",
    "prost": "exploitation",
    "traffick": "exploitation",
    "exploit": "exploitation",
    "ncii": "exploitation",
    "hate": "hate_violence",
    "harass": "hate_violence",
    "violence": "hate_violence",
    "terror": "hate_violence",
    "privacy": "hate_violence",
    "fraud": "fraud_contact",
    "goods": "fraud_contact",
    "abuse": "fraud_contact",
    "ip": "fraud_contact",
    "prosel": "belief_civic",
    "civic": "belief_civic",
    "speech": "belief_civic",
    "selfharm": "care",
    "sexual": "media",
    "animal": "media",
    "ai": "media",
    "notice": "notices",
}
QUEUES = tuple(dict.fromkeys(_QUEUES.values()))

# What a person says in plain words, and the policy it points at first.
REPORT_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "minor": "csae.minor_user",
        "paid_meeting": "prost.solicit",
        "coercion": "exploit.creator_coercion",
        "threat": "violence.threat",
        "self_harm": "selfharm.risk",
        "sextortion": "ncii.sextortion",
        "intimate_images": "ncii.share",
        "private_data": "privacy.doxxing",
        "hate": "hate.speech",
        "harassment": "harass.bullying",
        "scam": "fraud.scam",
        "impersonation": "fraud.impersonation",
        "off_platform": "fraud.off_platform_contact",
        "proselytism": "prosel.religious",
        "misinformation": "civic.misinformation",
        "spam": "abuse.spam",
        "other": UNSPECIFIED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the book. `severity` is 0 to 4, `sla_minutes` the time to a first human."""

    id: str
    queue: str
    group: str
    severity: int
    sla_minutes: int
    in_flight: str
    title_fr: str
    title_en: str
    article_fr: str
    article_en: str
    legal_basis: str
    decision_ground: str
    dsa_category: str
    dsa_keywords: tuple[str, ...]


def rules() -> tuple[Rule, ...]:
    """Every rule in force, in the order of the book."""
    return tuple(_book().values())


def articles(language: str) -> list[tuple[str, str, str]]:
    """Id, title and article of every rule, in `fr` or `en`, from the book this process enforces."""
    written = in_force().book.articles
    return [
        (name, written[name][f"title_{language}"], written[name][f"article_{language}"])
        for name in _book()
    ]


def rule(rule_id: str) -> Rule:
    """The rule with this id; raises `Malformed` when the book has none."""
    try:
        return _book()[rule_id]
    except KeyError:
        raise Malformed(
            "The rule book has no such rule.", field="rule", accepted="an id of the rule book"
        ) from None


def policy_of_reason(reason: str) -> str:
    """The policy that a plain reason of a report points at; a policy id stands for itself."""
    if reason in REPORT_REASONS:
        return REPORT_REASONS[reason]
    if reason in _book():
        return reason
    raise Malformed("Choose a reason.", field="reason", accepted=list(REPORT_REASONS))


def report_reasons() -> list[tuple[str, Rule]]:
    """Every plain reason of a report, with the rule it points at."""
    return [(reason, _book()[policy]) for reason, policy in REPORT_REASONS.items()]


@cache
def _book() -> Mapping[str, Rule]:
    return MappingProxyType({row.id: _rule(row) for row in taxonomy.policies().values()})


def _rule(policy: taxonomy.Policy) -> Rule:
    return Rule(
        id=policy.id,
        queue=_QUEUES[policy.group],
        group=policy.group,
        severity=UNTRIAGED_SEVERITY if policy.severity is None else policy.severity,
        sla_minutes=policy.sla_minutes,
        in_flight=policy.in_flight.value,
        title_fr=policy.title_fr,
        title_en=policy.title_en,
        article_fr=policy.article_fr,
        article_en=policy.article_en,
        legal_basis=policy.legal_basis,
        decision_ground=policy.decision_ground,
        dsa_category=policy.dsa_category,
        dsa_keywords=policy.dsa_keywords,
    )
