"""Log-out, suspension and password change close the sockets concerned within two seconds."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from tests.running_server import ROOT, RunningServer
from tests.wire import Person, Socket

AT_MOST_SECONDS = 2.0


@pytest.fixture
def newcomer(server: RunningServer) -> Iterator[Person]:
    with Person.of(server, "creator", 2) as person:
        yield person


def aparte(server: RunningServer, *arguments: str) -> None:
    """Run a command of the product on the running server's data."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=server.env,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def closed_after(socket: Socket) -> tuple[int | None, float]:
    started = time.monotonic()
    code = socket.close_code()
    return code, time.monotonic() - started


def test_logging_out_closes_this_session_s_socket_and_no_other(
    server: RunningServer, newcomer: Person
) -> None:
    with Person.of(server, "creator", 2) as elsewhere:
        leaving, staying = newcomer.socket(), elsewhere.socket()
        answer = newcomer.delete("/_allauth/browser/v1/auth/session")
        assert answer.status_code == 401  # allauth's way to say: signed out
        code, seconds = closed_after(leaving)
        assert (code, seconds < AT_MOST_SECONDS) == (4401, True), seconds
        assert staying.ask("ping")["t"] == "pong"
        assert newcomer.get("/api/session").json() == {"authenticated": False, "account": None}


def test_a_suspended_account_loses_every_socket_and_cannot_come_back(
    server: RunningServer, newcomer: Person
) -> None:
    socket = newcomer.socket()
    moderator = server.account("moderator")["email"]
    aparte(server, "suspend", newcomer.email, "--by", moderator, "--reason", "test")
    code, seconds = closed_after(socket)  # counted from when the command has ended
    assert (code, seconds < AT_MOST_SECONDS) == (4403, True), seconds
    with pytest.raises(InvalidStatus) as refused:
        newcomer.socket()
    assert refused.value.response.status_code == 403
    aparte(server, "suspend", newcomer.email, "--by", moderator, "--lift")
    assert newcomer.socket().ask("ping")["t"] == "pong"


def test_a_changed_password_ends_the_other_sessions(
    server: RunningServer, newcomer: Person
) -> None:
    password = next(a["password"] for a in server.accounts if a["email"] == newcomer.email)
    with Person.of(server, "creator", 2) as elsewhere:
        other = elsewhere.socket()
        for old, new in ((password, password + "-new"), (password + "-new", password)):
            answer = newcomer.post(
                "/_allauth/browser/v1/account/password/change",
                json={"current_password": old, "new_password": new},
            )
            assert answer.status_code == 200, answer.text
        assert closed_after(other)[0] == 4401
