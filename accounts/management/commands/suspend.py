"""`aparte suspend ACCOUNT --by MODERATOR --reason TEXT`: close an account, or open it again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.commands import reinstate, suspend
from accounts.management.people import account_by_email


class Command(BaseCommand):
    help = "Suspend an account (its sockets close within two seconds), or lift a suspension."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="e-mail address of the account")
        parser.add_argument("--by", required=True, help="e-mail address of the moderator")
        parser.add_argument("--reason", default="", help="what the person is told")
        parser.add_argument("--lift", action="store_true", help="open the account again")

    def handle(self, *args: Any, account: str, by: str, **options: Any) -> None:
        person, moderator, now = account_by_email(account), account_by_email(by), timezone.now()
        if options["lift"]:
            reinstate(account_id=person.id, moderator_id=moderator.id, now=now)
            self.stdout.write(f"{person.name} is open again.")
            return
        suspend(account_id=person.id, moderator_id=moderator.id, reason=options["reason"], now=now)
        self.stdout.write(f"{person.name} is suspended.")
