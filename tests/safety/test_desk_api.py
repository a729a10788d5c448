"""The desk over REST: moderators only, refusals with their codes; statements for one person."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from uuid_utils.compat import uuid7

from accounts.models import Account
from safety import commands, seal
from safety.models import Case, PolicyVersion, ShadowedRule, Statement
from safety.queries.versions import bundle_of
from safety.rules.taxonomy import Action
from safety.screening import Context, Engine, Verdict, rule_book_version
from tests.factories import START, make_creator, make_fan, make_moderator
from tests.safety import small_book
from tests.safety.desk import BODY, draft, finding, open_one, take, verdict, withhold

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(account: Account | None = None) -> Client:
    client = Client()
    if account is not None:
        client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def get(account: Account | None, path: str) -> tuple[int, Any]:
    answer = signed_in(account).get(f"/api{path}")
    return answer.status_code, answer.json()


def send(account: Account | None, verb: str, path: str, **body: Any) -> tuple[int, Any]:
    call = getattr(signed_in(account), verb)
    answer = call(f"/api{path}", body, content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def people() -> dict[str, Account]:
    return {
        "fan": make_fan(language="fr"),
        "creator": make_creator(),
        "m17": make_moderator(name="M-17"),
        "m23": make_moderator(name="M-23"),
    }


@pytest.fixture
def case(people) -> Case:
    return open_one(people["fan"])


def test_a_moderator_works_through_a_case(people, case, parcels):
    m17 = people["m17"]
    status, page = get(m17, "/desk/cases?queue=exploitation")
    assert status == 200
    (row,) = page["cases"]
    assert (row["id"], row["severity"], row["holder"]) == (str(case.id), 3, None)
    assert page["next"] is None
    place = f"/desk/cases/{case.id}"
    status, shown = get(m17, place)
    assert status == 200
    assert shown["body"] == BODY
    assert shown["findings"][0]["spans"] == [[0, 5]]
    assert shown["lines"][0]["is_subject"]
    status, lease = send(m17, "post", f"{place}/claim")
    assert (status, lease["lease_token"]) == (200, 1)
    status, kept = send(m17, "post", f"{place}/heartbeat", lease_token=1)
    assert (status, kept["lease_token"]) == (200, 1)
    status, decided = send(
        m17,
        "post",
        f"{place}/decide",
        lease_token=1,
        outcome="withhold",
        rule="prost.solicit",
        reason="Une rencontre payante.",
    )
    assert (status, decided["state"]) == (200, "decided")
    assert parcels.rulings[0].outcome == "withhold"
    assert get(m17, "/desk/cases")[1]["cases"] == []


def test_a_second_moderator_reads_who_holds_the_case(people, case, parcels):
    place = f"/desk/cases/{case.id}"
    send(people["m17"], "post", f"{place}/claim")
    status, body = send(people["m23"], "post", f"{place}/claim")
    assert (status, body["code"], body["holder"]) == (403, "not_allowed", "M-17")
    status, body = send(people["m23"], "post", f"{place}/give-back", lease_token=1)
    assert (status, body["code"]) == (409, "lease_lost")
    assert send(people["m17"], "post", f"{place}/give-back", lease_token=1) == (204, None)
    assert send(people["m23"], "post", f"{place}/claim")[1]["lease_token"] == 2


def test_a_grave_decision_answers_that_it_awaits_a_second_person(people, parcels):
    case = open_one(people["fan"], "violence.threat")
    place = f"/desk/cases/{case.id}"
    get(people["m17"], place)
    send(people["m17"], "post", f"{place}/claim")
    status, answer = send(
        people["m17"],
        "post",
        f"{place}/decide",
        lease_token=1,
        outcome="withhold",
        rule="violence.threat",
        reason="Une menace.",
    )
    assert (status, answer) == (200, {"state": "awaiting_second", "decision_id": None})


@pytest.mark.parametrize(
    "path",
    ["/desk/cases", "/desk/rules", "/desk/me", "/desk/cases/019c0000-0000-7000-8000-000000000000"],
)
def test_the_desk_is_closed_to_everybody_else(people, path):
    assert get(None, path)[0] == 401
    for who in ("fan", "creator"):
        status, body = get(people[who], path)
        assert (status, body["code"]) == (403, "not_allowed")


def test_every_write_of_the_desk_is_closed_to_everybody_else(people, case):
    place = f"/desk/cases/{case.id}"
    for action in ("claim", "heartbeat", "give-back", "decide"):
        status, body = send(
            people["fan"], "post", f"{place}/{action}", lease_token=1, outcome="release"
        )
        assert (status, body["code"]) == (403, "not_allowed")
    assert send(people["fan"], "put", "/desk/duty", on=True)[0] == 403


def test_a_case_that_is_not_there_is_not_found(people):
    status, body = get(people["m17"], f"/desk/cases/{uuid7()}")
    assert (status, body["code"]) == (404, "not_found")


def test_an_unknown_queue_and_an_unknown_outcome_are_refused(people, case):
    status, body = get(people["m17"], "/desk/cases?queue=vip")
    assert (status, body["code"], body["field"]) == (422, "malformed", "queue")
    place = f"/desk/cases/{case.id}/decide"
    assert send(people["m17"], "post", place, lease_token=1, outcome="delete")[0] == 422


def test_duty_is_switched_on_and_off(people, case):
    status, standing = send(people["m17"], "put", "/desk/duty", on=True)
    assert status == 200
    assert standing["on_duty_since"] is not None
    assert get(people["m17"], "/desk/me")[1]["counts"]["all"] == 1
    assert send(people["m17"], "put", "/desk/duty", on=False)[1]["on_duty_since"] is None


def test_every_rule_is_served_with_its_words(people):
    status, rules = get(people["m17"], "/desk/rules")
    assert status == 200
    assert len(rules) == 45
    assert all(rule["title_fr"] and rule["title_en"] for rule in rules)


def test_a_report_is_followed_by_who_made_it_alone(people, case):
    commands.report(
        reporter_id=people["creator"].id,
        kind=case.kind,
        subject_id=case.subject_id,
        author_id=people["fan"].id,
        conversation_id=case.conversation_id,
        body=case.body,
        reason="paid_meeting",
        now=datetime.now(UTC),
    )
    (own,) = get(people["creator"], "/reports")[1]
    assert (own["reason"], own["state"]) == ("paid_meeting", "received")
    assert get(people["fan"], "/reports") == (200, [])
    reasons = get(people["fan"], "/report-reasons")[1]
    assert "paid_meeting" in {reason["id"] for reason in reasons}


@pytest.fixture
def statement(people, case, parcels) -> Statement:
    withhold(case, people["m17"], take(case, people["m17"]))
    return Statement.objects.get()


def test_a_statement_is_served_to_its_addressee_alone(people, statement):
    status, shown = get(people["fan"], f"/statements/{statement.id}")
    assert (status, shown["title"], shown["language"]) == (200, "Exposé des motifs", "fr")
    status, shown = get(people["fan"], f"/statements/{statement.id}?language=en")
    assert shown["title"] == "Statement of reasons"
    assert [one["id"] for one in get(people["fan"], "/statements")[1]] == [str(statement.id)]
    for other in ("creator", "m17"):
        status, body = get(people[other], f"/statements/{statement.id}")
        assert (status, body["code"]) == (404, "not_found")
        assert get(people[other], "/statements") == (200, [])
    assert get(None, f"/statements/{statement.id}")[0] == 401


def test_the_page_of_a_statement_has_no_script_no_style_and_no_name_in_its_title(people, statement):
    answer = signed_in(people["fan"]).get(f"/statements/{statement.id}")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert "<title>Exposé des motifs · Aparté</title>" in page
    assert BODY in page
    assert 'href="?language=en"' in page
    assert not re.search(r"<script|<style|style=|\son\w+=", page)


def test_the_page_of_a_statement_is_for_nobody_else(people, statement):
    for account in (None, people["creator"], people["m17"]):
        assert signed_in(account).get(f"/statements/{statement.id}").status_code == 404


@pytest.mark.parametrize(
    ("query", "title"),
    [("", "Le règlement"), ("?language=en", "The rule book"), ("?language=xx", "Le règlement")],
)
def test_the_rule_book_is_public_in_both_languages(db, query, title):
    page = signed_in().get(f"/rules{query}").content.decode()
    assert f"<h1>{title}</h1>" in page
    assert rule_book_version() in page
    assert page.count("<section") == 45 + 2  # the policies, what the machine applies, its health
    assert not re.search(r"<script|<style|style=|\son\w+=", page)


LIMITS = ("review", "flag", "hold", "support", "second_flag", "second_hold", "second_support")


@pytest.mark.parametrize(("language", "mark"), [("fr", ","), ("en", ".")])
def test_the_thresholds_are_a_table_in_the_language_of_the_page(db, language, mark):
    page = signed_in().get(f"/rules?language={language}", headers={"accept-language": "de"})
    (table,) = re.findall(r"<table.*?</table>", page.content.decode(), re.DOTALL)
    limits = get(None, "/safety/rulebook")[1]["thresholds"]
    for policy, limit in limits.items():
        row = "".join(f"<td>{limit[one]:.3f}</td>" for one in LIMITS)
        (found,) = [line for line in table.splitlines() if f'href="#{policy}"' in line]
        assert found.endswith(f"{row.replace('.', mark)}</tr>")


def test_text_of_a_message_is_never_markup_on_the_page(people, parcels):
    nasty = draft(people["fan"], body="<script>alert(1)</script>")
    with transaction.atomic():
        (opened,) = commands.open_cases([nasty], now=START)
    case = Case.objects.get(id=opened.case_id)
    withhold(case, people["m17"], take(case, people["m17"]))
    page = signed_in(people["fan"]).get(f"/statements/{Statement.objects.get().id}")
    assert "<script>" not in page.content.decode()


def test_floods_are_read_and_ended_by_moderators_alone(people, case):
    flood = ShadowedRule.objects.create(
        rule="prost.one", policy="prost.solicit", severity=3, without_effect=True, hits=80,
        hourly_median=3, since=START,
    )  # fmt: skip
    Case.objects.update(flood=flood)
    assert get(people["fan"], "/desk/floods")[0] == 403
    status, (seen,) = get(people["m17"], "/desk/floods")
    assert (status, seen["rule"], seen["cases"], seen["hourly_median"]) == (200, "prost.one", 1, 3)
    assert get(people["m17"], "/desk/cases?queue=flood")[1]["cases"][0]["id"] == str(case.id)
    path = f"/desk/floods/{flood.id}/put-back"
    assert send(people["creator"], "post", path)[0] == 403
    assert send(people["m17"], "post", path) == (204, None)
    assert get(people["m17"], "/desk/floods") == (200, [])
    assert send(people["m17"], "post", "/desk/floods/99999/put-back")[0] == 404


def recorded(case: Case, said: Verdict) -> None:
    """The verdict on what this case is about."""
    content = commands.Screened(
        kind=case.kind, subject_id=case.subject_id, message_id=case.subject_id, text=BODY,
        context=Context("fan", "FR"), verdict=said,
    )  # fmt: skip
    commands.record([content], now=START)


@pytest.mark.usefixtures("parcels")
def test_a_case_says_which_detectors_were_off_and_which_rules_spoke_without_effect(people, case):
    nothing = {"country": "", "channel": "", "off": [], "shadow": []}
    assert get(people["m17"], f"/desk/cases/{case.id}")[1]["screening"] == nothing
    shadow = (finding("fraud.scam", Action.FLAG),)
    recorded(case, replace(verdict(), off=("model", "rules.contact"), shadow=shadow))
    assert get(people["m17"], f"/desk/cases/{case.id}")[1]["screening"] == {
        "country": "FR",
        "channel": "message",
        "off": [
            {"detector": "model", "why": "unknown", "until": None},
            {"detector": "rules.contact", "why": "unknown", "until": None},
        ],
        "shadow": ["fraud.scam.1"],
    }


BASES = """
[[basis]]
detector = "model"
country = "EU"
channel = "*"
basis = "derogation"
valid_until = 2026-02-28
note = "It ended."
[[basis]]
detector = "memory"
country = "FR"
channel = "*"
basis = "none"
note = "Nobody agreed."
"""


@pytest.mark.usefixtures("parcels")
@pytest.mark.parametrize("still_in_force", [True, False])
def test_a_case_tells_a_basis_that_ended_from_one_that_never_was(
    people, case, monkeypatch, still_in_force
):
    """Also once another book is in force: that of the verdict is kept."""
    judging = small_book.book(small_book.rule("one", "pomme"), basis=BASES)
    said = Engine(judging, now=START.timestamp).screen(BODY, Context("fan", "FR"))
    recorded(case, said)
    if still_in_force:
        small_book.put_in_force(monkeypatch, Engine(judging))
    else:
        sealed = seal.sign(judging, author="test", key=seal.signing_key())
        PolicyVersion.objects.create(
            name="then", sha256=judging.sha256, bundle=bundle_of(judging.files),
            seal=sealed.as_json(), key_id=sealed.key_id, shipped=True, state="proposed",
            proposed_at=START,
        )  # fmt: skip
    assert get(people["m17"], f"/desk/cases/{case.id}")[1]["screening"]["off"] == [
        {"detector": "memory", "why": "missing", "until": None},
        {"detector": "model", "why": "ended", "until": "2026-02-28"},
    ]


@pytest.mark.parametrize(("language", "none"), [("fr", "Aucune en ce moment"), ("en", "None at")])
def test_the_rule_book_names_its_firm_rules(db, monkeypatch, language, none):
    page = signed_in().get(f"/rules?language={language}").content.decode()
    shipped = [row["id"] for row in get(None, "/safety/rulebook")[1]["rules"] if row["firm"]]
    assert (none in page) is (not shipped)
    rules = (small_book.rule("soft", "pomme"), small_book.rule("hard", "poire") + "firm = true\n")
    small_book.put_in_force(monkeypatch, Engine(small_book.book(*rules)))
    page = signed_in().get(f"/rules?language={language}").content.decode()
    assert '<code>hard</code> <a href="#prost.solicit">' in page
    assert "<code>soft</code>" not in page
    assert none not in page
    enforced = {row["id"]: row["firm"] for row in get(None, "/safety/rulebook")[1]["rules"]}
    assert enforced == {"soft": False, "hard": True}
