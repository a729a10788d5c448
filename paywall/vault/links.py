"""Hides the signature of media links: one account, one session, one item, five minutes."""

import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

PATH = "/media/{unlock_id}/{item}?e={expires}&s={signature}"


class Subject(NamedTuple):
    """What a link opens, and for whom."""

    unlock_id: UUID
    item: int
    account_id: UUID
    session_key: str


def sign(subject: Subject, *, now: datetime) -> tuple[str, int]:
    """The link and its expiry, in seconds since 1970."""
    expires = int((now + settings.MEDIA_LINK_LIFETIME).timestamp())
    signature = _signature(subject, expires)
    link = PATH.format(
        unlock_id=subject.unlock_id, item=subject.item, expires=expires, signature=signature
    )
    return link, expires


def holds(subject: Subject, *, expires: str, signature: str, now: datetime) -> bool:
    """Whether this signature was made for this subject and has not expired."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return False
    genuine = _signature(subject, int(expires)).encode()
    return hmac.compare_digest(genuine, signature.encode()) and now.timestamp() < int(expires)


def _signature(subject: Subject, expires: int) -> str:
    """HMAC-SHA256 (RFC 2104) over every field; none may contain the separator."""
    text = "|".join(("aparte.link.v1", *map(str, subject), str(expires)))
    key = settings.MEDIA_LINK_KEY.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
