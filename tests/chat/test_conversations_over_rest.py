"""The inbox, the head of a conversation and its opening, over REST as each side sees them."""

import asyncio
import json
from typing import Any

import pytest
from django.test import AsyncClient, Client
from uuid_utils.compat import uuid7

from accounts.models import Account, Certification
from accounts.queries import CREATORS_PAGE
from chat.models import Conversation
from tests.chat.talk import Talk
from tests.factories import START, make_creator, make_fan, make_moderator

pytestmark = pytest.mark.django_db(transaction=True)


def call(account: Account, method: str, path: str, body: object = None) -> Any:
    """One request of this account; (status, decoded answer)."""
    client = Client()
    client.force_login(account)
    if method == "GET":
        answer = client.get(path)
    else:
        data = None if body is None else json.dumps(body)
        answer = client.generic(method, path, data or "", content_type="application/json")
    return answer.status_code, answer.json()


def test_a_fan_opens_a_conversation_once() -> None:
    fan, creator = make_fan(), make_creator()
    body = {"creator_id": str(creator.id)}
    first = call(fan, "POST", "/api/conversations", body)
    again = call(fan, "POST", "/api/conversations", body)
    assert first[0] == 200
    assert first[1]["card"]["id"] == again[1]["card"]["id"]
    assert first[1]["card"]["price_cents"] == 200
    assert Conversation.objects.count() == 1


def test_nobody_opens_one_with_an_uncertified_creator_or_as_a_creator() -> None:
    newcomer = make_creator(certified=False)
    status, answer = call(
        make_fan(), "POST", "/api/conversations", {"creator_id": str(newcomer.id)}
    )
    assert (status, answer["code"]) == (403, "not_certified")
    status, answer = call(
        make_creator(), "POST", "/api/conversations", {"creator_id": str(make_creator().id)}
    )
    assert (status, answer["code"]) == (403, "not_allowed")


def test_an_inbox_counts_unread_and_sorts_what_waits_by_deadline() -> None:
    talk = Talk()
    talk.ask("First")
    talk.ask("Second")
    for which in ("all", "unread", "waiting"):
        _, page = call(talk.creator, "GET", f"/api/conversations?filter={which}")
        (card,) = page["items"]
        assert (card["unread"], card["waiting"], card["last_body"]) == (2, 2, "Second")
        assert card["answer_due_at"].startswith("2026-03-05T09:00:00")
    talk.answer()
    _, page = call(talk.creator, "GET", "/api/conversations?filter=waiting")
    assert page["items"] == []


def test_pages_of_an_inbox_join_without_a_gap() -> None:
    creator = make_creator()
    for minute in range(60):
        talk = Talk(cents=0)
        Conversation.objects.filter(id=talk.place.id).update(
            creator_id=creator.id, last_at=talk.pass_time(minutes=minute)
        )
    _, first = call(creator, "GET", "/api/conversations")
    _, second = call(creator, "GET", f"/api/conversations?before={first['next']}")
    seen = [card["id"] for card in first["items"] + second["items"]]
    assert (len(first["items"]), len(seen), len(set(seen))) == (50, 60, 60)
    assert second["next"] is None


@pytest.mark.parametrize("query", ["filter=secret", "before=nonsense"])
def test_an_unknown_filter_or_page_is_malformed_and_named(query: str) -> None:
    status, answer = call(make_fan(), "GET", f"/api/conversations?{query}")
    assert (status, answer["code"]) == (422, "malformed")
    assert answer["field"] in ("filter", "before")


def test_the_head_shows_spending_to_the_fan_alone() -> None:
    talk = Talk()
    talk.ask()
    talk.answer()
    path = f"/api/conversations/{talk.place.id}"
    _, for_fan = call(talk.fan, "GET", path)
    _, for_creator = call(talk.creator, "GET", path)
    assert for_fan["spent_ever_cents"] == 200
    assert for_creator["spent_ever_cents"] is None
    assert for_fan["author_kinds"] == ["in_person"]


