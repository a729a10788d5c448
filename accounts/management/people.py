"""How commands name people: by e-mail address."""

from django.core.management.base import CommandError

from accounts.models import Account


def account_by_email(email: str) -> Account:
    """The account with this address; a `CommandError` that says so when there is none."""
    account = Account.objects.filter(email=email.lower()).first()
    if account is None:
        raise CommandError(f"No account has the address {email}.")
    return account
