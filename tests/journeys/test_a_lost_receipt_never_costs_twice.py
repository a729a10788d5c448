"""A socket cut between frame and receipt: the retry finds the message, and one hold.

`tests/chat/test_kill9_loses_nothing.py` kills the whole server there, many times.
"""

from uuid_utils.compat import uuid7

from tests.running_server import RunningServer
from tests.wire import Person, Socket


def bodies(talk: Socket, place: str) -> list[str]:
    page = talk.ask("history", conversation_id=place, limit=100)
    assert [m["seq"] for m in page["messages"]] == list(range(1, page["last_seq"] + 1))
    return [message["body"] for message in page["messages"]]


def test_a_cut_socket_and_a_retry_are_one_message_and_one_hold(
    town: RunningServer, creator: Person
) -> None:
    with Person.new_fan(town, cents=2_000) as fan:
        place, client_id = fan.open(creator), str(uuid7())
        frame = {"t": "send_message", "r": "1", "conversation_id": place, "client_id": client_id}
        with fan.socket() as cut:
            cut.put({**frame, "body": "Did it arrive?", "max_price_cents": 200})
        with fan.socket() as talk:
            receipt = talk.send(place, "Did it arrive?", client_id=client_id, most=200)
            assert receipt["state"] == "delivered"
            assert bodies(talk, place) == ["Did it arrive?"]
            assert fan.wallet() == (1_800, 200)
            other = talk.send(place, "Another text", client_id=client_id, most=200)
            assert other["code"] == "client_id_reused"
        assert fan.wallet() == (1_800, 200)