def test_a_stranger_and_a_moderator_find_nothing() -> None:
    talk = Talk()
    path = f"/api/conversations/{talk.place.id}"
    assert call(make_fan(), "GET", path)[0] == 404
    assert call(make_moderator(), "GET", path)[0] == 403


def test_declining_over_rest_returns_the_money() -> None:
    talk = Talk()
    asked = talk.ask()
    path = f"/api/conversations/{talk.place.id}/messages/{asked.id}/decline"
    assert call(talk.creator, "POST", path)[0] == 200
    assert talk.wallet == (2_000, 0)
    assert call(talk.fan, "POST", path)[0] == 403


def test_a_price_for_one_fan_is_told_in_the_sheet_and_in_the_card() -> None:
    talk = Talk()
    path = f"/api/studio/prices/fans/{talk.fan.id}"
    status, sheet = call(talk.creator, "PUT", path, {"price_cents": 500})
    assert status == 200
    assert sheet["fans"][0]["price_cents"] == 500
    assert (
        call(talk.fan, "GET", f"/api/conversations/{talk.place.id}")[1]["card"]["price_cents"]
        == 500
    )
    status, answer = call(talk.creator, "PUT", path, {"price_cents": 49})
    assert (status, answer["code"], answer["min_cents"]) == (422, "price_out_of_bounds", 50)
    free = f"/api/studio/free-list/{talk.fan.id}"
    assert call(talk.creator, "DELETE", path)[1]["fans"] == []
    assert call(talk.creator, "PUT", free)[1]["free_list"][0]["fan_id"] == str(talk.fan.id)
    assert call(talk.creator, "DELETE", free)[1]["free_list"] == []


def test_only_certified_creators_are_listed() -> None:
    listed, newcomer = make_creator(), make_creator(certified=False)
    fan = make_fan()
    _, people = call(fan, "GET", "/api/creators")
    assert [person["id"] for person in people] == [str(listed.id)]
    assert call(fan, "GET", f"/api/creators/{listed.id}")[0] == 200
    assert call(fan, "GET", f"/api/creators/{newcomer.id}")[0] == 404


def test_pages_of_creators_join_although_they_share_a_name() -> None:
    fan = make_fan()
    shared = [make_creator(name="Rose") for _ in range(CREATORS_PAGE + 3)]
    alone = make_creator(name="Zoé")
    _, first = call(fan, "GET", "/api/creators")
    Certification.objects.filter(account_id=first[-1]["id"]).update(revoked_at=START)
    _, second = call(fan, "GET", f"/api/creators?after={first[-1]['id']}")
    found = [person["id"] for person in first + second]
    assert len(first) == CREATORS_PAGE
    assert sorted(found) == sorted(str(creator.id) for creator in [*shared, alone])
    assert found[-1] == str(alone.id)
    assert call(fan, "GET", f"/api/creators?after={alone.id}") == (200, [])
    assert call(fan, "GET", f"/api/creators?after={uuid7()}") == (200, [])


def test_creators_are_found_by_a_part_of_their_name_on_whatever_page_they_are() -> None:
    fan = make_fan()
    crowd = [make_creator(name=f"Anne {number:03}") for number in range(CREATORS_PAGE)]
    zoe = make_creator(name="Zoé Rivière")
    for wanted in ("riv", "ZO", " zoé ", "zoé%00"):
        assert [one["id"] for one in call(fan, "GET", f"/api/creators?name={wanted}")[1]] == [
            str(zoe.id)
        ]
    _, last = call(fan, "GET", f"/api/creators?name=anne&after={crowd[-2].id}")
    assert [one["name"] for one in last] == ["Anne 099"]
    assert call(fan, "GET", "/api/creators?name=%25") == (200, [])


def test_the_api_is_asynchronous_and_describes_itself() -> None:
    async def ask() -> int:
        return (await AsyncClient().get("/api/openapi.json")).status_code

    assert asyncio.run(ask()) == 200
