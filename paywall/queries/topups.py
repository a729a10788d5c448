"""Reading top-ups; nothing here changes anything."""

from uuid import UUID

from accounts.errors import NotFound
from paywall.models import TopUp


def topup_for(*, account_id: UUID, topup_id: UUID) -> TopUp:
    """This account's top-up. Raises `NotFound` also for somebody else's."""
    topup = TopUp.objects.filter(id=topup_id, account_id=account_id).first()
    if topup is None:
        raise NotFound("There is no such top-up.")
    return topup
