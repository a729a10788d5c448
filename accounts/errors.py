"""Hides how an expected "no" travels: every one is a `Refusal`, on the socket and over REST."""

from typing import Any, ClassVar

BUSY_RETRY_MS = 1_000


class Refusal(Exception):
    """An expected no. Nothing was stored and nothing charged when one is raised.

    Subclasses stand beside the code that raises them and set `code`, one of the stable
    snake_case codes of the protocol, and the HTTP `status` REST answers with. `data` holds the
    facts of the code that a client shows (`price_cents`, `missing_cents`, `retry_after_ms`...).
    """

    code: ClassVar[str]
    status: ClassVar[int] = 409

    def __init__(self, detail: str = "", **data: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail or self.code
        self.data = data


class NotFound(Refusal):
    """Not there and not yours are the same answer."""

    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    """This account may not do this; `detail` says why."""

    code = "not_allowed"
    status = 403


class Malformed(Refusal):
    """A value is not acceptable: `field` names it, `accepted` says what is."""

    code = "malformed"
    status = 422


class Busy(Refusal):
    """Too much at once, or the database is away: ask again after `retry_after_ms`."""

    code = "busy"
    status = 503

    def __init__(self, detail: str = "The service is busy. Nothing was stored.") -> None:
        super().__init__(detail, retry_after_ms=BUSY_RETRY_MS)
