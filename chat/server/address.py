"""Hides how an address is taken: once, by whoever starts, and handed on as an open socket.

Several processes accept from one socket. With a socket each (SO_REUSEPORT) the kernel would deal
connections out before they are accepted, and those dealt to a process that leaves would be lost.
"""

import socket

WAITING_MAX = 2_048  # connections the kernel keeps while nobody accepts: a restart's reconnects


class PortTaken(Exception):
    """Something already listens there."""


def listen(*, host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `PortTaken` when it cannot."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(WAITING_MAX)  # binding alone does not say whether another one listens
    except OSError as error:
        listening.close()
        raise PortTaken(f"{host}:{port} cannot be listened on ({error.strerror})") from None
    listening.setblocking(False)
    return listening


def adopt(descriptor: int) -> socket.socket:
    """The socket that the process above us listens on."""
    listening = socket.socket(fileno=descriptor)
    listening.setblocking(False)
    return listening


def require_free_port(*, host: str, port: int) -> None:
    """Raise `PortTaken` when nothing could listen on this address."""
    listen(host=host, port=port).close()
