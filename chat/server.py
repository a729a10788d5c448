"""Hides how one process serves: Daphne in the main thread, the clock in one beside it."""

import http.client
import socket
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from channels.routing import get_default_application
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from twisted.internet import reactor as twisted_reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from accounts import inbox
from chat import daphne_limits, worker
from chat.protocol import SessionClosing
from safety import book_watch

reactor: Any = twisted_reactor  # a module that becomes the running reactor: untyped by nature

CLOSE_SECONDS = 5  # how long a stop waits for a socket's last words, and for a running task
LAST_WORDS_SECONDS = 0.1  # for the frame above to leave
COME_BACK_MS = 1_000
ANSWER_SECONDS = 30  # the first request imports every route
EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where to ask ourselves


class PortTaken(Exception):
    """Something already listens there."""


def require_free_port(*, host: str, port: int) -> None:
    """Raise `PortTaken` when nothing could listen on this address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"{host}:{port} cannot be listened on ({error.strerror})") from None


def run(
    *,
    host: str,
    port: int,
    with_worker: bool,
    watch: book_watch.BookWatch,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM, then close sockets and stop the clock.

    `watch`, already started, follows the active rule book meanwhile.
    `on_ready` is called once, from another thread, when an HTTP request has been answered.
    Raises `PortTaken` when the address was lost to another process after `require_free_port`.
    """
    daphne_limits.install()
    server = _Server(
        application=get_default_application(),
        endpoints=build_endpoint_description_strings(host=host, port=port),
        websocket_max_message_size=daphne_limits.FRAME_MAX_BYTES,
        websocket_max_frame_size=daphne_limits.FRAME_MAX_BYTES,
        application_close_timeout=CLOSE_SECONDS,
        server_name="aparte",
        verbosity=0,
    )
    stop = Event()
    clock = Thread(target=worker.run_until, args=(stop,), name="clock", daemon=True)
    Thread(target=book_watch.run_until, args=(stop, watch), name="rule book", daemon=True).start()

    def answering() -> None:
        if with_worker:
            clock.start()  # not before: some tasks speak to this very server
        on_ready()

    reactor.callWhenRunning(reactor.callInThread, _call_when_answering, host, port, stop, answering)
    reactor.addSystemEventTrigger("before", "shutdown", _leave, clock, stop)
    server.run()
    if server.refusal:
        raise PortTaken(server.refusal)


def _leave(clock: Thread, stop: Event) -> Any:
    """The listener closes only after this: people hear that they should come back, and a task
    that speaks to us ends as it should."""
    stop.set()
    inbox.tell_everyone_here(SessionClosing(reason="restart", retry_after_ms=COME_BACK_MS))
    if clock.is_alive():
        return deferToThread(clock.join, CLOSE_SECONDS)
    return deferLater(reactor, LAST_WORDS_SECONDS)


def _call_when_answering(host: str, port: int, stop: Event, on_ready: Callable[[], None]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not stop.is_set() and time.monotonic() < deadline:
        if _answers(EVERY_INTERFACE.get(host, host), port):
            on_ready()
            return
        time.sleep(0.05)


def _answers(host: str, port: int) -> bool:
    """Whether HTTP is answered; asking also imports what the first visitor would wait for."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/session")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


class _Server(Server):
    """Daphne, which remembers why it could not listen and stops even with half-closed sockets."""

    refusal = ""
    connections: dict[Any, Any]

    def listen_error(self, failure: Any) -> None:
        self.refusal = failure.getErrorMessage()
        self.stop()

    def kill_all_applications(self) -> Any:
        for protocol in [p for p, d in self.connections.items() if "application_instance" not in d]:
            del self.connections[protocol]  # Daphne's own loop trips over one that has just ended
        return super().kill_all_applications()
