"""Hides how this product is served: by one process, or by a supervisor and several.

One address is listened on once; whoever serves adopts that socket. `run` is the life of one
process, `supervisor` starts, replaces and stops several.
"""

from chat.server.address import PortTaken, listen, require_free_port
from chat.server.libraries import Library, Missing, require_installed, run
from chat.server.life import Life

__all__ = [
    "Library",
    "Life",
    "Missing",
    "PortTaken",
    "listen",
    "require_free_port",
    "require_installed",
    "run",
]
