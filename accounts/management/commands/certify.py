"""`aparte certify CREATOR --by MODERATOR`: record that the five proofs were seen."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.commands import certify
from accounts.management.people import account_by_email


class Command(BaseCommand):
    help = "Certify a creator: from then on they may sell and earn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("creator", help="e-mail address of the creator")
        parser.add_argument("--by", required=True, help="e-mail address of the moderator")

    def handle(self, *args: Any, creator: str, by: str, **options: Any) -> None:
        account, moderator = account_by_email(creator), account_by_email(by)
        certify(creator_id=account.id, moderator_id=moderator.id, now=timezone.now())
        self.stdout.write(f"{account.name} is certified.")
