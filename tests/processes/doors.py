"""A door to a service that a test opens and shuts: a port that forwards, or refuses."""

import socket
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536


class Door:
    """A port of this machine that leads to another one while it is open."""

    def __init__(self, *, to: tuple[str, int], port: int) -> None:
        self.port, self._to = port, to
        self._listening: socket.socket | None = None
        self._through: list[socket.socket] = []
        self.carried_bytes = 0  # in both directions

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.shut()

    def open(self) -> None:
        """Whoever comes from now on is let through."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._let_in, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        """Whoever is inside is thrown out, whoever comes is refused."""
        doomed = [*self._through, *([self._listening] if self._listening else [])]
        self._through, self._listening = [], None
        for one in doomed:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _let_in(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                guest, _ = listening.accept()
                host = socket.create_connection(self._to)
                self._through += [guest, host]
                for one, other in ((guest, host), (host, guest)):
                    Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(CHUNK_BYTES):
                self.carried_bytes += len(data)
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)
