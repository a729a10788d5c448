"""Every text that another person will see is screened, and its verdict is about exactly it.

`INPUTS` lists every text that the product takes from anybody, by the protocol and by REST: a new
one fails here until somebody has said whether others see it, and by which road it is screened.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from django.test import Client
from uuid_utils.compat import uuid7

from accounts import policies as names
from accounts.errors import NotAllowed
from accounts.models import Account
from chat import protocol
from chat.commands import Sent, create_offer
from chat.models import AuthorKind, Conversation, Message, MessageState, RevisionState
from safety import screening
from safety.models import VerdictRecord
from safety.policies import name_may_be_shown
from safety.screening import Action, Context, Engine, content_sha256
from tests.chat.talk import Talk, decide, decide_case, edit_of, fresh, verdict
from tests.paywall.shop import upload
from tests.safety.faults import PAID, RAISES, Ailing, small_book
from tests.safety.small_book import put_in_force
from urls import api

STAFF, OWNER, CODE = "written by staff", "seen by its author alone", "one of a list"
MESSAGE, EDIT, PREVIEW = "the send", "the edit", "the send of the offer"
INPUTS = {
    "SendMessage.body": MESSAGE,
    "EditMessage.body": EDIT,
    "Report.reason": CODE,
    "Report.note": "read by moderators, never by the other side",
    "Watch.reason": STAFF,
    "StepIn.reason": STAFF,
    "PauseConversation.reason": STAFF,
    "ResumeConversation.reason": STAFF,
    "EndConversation.reason": STAFF,
    "StepOut.reason": STAFF,
    "OfferIn.preview": PREVIEW,
    "UploadIn.file_name": OWNER,
    "LanguageIn.language": CODE,
    "TopUpIn.card_number": "never kept",
    "DecisionIn.outcome": CODE,
    "DecisionIn.rule": CODE,
    "DecisionIn.reason": STAFF,
    "DecisionIn.note": STAFF,
}


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> Engine:
    settings.MEDIA_STORE_DIR = tmp_path
    return put_in_force(monkeypatch, Engine(small_book()))


def of_the_socket() -> set[str]:
    """The strings of every frame that a client may send; `r` names a request and is echoed."""
    return {
        f"{frame.__name__}.{field.name}"
        for frame in get_args(protocol.ClientFrame)
        for field in msgspec.structs.fields(frame)
        if field.name != "r" and str in _parts(field.type)
    }


def _parts(kind: Any) -> set[Any]:
    return {kind}.union(*(_parts(part) for part in get_args(kind)))


def of_rest() -> set[str]:
    """The strings of every body that a route takes, and of its path and query when it writes."""
    schema = api.get_openapi_schema()
    found = set()
    for operations in schema["paths"].values():
        for operation in operations.values():
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                reference = kind["schema"].get("$ref", "").rpartition("/")[2] if kind else ""
                properties = schema["components"]["schemas"].get(reference, {})
                for name, facts in properties.get("properties", {}).items():
                    if "string" in _types(facts):
                        found.add(f"{reference}.{name}")
    return found


def _types(facts: dict[str, Any]) -> set[str]:
    """The types of a field, ids and numbers written as strings left out."""
    options = [facts, *facts.get("anyOf", ()), facts.get("items", {})]
    return {str(one.get("type")) for one in options if one.get("format") not in ("uuid", "date")}


def test_every_text_that_anybody_may_give_has_its_place_in_this_list() -> None:
    assert of_the_socket() | of_rest() == set(INPUTS)


def offer(talk: Talk, preview: str) -> Any:
    media = upload(talk.creator, now=talk.now)
    return create_offer(
        creator_id=talk.creator.id, conversation_id=talk.place.id, media_ids=[media.id],
        price_cents=500, preview=preview, now=talk.now,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("kind", list(AuthorKind))
@pytest.mark.parametrize(("word", "state"), [(PAID, "held"), ("calme", "delivered")])
def test_a_message_is_screened_whoever_or_whatever_wrote_it(
    kind: AuthorKind, word: str, state: str
) -> None:
    talk = Talk()
    talk.ask()
    body = f"Une suite {word}"
    said = screening.screen(body, Context("creator", "FR"))
    draft = replace(talk.draft(talk.creator, body, kind=kind), verdict=said)
    outcome = talk.send(draft)
    assert isinstance(outcome, Sent)
    assert fresh(outcome.message).state == state
    assert VerdictRecord.objects.get(subject_id=draft.message_id).content_sha256 == content_sha256(
        body
    )


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["Regarde", ""])
@pytest.mark.parametrize(("word", "state"), [(PAID, "held"), ("calme", "delivered")])
def test_the_line_of_an_offer_is_screened_with_the_message_that_carries_it(
    body: str, word: str, state: str
) -> None:
    talk = Talk()
    talk.ask()
    sold = offer(talk, f"Une suite {word}")
    honest = talk.draft(talk.creator, body, offer_id=sold.offer_id)
    forged = replace(honest, preview="", verdict=verdict(Action.PASS, body))
    outcome = talk.send(forged)  # as if the line had not been read
    assert isinstance(outcome, Sent)
    message = fresh(outcome.message)
    assert message.state == state
    words = "\n".join((body, f"Une suite {word}"))
    assert message.body_sha256 == content_sha256(words, (str(sold.offer_id),))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("preview", "state"), [("luxueuse", RevisionState.HELD), ("calme", RevisionState.SHOWN)]
)
def test_an_edit_is_screened_with_the_line_that_stays_beside_it(
    monkeypatch: pytest.MonkeyPatch, preview: str, state: str
) -> None:
    talk = Talk()
    talk.ask()
    put_in_force(monkeypatch, Ailing().engine())
    sold = offer(talk, f"Une suite {preview}")
    message = talk.answer("Regarde", offer_id=sold.offer_id)
    revision = edit_of(talk, message, "Regarde bien", verdict(Action.PASS, "Regarde bien"))
    assert revision.state == state
    assert fresh(message).body == ("Regarde bien" if state == RevisionState.SHOWN else "Regarde")


@pytest.mark.django_db
def test_an_edit_whose_words_changed_while_it_was_held_is_not_shown() -> None:
    talk = Talk()
    message = talk.ask("Bonjour")
    revision = edit_of(talk, message, "Bonsoir", verdict(Action.HOLD, "Bonsoir"))
    type(revision).objects.filter(id=revision.id).update(body=f"Une suite {PAID}")
    assert revision.case_id is not None
    with pytest.raises(NotAllowed, match="not what was screened"):
        decide_case(revision.case_id, "release", now=talk.now)
    assert fresh(message).body == "Bonjour"


@pytest.mark.django_db
def test_a_text_exchanged_before_the_send_is_held_when_it_cannot_be_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_in_force(monkeypatch, Ailing().engine())
    talk = Talk()
    draft = replace(talk.draft(talk.fan, "Bonjour"), body=f"Bonjour {RAISES}")
    talk.send(draft)
    stored = Message.objects.get(id=draft.message_id)
    assert (stored.state, stored.seq) == (MessageState.HELD, None)
    assert VerdictRecord.objects.get(subject_id=stored.id).cause == "technical"


@pytest.mark.django_db
def test_media_exchanged_under_a_held_message_keep_it_from_being_released() -> None:
    talk = Talk()
    talk.ask()
    one, other = offer(talk, "Un"), offer(talk, "Un")
    held = talk.answer("Regarde", offer_id=one.offer_id, action=Action.HOLD)
    Message.objects.filter(id=held.id).update(offer_id=other.offer_id)
    with pytest.raises(NotAllowed, match="not what was screened"):
        decide(held, "release", now=talk.now)
    assert fresh(held).state == MessageState.HELD


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "shown"),
    [("jean.dupont", "jean.dupont"), (f"suite.{PAID}", "fan"), (RAISES, "fan")],
)
def test_the_name_that_others_see_of_a_new_fan_is_screened(
    monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    put_in_force(monkeypatch, Ailing().engine())
    sign_up = {"email": f"{address}@example.org", "password": uuid7().hex}
    answer = Client().post(
        "/_allauth/browser/v1/auth/signup", sign_up, content_type="application/json"
    )
    assert answer.status_code == 401  # the address must be confirmed first
    assert Account.objects.get(email=sign_up["email"]).name == shown


def test_a_name_that_nobody_can_judge_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_judges", [])
    assert names.shown_name("jean", otherwise="fan") == "fan"
    names.let_names_be_judged(name_may_be_shown)
    assert names.shown_name("jean", otherwise="fan") == "jean"


@pytest.mark.django_db
def test_the_list_of_conversations_shows_no_text_that_was_replaced_or_taken_back() -> None:
    def last(talk: Talk) -> str:
        return Conversation.objects.get(id=talk.place.id).last_body

    edited, withheld = Talk(), Talk()
    message = edited.ask("Bonjour")
    edit_of(edited, message, "Bonsoir", verdict(Action.PASS, "Bonsoir"))
    assert last(edited) == "Bonsoir"
    flagged = withheld.ask("Suspect", action=Action.FLAG)
    assert last(withheld) == "Suspect"
    decide(flagged, "withhold", now=withheld.now)
    assert last(withheld) == ""


@pytest.mark.django_db
def test_a_message_taken_back_before_the_last_one_leaves_the_list_as_it_was() -> None:
    talk = Talk()
    flagged = talk.ask("Suspect", action=Action.FLAG)
    talk.ask("Bonsoir")
    decide(flagged, "withhold", now=talk.now)
    assert Conversation.objects.get(id=talk.place.id).last_body == "Bonsoir"
