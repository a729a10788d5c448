"""What Aparté decides inside allauth's flows."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.policies import shown_name


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up makes fans: a creator or moderator is made by people, not by a form."""

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        wanted = (form.cleaned_data.get("email") or "").split("@")[0][:64]
        user.name = shown_name(wanted, otherwise="fan")
        return super().save_user(request, user, form, commit)
