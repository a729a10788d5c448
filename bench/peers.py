"""`aparte bench peers`: other servers that are installed here, under the same load and accounting.

Each with its defaults and its archive on, in a folder of its own, gone afterwards.
"""

import asyncio
import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case, Cases, own_core
from bench.cost import RELAY_REDIS, Cost, cost
from bench.load import OneWayLoad, measure
from bench.options import Options, Say
from bench.processes import Fleet, Program
from bench.report import Report, begin, end
from bench.world import Cast, free_port
from bench.xmpp import HOST, XmppTalk

CAVEATS = (
    "Not like for like: peers take no payment and screen nothing, which is for them; XMPP here is "
    "raw TCP, and a peer archives each message for both sides, which is against them. A peer's "
    "database is in its own process. Compare the µs column alone."
)
SYNAPSE = "Synapse is not measured: this bench does not speak Matrix."


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server: how to know whether it is here, and how to run it."""

    name: str
    program: str  # on the path
    user: str  # it runs as, when we are root
    command: Callable[[Path, int], list[str]]  # writes its configuration into the folder


def run(options: Options, say: Say) -> Report:
    """A row for the relay, for each of ours and for each peer; one sentence for each absent one."""
    report = begin("peers", options.shown("server", "processes", "seconds", "repeat", "pairs"))
    report.settings["window"] = options.window
    with own_core() as core, Cases(options, report, say) as made, ExitStack() as stack:
        products = list(made.products(Cast(options.pairs)))
        cases: list[Case] = [*made.relays(), *products]
        cases += [stack.enter_context(_case(peer, options)) for peer in installed(report)]
        made.start(cases, core=core)
        asyncio.run(_drive(cases, options, say))
        for product in products:
            product.reconcile(report, say)
    report.rows = [one.row() for one in _costs(cases)]
    report.notes += [SYNAPSE, CAVEATS]
    return end(report)


def installed(report: Report) -> list[Peer]:
    """The peers that are here; the report says which are not."""
    present = [peer for peer in PEERS if shutil.which(peer.program)]
    absent = [peer.name for peer in PEERS if peer not in present]
    report.notes += [f"{name} is not installed here: not measured." for name in absent]
    return present


async def _drive(cases: list[Case], options: Options, say: Say) -> None:
    for case in cases:
        say(f"{case.name}: signing in")
        await case.load.connect(case.ports)
    for number in range(options.repeat):
        for case in cases:
            say(f"{case.name}: {number + 1} of {options.repeat}")
            window, seconds = options.window, options.seconds
            found = await measure(case.load, case.spent, window=window, seconds=seconds)
            case.windows.append(found)
    for case in cases:
        case.load.close()


def _costs(cases: list[Case]) -> Iterator[Cost]:
    relay: Cost | None = None
    for case in cases:
        found = cost(
            case.name, case.windows, relay=relay, stores=case.has_database,
            has_redis=bool(case.bus),
        )  # fmt: skip
        relay = found if case.name == RELAY_REDIS else relay
        yield found


@contextmanager
def _case(peer: Peer, options: Options) -> Iterator[Case]:
    """The peer in a folder of its own, not started."""
    with tempfile.TemporaryDirectory(prefix="aparte-bench-") as name:
        folder, port = Path(name), free_port()
        user = peer.user if os.geteuid() == 0 and _exists(peer.user) else None
        command = peer.command(folder, port)
        if user is not None:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user)
        program = Program(
            *command, log=folder / "output.log", ready=lambda: _listens(port), user=user
        )
        load = OneWayLoad([XmppTalk(number) for number in range(options.pairs)])
        yield Case(peer.name, Fleet([program]), [port], load)


def _prosody(folder: Path, port: int) -> list[str]:
    config = folder / "prosody.cfg.lua"
    config.write_text(
        f"""
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
log = {{ warn = "{folder}/prosody.log" }}
modules_enabled = {{ "roster", "saslauth", "disco", "mam", "register_ibr" }}
modules_disabled = {{ "s2s", "tls" }}
default_archive_policy = true
allow_registration = true
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{}}
VirtualHost "{HOST}"
"""
    )
    return ["prosody", "-F", "--config", str(config)]


def _ejabberd(folder: Path, port: int) -> list[str]:
    """Started by its runtime, as its own script refuses another folder's owner."""
    config, spool = folder / "ejabberd.yml", folder / "spool"
    spool.mkdir()
    config.write_text(
        f"""
hosts: ["{HOST}"]
loglevel: warning
registration_timeout: infinity
auth_method: internal
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
modules:
  mod_mam:
    default: always
  mod_register:
    access: all
    ip_access: all
  mod_roster: {{}}
"""
    )
    libraries = {
        path.parents[2] for path in Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.app")
    }
    return [
        "/usr/bin/env", f"EJABBERD_CONFIG_PATH={config}", f"HOME={folder}",
        f"EJABBERD_LOG_PATH={folder}/ejabberd.log", f"ERL_LIBS={':'.join(map(str, libraries))}",
        "erl", "-noinput", "+K", "true", "-mnesia", "dir", f'"{spool}"', "-s", "ejabberd",
    ]  # fmt: skip


PEERS = (
    Peer("Prosody", "prosody", "prosody", _prosody),
    Peer("ejabberd", "ejabberdctl", "ejabberd", _ejabberd),
)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())
