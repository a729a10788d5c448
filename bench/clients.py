"""The people of the bench: a fan and a creator on their sockets, who write down all they see."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

import msgpack
from uuid_utils.compat import uuid7

from bench.journal import Journal, Said
from bench.texts import Texts
from bench.wire import Wire, open_wire
from bench.world import Pair, Person

MOST_CENTS = 10_000
RECONNECT_SECONDS, RETRY_SECONDS = 90.0, 0.1
DRAIN_SECONDS = 60.0
GAP_SECONDS = 1.0  # numbers may overtake each other on their way
BUSY_MS = 1_000  # where a refusal does not say when to come back
RESUME = "resume"


class Seat:
    """One account on one socket, as a client of the product behaves.

    What has no answer is sent again with its `client_id`: after a `busy`, and when the connection
    was lost and is back. Each `welcome` after the first asks for what was missed, and so do numbers
    that stay away. The journal keeps what was said and heard.
    """

    def __init__(self, person: Person, conversation_id: str, journal: Journal) -> None:
        self.person, self.conversation_id = person, conversation_id
        self._place = UUID(conversation_id).bytes
        self._journal = journal
        self._heard = journal.heard.setdefault(person.id, {})
        self._unanswered: dict[str, Said] = {}  # by request id
        self._prices: dict[str, int] = {}  # by request id, the most it may cost where not the usual
        self._sent_at: dict[str, float] = {}  # by request id, when it should have gone
        self.heard_at: dict[str, float] = {}  # by message id, in a measured window
        self.due_at: dict[str, float] = {}  # by message id, likewise
        self.on_answer: Callable[[Said], None] = lambda said: None
        self.on_message: Callable[[bytes], None] = lambda sender_id: None
        self.timing = False
        self._last_seq = 0  # the highest number heard
        self._welcomed = self._left = self._gap_noted = False
        self._returning: asyncio.Task[None] | None = None
        self._wire: Wire | None = None

    @property
    def waiting(self) -> int:
        """How many of its messages have no answer yet."""
        return len(self._unanswered)

    @property
    def heard(self) -> int:
        """How many messages it has received."""
        return len(self._heard)

    async def connect(self, port: int) -> None:
        """Open the socket, trying again while the server starts, and again whenever it is lost."""
        deadline = perf_counter() + RECONNECT_SECONDS
        headers = {"Cookie": self.person.cookie, "Sec-WebSocket-Protocol": "aparte.v1.msgpack"}

        def come_back() -> None:
            if not self._left:
                self._returning = asyncio.get_running_loop().create_task(self._return(port))

        while True:
            self._welcomed = False
            try:
                self._wire = await open_wire(
                    port=port,
                    path="/ws",
                    headers=headers,
                    on_message=self._receive,
                    on_lost=come_back,
                )
            except OSError:
                if perf_counter() > deadline:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _return(self, port: int) -> None:
        await self.connect(port)
        self._catch_up()

    def close(self) -> None:
        """Leave for good."""
        self._left = True
        if self._returning is not None:
            self._returning.cancel()
        if self._wire is not None:
            self._wire.close()

    def say(self, body: str, *, due_at: float | None = None, most_cents: int = MOST_CENTS) -> Said:
        """Send a message; `due_at` is when an open loop meant it to go."""
        client_id = uuid7()
        said = Said(str(client_id), self.conversation_id, self.person.id, body)
        self._journal.said[said.client_id] = said
        if most_cents != MOST_CENTS:
            self._prices[said.client_id] = most_cents
        if self.timing:
            self._sent_at[said.client_id] = perf_counter() if due_at is None else due_at
        self.send(said)
        return said

    def send(self, said: Said) -> None:
        """Send this message, or send it again: it waits for an answer from now on."""
        self._unanswered[said.client_id] = said
        self._put(
            {
                "t": "send_message",
                "r": said.client_id,
                "conversation_id": self._place,
                "client_id": UUID(said.client_id).bytes,
                "body": said.body,
                "max_price_cents": self._prices.get(said.client_id, MOST_CENTS),
            }
        )

    def _catch_up(self) -> None:
        """Ask for what was missed, and repeat what had no answer."""
        self._resume()
        for said in list(self._unanswered.values()):
            self.send(said)

    def _resume(self) -> None:
        """Ask for a page of what was missed; its answer says whether there is more."""
        cursor = {"conversation_id": self._place, "seq": self._last_in_order()}
        self._put({"t": "resume", "r": RESUME, "cursors": [cursor]})

    @property
    def _has_gap(self) -> bool:
        """Whether numbers below the highest are missing; they are dense where none is."""
        return self._last_seq > len(self._heard)

    def _close_gap(self) -> None:
        self._gap_noted = False
        if self._has_gap and not self._left:
            self._resume()

    def _last_in_order(self) -> int:
        last = 0
        for seq in sorted(self._heard.values()):
            if seq != last + 1:
                break
            last = seq
        return last

    def _put(self, frame: dict[str, Any]) -> None:
        if self._wire is not None:
            self._wire.send(msgpack.packb(frame))

    def _receive(self, data: bytes) -> None:
        frame = msgpack.unpackb(data)
        match frame["t"]:
            case "message_delivered":
                self._hear(frame)
            case "receipt" | "refused" if frame["r"] in self._unanswered:
                self._note_answer(frame)
            case "welcome":
                if self._welcomed:  # on a connection that stayed: hints were lost on the way here
                    self._resume()
                self._welcomed = True
            case "resumed" if not frame["complete"]:
                self._resume()
            case "refused" if frame["r"] == RESUME:
                self._later(frame, self._resume)

    def _hear(self, frame: dict[str, Any]) -> None:
        message_id = str(UUID(bytes=frame["message_id"]))
        if message_id in self._heard:
            return
        self._heard[message_id] = frame["seq"]
        self._last_seq = max(self._last_seq, frame["seq"])
        if self._has_gap and not self._gap_noted:
            self._gap_noted = True
            asyncio.get_running_loop().call_later(GAP_SECONDS, self._close_gap)
        if self.timing:
            self.heard_at[message_id] = perf_counter()
        self.on_message(frame["sender_id"])

    def _note_answer(self, frame: dict[str, Any]) -> None:
        if frame.get("code") == "busy":  # nothing is decided: again, later
            self._later(frame, partial(self._again, self._unanswered[frame["r"]]))
            return
        said = self._unanswered.pop(frame["r"])
        said.answers += 1
        due_at = self._sent_at.pop(said.client_id, None)
        if frame["t"] == "refused":
            said.refused = frame["code"]
        else:
            said.state = frame["state"]
            said.message_id = str(UUID(bytes=frame["message_id"]))
            if due_at is not None:
                self.due_at[said.message_id] = due_at
        self.on_answer(said)

    def _later(self, refused: dict[str, Any], do: Callable[[], None]) -> None:
        wait = (refused.get("retry_after_ms") or BUSY_MS) / 1000
        asyncio.get_running_loop().call_later(wait, do)

    def _again(self, said: Said) -> None:
        if said.client_id in self._unanswered and not self._left:
            self.send(said)


class Talk:
    """A pair at work: the fan keeps `window` messages under way, the creator answers some."""

    def __init__(self, pair: Pair, journal: Journal, *, answer_every: int, seed: int) -> None:
        self.fan = Seat(pair.fan, pair.conversation_id, journal)
        self.creator = Seat(pair.creator, pair.conversation_id, journal)
        self.delivered = self.paid = self.refused = 0
        self.answer_every = answer_every
        self._texts = Texts(seed)
        self._fan_id = UUID(pair.fan.id).bytes
        self._unanswered = 0
        self._running = False
        self.fan.on_answer, self.creator.on_answer = self._on_fan_answer, self._count
        self.creator.on_message = self._on_creator_heard

    @property
    def seats(self) -> tuple[Seat, Seat]:
        return self.fan, self.creator

    @property
    def settled(self) -> bool:
        """Whether everything has its answer, and both sides heard what was delivered."""
        heard = {seat.heard for seat in self.seats}
        return heard == {self.delivered} and not any(seat.waiting for seat in self.seats)

    def start(self, window: int) -> None:
        """Keep that many of the fan's messages under way until `stop`."""
        self._running = True
        for _ in range(window - self.fan.waiting):
            self.say()

    def stop(self) -> None:
        """Send nothing new; what is under way comes to its end."""
        self._running = False

    def say(self, due_at: float | None = None) -> None:
        """The fan's next message."""
        self.fan.say(self._texts.next(), due_at=due_at)

    def time(self) -> None:
        """From now on remember when messages went and came; forget the times before."""
        for seat in self.seats:
            seat.timing = True
            seat.due_at.clear()
            seat.heard_at.clear()

    def latencies(self) -> list[float]:
        """Seconds from when each message should have gone to when the other side had it."""
        found = []
        for one, other in (self.seats, self.seats[::-1]):
            due, heard = one.due_at, other.heard_at
            found += [heard[message] - due[message] for message in due.keys() & heard.keys()]
        return found

    def _on_fan_answer(self, said: Said) -> None:
        self._count(said)
        if said.state == "delivered":
            self.paid += 1
        if self._running:
            self.say()

    def _count(self, said: Said) -> None:
        self.delivered += said.state == "delivered"
        self.refused += bool(said.refused)

    def _on_creator_heard(self, sender_id: bytes) -> None:
        if sender_id != self._fan_id:
            return
        self._unanswered += 1
        if self._unanswered >= self.answer_every:
            self._unanswered = 0
            self.creator.say(self._texts.next())


async def until(condition: Callable[[], bool], *, seconds: float = DRAIN_SECONDS) -> None:
    """Return when it holds, or when waiting longer makes no sense: the audit will tell."""
    deadline = perf_counter() + seconds
    while not condition() and perf_counter() < deadline:  # noqa: ASYNC110  a load polls cheaply
        await asyncio.sleep(0.02)
