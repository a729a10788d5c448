"""How long, and for how many messages, the service did not work as it should: for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db.models import Count, Sum

from safety.models import DegradedMinute

SHOWN = timedelta(days=30)

SCREENING, RULES_ONLY, RULE_BOOK, CLOCK = "screening", "rules_only", "rule_book", "clock"
CAUSES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SCREENING: {
            "fr": "Un message n’a pas pu être lu en entier par la machine : il a attendu, ou a été "
            "signalé, pour cause technique.",
            "en": "The machine could not read a message in full: it waited, or was flagged, for a "
            "technical cause.",
        },
        RULES_ONLY: {
            "fr": "Le modèle était arrêté : seules les règles écrites s’appliquaient.",
            "en": "The model was off: only written rules applied.",
        },
        RULE_BOOK: {
            "fr": "Un serveur n’a pas pu utiliser le règlement en vigueur : le dernier bon est "
            "resté appliqué.",
            "en": "A server could not use the rule book in force: the last good one stayed.",
        },
        CLOCK: {
            "fr": "L’horloge était arrêtée : rien n’expirait et personne n’était débité.",
            "en": "The clock stood still: nothing expired and nobody was charged.",
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A cause, and the minutes in which it lasted or the messages that met it, of `SHOWN`."""

    cause: str
    minutes: int
    messages: int


def degraded(*, now: datetime) -> list[Degraded]:
    """Every cause, those that never happened included."""
    rows = DegradedMinute.objects.filter(minute__gt=now - SHOWN).values("cause").order_by()
    sums = rows.annotate(minutes=Count("*"), met=Sum("messages"))
    found = {cause: (n, met) for cause, n, met in sums.values_list("cause", "minutes", "met")}
    return [
        Degraded(cause=cause, minutes=minutes, messages=messages)
        for cause in CAUSES
        for minutes, messages in [found.get(cause, (0, 0))]
    ]
