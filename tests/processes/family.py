"""Who serves under a supervisor, and who of them holds a socket: what Linux knows of it."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import httpx

from tests.running_server import RunningServer
from tests.wire import Person, Socket, until

ESTABLISHED = "01"
BUSY_MACHINE_SECONDS = 120.0
SOCKETS_MAX = 60


def children(server: RunningServer, command: str = "serve") -> dict[int, str]:
    """The processes below a supervisor that run this command of the product, and how."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if _parent(entry) == server.process.pid:
                    line = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
                    if f" {command} " in line:
                        found[int(entry.name)] = line
    return found


def gone(pid: int) -> bool:
    """Whether no process of this number runs (one that nobody waited for is gone as well)."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def kill9(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def server_of(server: RunningServer, socket: Socket) -> int:
    """The process at the other end of this socket."""
    port = socket.connection.socket.getsockname()[1]
    return _owners(server)[port]


def held(server: RunningServer, socket: Socket) -> bool:
    """Whether the server still has its end of this socket."""
    return bool(socket.connection.socket.getsockname()[1] in _connections(server.port).values())


def sockets_apart(server: RunningServer, one: Person, other: Person) -> tuple[Socket, Socket]:
    """A socket of each, held by different processes: the kernel deals them, so it is tried until
    it happens. What was opened in vain is closed once the next one is there: nobody left."""
    first, vain = one.socket(), None
    here = server_of(server, first)
    for _ in range(SOCKETS_MAX):
        second = other.socket()
        if vain is not None:
            vain.close()
        if server_of(server, second) != here:
            return first, second
        vain = second
    raise AssertionError("every socket came to one process")


def wait_for_children(server: RunningServer, number: int, *, besides: set[int]) -> None:
    """Return once there are so many servers, none of them in `besides`, and somebody answers."""
    until(lambda: len(set(children(server)) - besides) == number, seconds=BUSY_MACHINE_SECONDS)
    until(lambda: answers(server), seconds=BUSY_MACHINE_SECONDS)


def answers(server: RunningServer) -> bool:
    """Whether a request is answered; where nobody accepts yet, it waits in the kernel."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"{server.url}/healthz", timeout=5).status_code == 200
    return False


def _owners(server: RunningServer) -> dict[int, int]:
    """The process that holds each connection to the server, by the client's port."""
    inodes = _connections(server.port)
    owners = {}
    for pid in children(server):
        for descriptor in (Path("/proc") / str(pid) / "fd").iterdir():
            with suppress(OSError):
                name = os.readlink(descriptor)
                if name.startswith("socket:[") and int(name[8:-1]) in inodes:
                    owners[inodes[int(name[8:-1])]] = pid
    return owners


def _connections(port: int) -> dict[int, int]:
    """The client's port of each connection to `port`, by the inode of the server's end."""
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        own, peer = (int(fields[place].split(":")[1], 16) for place in (1, 2))
        if own == port and fields[3] == ESTABLISHED:
            found[int(fields[9])] = peer
    return found


def _parent(entry: Path) -> int:
    return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
