"""Whatever happens, no line of the log holds a text, an address or a password of anybody."""

import asyncio
import io
import json
import logging
import traceback
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from structlog.contextvars import bound_contextvars
from uuid_utils.compat import uuid7

from accounts import logs
from tests import broken_rule
from tests.operations import talkative
from tests.running_server import RunningServer
from tests.wire import CARD, Person, until

SAID = "sentinel-of-a-person"


@pytest.fixture(params=["json", "console"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What all loggers write meanwhile, in one of the two forms."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.formatter(request.param))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def fail() -> None:
    raise ValueError(SAID)


def test_of_an_exception_the_class_and_the_places_are_kept(lines: io.StringIO) -> None:
    try:
        fail()
    except ValueError as error:
        logging.getLogger("django.request").error("Error: %s", "/api/x", exc_info=True)
        logging.getLogger("daphne.server").error("Exception inside application: %s", error)
        logging.getLogger("daphne.ws_protocol").error(traceback.format_exc())
        logging.getLogger("chat.x").error("ours", exc_info=True)
        logs.get_logger("chat.y").error("ours", error=error)
        logs.get_logger("chat.z").exception("ours")
    found = lines.getvalue()
    assert SAID not in found
    assert found.count("ValueError") == 5
    assert found.count("test_logs_hold_nobodys_words.py") >= 4
    assert "/api/x" in found


async def test_what_asyncio_says_of_a_callback_does_not_quote_its_arguments(
    lines: io.StringIO,
) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(partial(lambda said: fail(), SAID))
    done = loop.create_future()
    done.add_done_callback(partial(lambda said, future: fail(), SAID))
    done.set_result(SAID)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert lines.getvalue().count("Exception in callback") == 2
    assert SAID not in lines.getvalue()


def test_an_event_has_its_facts_and_what_was_bound(lines: io.StringIO) -> None:
    with bound_contextvars(connection="c0ffee", account="someone"):
        logs.get_logger("chat.x").warning("refused", code="too_fast")
    found = lines.getvalue()
    assert all(word in found for word in ("refused", "too_fast", "c0ffee", "someone", "chat.x"))


def entries(server: RunningServer) -> list[dict[str, Any]]:
    """The lines of its log; each is one JSON object."""
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def some_word() -> str:
    """A word that nobody else writes, without a digit: those of one may look like an account."""
    return uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))


def test_real_sends_leave_no_word_in_the_log_and_each_can_be_followed(
    careless: RunningServer,
) -> None:
    word = some_word()  # in every text of this story
    refused, lost = uuid7(), uuid7()
    with (
        Person.new_fan(careless, cents=1_000) as fan,
        Person.of(careless, "creator") as creator,
        fan.socket() as talk,
        creator.socket() as other,
    ):
        place = fan.open(creator)
        sent = talk.send(place, f"Good evening {word}")
        assert sent["state"] == "delivered"
        other.wait_for("message_delivered", message_id=sent["message_id"])
        held = talk.send(place, f"Call me on 06 39 98 12 34, {word}")
        assert held["state"] == "held"
        assert (
            talk.send(place, f"Too cheap {word}", most=1, client_id=str(refused))["t"] == "refused"
        )
        assert _code(talk.send(place, f"{talkative.IN_A_HANDLER} {word}")) == "internal_error"
        writer = talk.send(place, f"{talkative.IN_THE_WRITER} {word}", client_id=str(lost))
        assert _code(writer) == "internal_error"
        talk.ask("edit_message", conversation_id=place, message_id=sent["message_id"], body=word)
        talk.put({"t": word, "r": word})
        talk.put({"t": "send_message", "r": "1", "body": [word]})
        language = f"{talkative.IN_A_ROUTE} {word}"
        assert fan.put("/api/me/language", json={"language": language}).status_code == 500
        wrong = {"email": f"{word}@new.example", "password": word}
        assert fan.post("/_allauth/browser/v1/auth/login", json=wrong).status_code >= 400
        talk.ask("ping")  # whatever was put before it has been handled
    batches = {
        send["client_id"]: (line, send) for line in entries(careless) for send in _sends(line)
    }
    assert batches[str(refused)][1]["outcome"] == "price_changed"
    assert batches[str(lost)][1]["outcome"] == "internal_error"
    number = batches[str(lost)][0]["batch"]
    undone = [e["batch"] for e in entries(careless) if e["logger"] == "chat.batching"]
    assert number in undone
    (bug,) = [e for e in entries(careless) if e["logger"] == "chat.consumers"]
    assert bug["connection"]
    assert bug["account"]
    until(lambda: any(e["logger"] == "twisted" for e in entries(careless)))
    assert "ValueError" in [e.get("fault") for e in entries(careless) if e["logger"] == "twisted"]
    (route,) = [e for e in entries(careless) if e["logger"] == "django.request"]
    assert route["fault"] == "ValueError"
    text = careless.log.read_text()
    secret = {word, fan.email, fan.http.cookies["sessionid"], CARD}
    assert not [said for said in secret if said in text]


def _sends(line: dict[str, Any]) -> list[dict[str, str]]:
    return line.get("sends", [])


def _code(answer: dict[str, Any]) -> str:
    found: str = answer["code"]
    return found


def test_a_text_that_could_not_be_judged_is_named_by_its_message(careless: RunningServer) -> None:
    word = some_word()
    with (
        Person.new_fan(careless, cents=1_000) as fan,
        Person.of(careless, "creator") as creator,
        fan.socket() as talk,
    ):
        receipt = talk.send(fan.open(creator), f"{broken_rule.RAISES} {word}")
        assert receipt["state"] == "held"
    late = [e for e in entries(careless) if e["event"] == "screened late or in part"]
    (line,) = [e for e in late if e["message"] == receipt["message_id"]]
    assert (line["verdict"], line["cause"]) == ("hold", "technical")
    assert word not in careless.log.read_text()
    story = careless.manage("trace", receipt["message_id"])
    assert story.returncode == 0, story.stderr
    told = ["sent", "judged", "case opened", "money reserved", "transfer"]
    assert all(what in story.stdout for what in told), story.stdout
    assert word not in story.stdout
    unknown = careless.manage("trace", str(uuid4()))
    assert unknown.returncode == 1
    assert "No such message" in unknown.stderr
