"""A person at a running server, without a browser: signed in over HTTP, speaking on the socket."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import Any, Self
from uuid import uuid4

import httpx
import msgpack
from uuid_utils.compat import uuid7
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.running_server import RunningServer

ANSWER_SECONDS = 15.0
POLL_SECONDS = 0.05
AUTH = "/_allauth/browser/v1/auth"
# Each person at an address of their own, as sign-in counts tries by address. Only Linux has them.
HOMES = (f"127.1.{n // 250}.{1 + n % 250}" if sys.platform == "linux" else None for n in count())
CARD = "4242 4242 4242 4242"


class Person:
    """Somebody with an account, and its session cookie."""

    def __init__(self, server: RunningServer, email: str) -> None:
        """A browser that never was here, for this address; `sign_in` or `sign_up` comes next."""
        self.server, self.email = server, email
        home = httpx.HTTPTransport(local_address=next(HOMES))
        self.http = httpx.Client(base_url=server.url, timeout=ANSWER_SECONDS, transport=home)
        self.http.get(f"{AUTH}/session")
        self._sockets: list[Socket] = []

    @classmethod
    def of(cls, server: RunningServer, role: str, number: int = 0) -> Self:
        """The n-th demo account of this role."""
        found = [account for account in server.accounts if account["role"] == role][number]
        person = cls(server, found["email"])
        with person.closed_unless_done():
            person.sign_in(found["password"])
        return person

    @classmethod
    def new_fan(cls, server: RunningServer, *, cents: int = 0) -> Self:
        """A fan who signs up now, confirms the address, and tops up."""
        person = cls(server, f"{uuid4().hex[:10]}@new.example")
        with person.closed_unless_done():
            person.sign_up(uuid4().hex)
            if cents:
                person.top_up(cents)
        return person

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for socket in self._sockets:
            socket.close()
        self.http.close()

    @property
    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": str(self.http.cookies.get("csrftoken")), "Referer": self.server.url}

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.http.post(path, headers=self._csrf, **options)

    def patch(self, path: str, *, headers: dict[str, str], **options: Any) -> httpx.Response:
        return self.http.patch(path, headers=self._csrf | headers, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.http.put(path, headers=self._csrf, **options)

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(path, headers=self._csrf)

    @contextmanager
    def closed_unless_done(self) -> Iterator[None]:
        """Leave no connection behind when signing in fails."""
        try:
            yield
        except BaseException:
            self.http.close()
            raise

    def sign_in(self, password: str) -> None:
        """Give this browser a session of the account."""
        answer = self.post(f"{AUTH}/login", json={"email": self.email, "password": password})
        assert answer.status_code == 200, answer.text

    def sign_up(self, password: str) -> None:
        """Create the account, and confirm its address with the code of the e-mail."""
        answer = self.post(f"{AUTH}/signup", json={"email": self.email, "password": password})
        assert answer.status_code == 401, answer.text
        answer = self.post(f"{AUTH}/email/verify", json={"key": self._code()})
        assert answer.status_code == 200, answer.text

    @property
    def id(self) -> str:
        """The id of the account."""
        found: str = self.get("/api/session").json()["account"]["id"]
        return found

    def _code(self) -> str:
        """The code of the last e-mail to this address."""
        files = [path.read_text() for path in (self.server.home / "mail").iterdir()]
        mails = [mail for file in files for mail in re.split(r"^-{70,}$", file, flags=re.MULTILINE)]
        (mail,) = [mail for mail in mails if self.email in mail]
        found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", mail, re.MULTILINE)
        assert found, mail
        return found[1]

    def ask_topup(self, cents: int, *, card: str = CARD, **fields: Any) -> httpx.Response:
        """Begin a top-up; the answer says where it stands, the wallet follows by webhook."""
        order = {"client_id": str(uuid7()), "amount_cents": cents, "card_number": card}
        return self.post("/api/wallet/topups", json=order | fields)

    def top_up(self, cents: int) -> None:
        """Add money to the wallet, and wait until the provider's webhook has put it there."""
        wanted = self.wallet()[0] + cents
        answer = self.ask_topup(cents)
        assert answer.status_code == 200, answer.text
        until(lambda: self.wallet()[0] == wanted)

    def open(self, creator: "Person") -> str:
        """The conversation of this fan with a creator: its id."""
        answer = self.post("/api/conversations", json={"creator_id": creator.id})
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["card"]["id"]
        return found

    def wallet(self) -> tuple[int, int]:
        """What can be spent, and what waits in escrow."""
        found = self.get("/api/wallet").json()
        return found["balance_cents"], found["reserved_cents"]

    def socket(self, subprotocol: str | None = "aparte.v1.json", **options: Any) -> "Socket":
        """A socket of this person; close it, or use it in a `with`."""
        cookie = f"sessionid={self.http.cookies.get('sessionid', '')}"
        headers = {"Cookie": cookie, **options.pop("headers", {})}
        url = self.server.url.replace("http", "ws") + "/ws"
        socket = Socket(url, subprotocol, headers, options)
        self._sockets.append(socket)
        return socket


