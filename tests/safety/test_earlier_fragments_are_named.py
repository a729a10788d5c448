"""A value split over messages: the case of the one that completes it names the others."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from chat.commands import Sent
from chat.models import Message
from safety import screening
from safety.models import Case, CaseEvent, Happening
from safety.rules import rulebook
from safety.screening import Action, Context, Engine
from tests.chat.talk import Talk
from tests.factories import make_moderator
from tests.safety.small_book import put_in_force

SPLIT = ("mon numéro 06 39", "c'est 98 12", "et 34 pour finir")


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return put_in_force(monkeypatch, Engine(rulebook.load()))


def screened(text: str, *recent: str) -> screening.Verdict:
    return screening.screen(text, Context("fan", "FR", recent=recent))


def fragments(verdict: screening.Verdict) -> set[tuple[int, ...]]:
    return {one.fragments for one in verdict.findings}


def test_a_finding_counts_back_to_the_messages_it_was_joined_from() -> None:
    first, second, last = SPLIT
    assert fragments(screened(last, first, second)) == {(2, 1)}
    assert fragments(screened(last, first, "coucou", second)) == {(3, 1)}


def test_what_one_message_says_alone_names_no_other() -> None:
    verdict = screened("appelle-moi au 06 39 98 12 34", "coucou", "ça va ?")
    assert verdict.action is Action.HOLD
    assert fragments(verdict) == {()}


def page_of(case: Case, moderator: Account) -> Any:
    client = Client()
    client.force_login(moderator, "allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(f"/api/desk/cases/{case.id}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def write(talk: Talk, text: str) -> Message:
    """As from another device: the batch screens it again after what is really before it."""
    outcome = talk.send(replace(talk.draft(talk.fan, text), tail_id=None))
    assert isinstance(outcome, Sent)
    return Message.objects.get(id=outcome.message.id)


@pytest.mark.django_db(transaction=True)
def test_the_case_and_its_page_name_the_earlier_messages() -> None:
    talk = Talk()
    first = talk.ask(SPLIT[0])
    talk.answer("je t'écoute")
    write(talk, "il fait beau")
    second = write(talk, SPLIT[1])
    last = write(talk, SPLIT[2])
    write(talk, "à bientôt")

    case = Case.objects.get(subject_id=last.id)
    opened = CaseEvent.objects.get(case=case, kind=Happening.OPENED)
    assert [one["fragments"] for one in opened.data["findings"]] == [[3, 1]]
    (shown,) = page_of(case, make_moderator())["findings"]
    assert shown["fragments"] == [str(first.id), str(second.id)]


@pytest.mark.django_db(transaction=True)
def test_a_case_kept_from_before_names_none() -> None:
    talk = Talk()
    write(talk, "bonjour")
    held = write(talk, "appelle-moi au 06 39 98 12 34")
    case = Case.objects.get(subject_id=held.id)
    without = [{key: one[key] for key in one if key != "fragments"} for one in case.findings]
    Case.objects.filter(id=case.id).update(findings=without)
    assert {tuple(one["fragments"]) for one in page_of(case, make_moderator())["findings"]} == {()}
