"""`aparte second-opinion`: the worker of the second stage in the foreground, for one's own
supervision. A server that runs beside it finds it there and starts none."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from safety.rules.classifier import ModelError
from safety.second_opinion import questions, worker


class Command(BaseCommand):
    """Exits 1 with one sentence when it cannot serve."""

    help = "Serve second opinions on this machine's socket until Ctrl-C or SIGTERM."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        if not questions.installed():
            raise CommandError("The encoder is missing: pip install 'aparte[second-opinion]'.")
        try:
            worker.run(settings.SECOND_OPINION_SOCKET, with_parent=False)
        except (worker.Taken, ModelError) as refused:
            raise CommandError(f"{refused}.") from None
