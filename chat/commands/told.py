"""Of which messages this process has told everybody: when one of them is sent again, nobody needs
to be asked what they missed. What a server knew dies with it, and with it the doubt is back."""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

TOLD_MAX = 10_000  # the last ones; an older one that is sent again costs a look, and nothing more

_told: OrderedDict[int, None] = OrderedDict()  # an id as such is hashed in Python


def remember(message_ids: Iterable[UUID]) -> None:
    """What was published of these has left this process."""
    _told.update((message_id.int, None) for message_id in message_ids)
    while len(_told) > TOLD_MAX:
        _told.popitem(last=False)


def known(message_id: UUID) -> bool:
    """Whether this process has told everybody."""
    return message_id.int in _told
