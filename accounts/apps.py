from typing import Any

from django.apps import AppConfig


def _note_session_end(sender: Any, user: Any = None, **kwargs: Any) -> None:
    from django.utils import timezone

    from accounts.commands import end_sessions

    if user is not None:
        end_sessions(account_id=user.id, now=timezone.now())


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_reset, password_set
        from django.contrib.auth.signals import user_logged_out

        from accounts import replica  # noqa: F401  (registers its check)

        for signal in (user_logged_out, password_changed, password_set, password_reset):
            signal.connect(_note_session_end, dispatch_uid="accounts.session_end")
