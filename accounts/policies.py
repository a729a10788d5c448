"""May this account sell, and may others see this name."""

from collections.abc import Callable
from uuid import UUID

from accounts.errors import Refusal
from accounts.queries import certified


class NotCertified(Refusal):
    """Nothing is sold or earned before the five proofs are approved."""

    code = "not_certified"
    status = 403


_judges: list[Callable[[str], bool]] = []


def let_names_be_judged(may_be_shown: Callable[[str], bool]) -> None:
    """Say who judges the names that people choose: safety, which is above. The last one counts."""
    _judges[:] = [may_be_shown]


def shown_name(wanted: str, *, otherwise: str) -> str:
    """The name that others will see: `wanted`, unless somebody objects or nobody can judge it."""
    return wanted if wanted and _judges and _judges[0](wanted) else otherwise


def require_certified(account_id: UUID) -> None:
    """Raise `NotCertified` unless this creator's certification stands."""
    if account_id not in certified([account_id]):
        raise NotCertified("Nothing can be sold before all five proofs are approved.")