def until(
    true: Callable[[], bool],
    *,
    seconds: float = ANSWER_SECONDS,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Ask again and again until it is true, pausing between (seconds). Fails when it is not in
    time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause(POLL_SECONDS)


class Socket:
    """One open socket. `ask` sends a command and returns its answer; events are kept in order."""

    def __init__(
        self, url: str, subprotocol: str | None, headers: dict[str, str], options: dict[str, Any]
    ) -> None:
        offered = [Subprotocol(subprotocol)] if subprotocol else None
        self._open = ExitStack()
        self.connection: ClientConnection = self._open.enter_context(
            connect(url, subprotocols=offered, additional_headers=headers, max_size=None, **options)
        )
        self.binary = subprotocol == "aparte.v1.msgpack"
        self.events: list[dict[str, Any]] = []
        try:
            self.welcome = self.wait_for("welcome")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def put(self, frame: dict[str, Any]) -> None:
        """Send a frame as it is."""
        self.connection.send(msgpack.packb(frame) if self.binary else json.dumps(frame))

    def ask(self, t: str, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for the answer that names it."""
        request = uuid4().hex
        self.put({"t": t, "r": request, **fields})
        return self.wait(lambda frame: frame.get("r") == request)

    def send(
        self, conversation_id: str, body: str = "Hello", *, most: int = 200, **fields: Any
    ) -> dict[str, Any]:
        """Send a message; its receipt or refusal."""
        client_id = fields.pop("client_id", None) or str(uuid7())
        return self.ask(
            "send_message",
            conversation_id=conversation_id,
            client_id=client_id,
            body=body,
            max_price_cents=most,
            **fields,
        )

    def wait_for(self, t: str, **fields: Any) -> dict[str, Any]:
        """The first event of this type with these fields, already here or still to come."""
        return self.wait(
            lambda frame: frame["t"] == t and all(frame.get(k) == v for k, v in fields.items())
        )

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Take the first frame that fits out of what arrived, waiting for it if need be."""
        for index, frame in enumerate(self.events):
            if wanted(frame):
                return self.events.pop(index)
        while True:
            frame = self._receive(ANSWER_SECONDS)
            if wanted(frame):
                return frame
            self.events.append(frame)

    def has(self, t: str) -> bool:
        """Whether an event of this type has arrived by now."""
        with suppress(TimeoutError):
            while True:
                self.events.append(self._receive(0))
        return any(frame["t"] == t for frame in self.events)

    def close_code(self) -> int | None:
        """Wait until the server closes the socket; its code, none when it was cut."""
        while True:
            try:
                self.connection.recv(timeout=ANSWER_SECONDS)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None

    def _receive(self, seconds: float) -> dict[str, Any]:
        data = self.connection.recv(timeout=seconds)
        frame: dict[str, Any] = (
            msgpack.unpackb(data) if isinstance(data, bytes) else json.loads(data)
        )
        return frame
