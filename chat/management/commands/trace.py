"""`aparte trace MESSAGE_ID`: the stored life of one message, without its text."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import NotFound
from accounts.events import wire_time
from chat.queries.trace import life_of


class Command(BaseCommand):
    """One line for each moment, oldest first: time, what happened, ids and codes."""

    help = "Print what happened to a message: times, verdicts, states, cases, transfers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("message_id", type=UUID, help="as receipts and log lines name it")

    def handle(self, *, message_id: UUID, **options: Any) -> None:
        try:
            moments = life_of(message_id)
        except NotFound as unknown:
            raise CommandError(f"{message_id}: {unknown.detail}") from None
        for moment in moments:
            facts = "  ".join(
                f"{name}={value}" for name, value in moment.facts.items() if value not in (None, "")
            )
            self.stdout.write(f"{wire_time(moment.at)}  {moment.what:<16} {facts}".rstrip())
