from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from safety.decisions import SUBJECT_KINDS, registered_kinds


class SafetyConfig(AppConfig):
    name = "safety"

    def ready(self) -> None:
        from accounts.policies import let_names_be_judged
        from safety.policies import name_may_be_shown

        let_names_be_judged(name_may_be_shown)
        register(every_subject_kind_has_a_handler)


def every_subject_kind_has_a_handler(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start when a human decision could not reach its subject."""
    return [
        Error(
            f"No handler is registered for cases about a {kind!r}.",
            hint="Call safety.decisions.register in the app that owns it.",
            id="safety.E001",
        )
        for kind in SUBJECT_KINDS
        if kind not in registered_kinds()
    ]
