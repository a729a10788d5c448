"""A statement of reasons: for its addressee alone, in French and English, frozen on its day."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from uuid_utils.compat import uuid7

from accounts.errors import NotFound
from safety import commands, queries
from safety.models import Case, Statement
from safety.rules.taxonomy import Action
from safety.screening import rule_book_version
from tests.factories import START, make_fan
from tests.safety.desk import BODY, KIND, draft, open_one, take, withhold

pytestmark = pytest.mark.django_db
SCHEMA = json.loads(Path(settings.BASE_DIR, "safety/data/dsa_sor.schema.json").read_text())


@pytest.fixture
def withheld(fan, moderator, parcels) -> Statement:
    case = open_one(fan)
    withhold(case, moderator, take(case, moderator))
    return Statement.objects.get(case=case)


def text(view: queries.StatementView) -> str:
    return " ".join(
        f"{section.heading} {section.text} {section.quote}" for section in view.sections
    )


def read(statement: Statement, language: str | None = None) -> queries.StatementView:
    return queries.statement_for(
        account_id=statement.addressee_id, statement_id=statement.id, language=language
    )


def rule(rule_id: str) -> queries.Rule:
    return next(rule for rule in queries.rules() if rule.id == rule_id)


def test_it_says_in_french_what_why_who_and_what_one_can_do(withheld):
    view = read(withheld)
    assert (view.language, view.title) == ("fr", "Exposé des motifs")
    said = text(view)
    quoted = rule("prost.solicit")
    for words in (
        BODY,
        quoted.title_fr,
        quoted.article_fr,
        "prost.solicit",
        rule_book_version(),
        "Une rencontre payante est proposée.",
        "Une machine a repéré le message et pouvait seulement le faire attendre",
        "M-17",
        "Le message n’est pas remis",
        "jusqu’au 1 septembre 2026",
        "organe de règlement extrajudiciaire",
        "le juge",
    ):
        assert words in said


def test_it_says_the_same_in_english(withheld):
    view = read(withheld, "en")
    said = text(view)
    quoted = rule("prost.solicit")
    assert (view.language, view.title) == ("en", "Statement of reasons")
    assert quoted.title_en in said
    assert quoted.article_en in said
    assert "until 1 September 2026" in said
    assert "out-of-court dispute settlement body" in said
    assert read(withheld, "xx").language == "fr"


def test_it_speaks_the_language_of_its_addressee(moderator, parcels):
    case = open_one(make_fan(language="en"))
    withhold(case, moderator, take(case, moderator))
    assert read(Statement.objects.get()).language == "en"


def test_only_its_addressee_reads_it(withheld):
    for account_id in (make_fan().id, uuid7()):
        with pytest.raises(NotFound):
            queries.statement_for(account_id=account_id, statement_id=withheld.id)
        assert queries.statements_of(account_id=account_id) == []
    assert [view.id for view in queries.statements_of(account_id=withheld.addressee_id)] == [
        withheld.id
    ]


def test_what_was_found_by_a_person_is_not_called_automatic(fan, moderator, parcels):
    reporter, subject = make_fan(), uuid7()
    commands.report(
        reporter_id=reporter.id,
        kind=KIND,
        subject_id=subject,
        author_id=fan.id,
        conversation_id=uuid7(),
        body=BODY,
        reason="paid_meeting",
        note="Il insiste.",
        now=START,
    )
    case = Case.objects.get()
    withhold(case, moderator, take(case, moderator))
    statement = Statement.objects.get()
    assert statement.facts["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert not statement.facts["automated_detection"]
    said = text(read(statement))
    assert "Une personne nous l’a signalé" in said
    assert reporter.name not in said + json.dumps(statement.facts)
    assert "Il insiste." not in said + json.dumps(statement.facts)
    (own,) = queries.reports_of(account_id=reporter.id)
    assert (own.reason, own.state) == ("paid_meeting", "decided")
    assert queries.reports_of(account_id=fan.id) == []


@pytest.mark.parametrize(
    ("at_fault", "words"), [(True, "est rendu à qui"), (False, "reste acquis")]
)
def test_a_removed_message_says_what_becomes_of_earnings_without_an_amount(
    fan, moderator, parcels, at_fault, words
):
    case = open_one(fan, "prost.solicit", Action.FLAG)
    withhold(case, moderator, take(case, moderator), payee_at_fault=at_fault)
    said = text(read(Statement.objects.get()))
    assert "Le message est retiré" in said
    assert words in said
    assert "€" not in said


def test_an_expiry_has_a_notice_that_is_no_sanction(fan):
    case = open_one(fan, "fraud.off_platform_contact")
    (closed,) = commands.expire_cases([case.id], now=START + timedelta(hours=24))
    notice = Statement.objects.get()
    assert closed.statement_url == f"/statements/{notice.id}"
    assert notice.decision is None
    view = read(notice)
    assert view.kind == "expiry"
    assert "Ce n’est pas une sanction" in text(view)
    assert "This is not a sanction" in text(read(notice, "en"))


def test_the_latest_statement_of_a_case_is_found_by_its_case(withheld, fan):
    other = open_one(fan)
    urls = queries.statement_urls(case_ids=[withheld.case_id, other.id])
    assert urls == {withheld.case_id: f"/statements/{withheld.id}"}


def test_a_later_change_of_the_author_changes_nothing(withheld, fan):
    before = read(withheld)
    fan.language, fan.name = "en", "other"
    fan.save()
    assert read(withheld) == before


@pytest.mark.parametrize(
    "policy", ["prost.solicit", "hate.speech", "fraud.off_platform_payment", "violence.threat"]
)
def test_the_public_copy_has_every_field_of_its_schema_and_nobody_in_it(
    fan, moderator, colleague, parcels, policy
):
    case = open_one(fan, policy)
    if withhold(case, moderator, take(case, moderator), rule=policy).decision is None:
        withhold(case, colleague, take(case, colleague), rule=policy)
    record = Statement.objects.get().facts["public_record"]
    check_against_schema(record)
    public = json.dumps(record)
    for private in (BODY, fan.name, str(fan.id), "M-17", "M-23", "Une rencontre"):
        assert private not in public


def test_every_rule_of_the_book_makes_a_valid_public_copy(fan, moderator, colleague, parcels):
    for one in queries.rules():
        (opened,) = commands.open_cases([draft(fan)], now=START)
        case = Case.objects.get(id=opened.case_id)
        if withhold(case, moderator, take(case, moderator), rule=one.id).decision is None:
            withhold(case, colleague, take(case, colleague), rule=one.id)
        check_against_schema(Statement.objects.get(case=case).facts["public_record"])


def check_against_schema(record: dict) -> None:
    """The parts of JSON Schema that the file uses, read from the file itself."""
    assert set(SCHEMA["required"]) <= set(record) <= set(SCHEMA["properties"])
    for name, value in record.items():
        check_value(value, SCHEMA["properties"][name])
    illegal = record["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"
    branch = next(part for part in SCHEMA["allOf"] if "else" in part)["then" if illegal else "else"]
    assert set(branch["required"]) <= set(record)


def check_value(value, schema: dict) -> None:
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if schema.get("type") == "array":
        assert len(value) >= schema.get("minItems", 0)
        assert set(value) <= set(schema["items"]["enum"])
        return
    if "enum" in schema:
        assert value in schema["enum"]
    assert len(value) <= schema.get("maxLength", len(value))
