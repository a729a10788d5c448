"""`aparte demo`: a server on this machine with people, conversations and test-mode payments."""

import json
import shutil
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from chat.demo_data import DemoWorld, seed
from chat.management.commands import serve
from chat.server import Library
from chat.server.database import migrate_when_needed

HOST = "127.0.0.1"


class Command(serve.Command):
    """Migrate and seed when needed, serve on the loopback, and print who can sign in."""

    help = "Serve a demonstration on this machine, and print its logins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The port, whether to begin from nothing, and whether a script reads the greeting."""
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")
        parser.add_argument(
            "--fresh", action="store_true", help="delete the demo's database, media and mail first"
        )
        parser.add_argument("--json", action="store_true", help="print one line of JSON instead")

    def handle(  # type: ignore[override]
        self, *, port: int, fresh: bool, json: bool, **options: Any
    ) -> None:
        """Serve the demo with its clock until Ctrl-C or SIGTERM; the greeting has the logins.

        Run again it finds the world it made and adds nothing; `--fresh` deletes that world first,
        and no database but the demo's own. Raises `CommandError` before it has changed anything
        when the port is taken, or the rule book or the model does not load.
        """
        self.library = Library.DAPHNE
        self.prepare(host=HOST, port=port)
        if fresh:
            delete_demo()
        migrate_when_needed()
        with transaction.atomic():  # all of the world or none: a demo stopped here can start again
            world = seed(now=timezone.now())
        url = f"http://{HOST}:{port}"
        greeting = as_json(url, world) if json else as_text(url, world)
        self.serve(partial(serve.listen, HOST, port), with_worker=True, greeting=greeting)


def delete_demo() -> None:
    """Remove what the demo wrote under HOME. Refuses a database that somebody configured."""
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    if settings.HOME not in path.parents:
        raise CommandError(
            "--fresh deletes only the demo's own database: unset DATABASE_URL, or empty that one."
        )
    connection.close()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    for folder in (settings.MEDIA_STORE_DIR, settings.HOME / "mail"):
        shutil.rmtree(folder, ignore_errors=True)


def as_json(url: str, world: DemoWorld) -> str:
    """The one line that scripts read."""
    accounts = [
        {"role": a.role, "name": a.name, "email": a.email, "password": a.password}
        for a in world.accounts
    ]
    conversations = [
        {"id": str(c.id), "fan": c.fan, "creator": c.creator} for c in world.conversations
    ]
    return json.dumps({"url": url, "accounts": accounts, "conversations": conversations})


def as_text(url: str, world: DemoWorld) -> str:
    """What a person reads, in the two languages of the product."""
    width = max(len(account.email) for account in world.accounts)
    lines = [f"  {a.role:<10} {a.email:<{width}}  {a.password}" for a in world.accounts]
    title = f"\nAparté: {url}    (Ctrl-C pour arrêter / to stop)"
    return "\n".join([title, "Paiements en mode test / test-mode payments", *lines, ""])
