"""The conversation's ways to say no."""

from accounts.errors import Refusal


class CannotWrite(Refusal):
    """A block or a country: no detail is given."""

    code = "cannot_write"
    status = 403


class NotEligible(Refusal):
    """None of the ways in fits; `ways_in` lists them all."""

    code = "not_eligible"
    status = 403


class PriceRose(Refusal):
    """The price rose above what the sender agreed to; `price_cents` is the one in force."""

    code = "price_changed"


class TooManyWaiting(Refusal):
    """`limit` paid messages wait for an answer already."""

    code = "too_many_waiting"


class ConversationIsPaused(Refusal):
    code = "conversation_paused"


class ConversationIsEnded(Refusal):
    code = "conversation_ended"


class ClientIdReused(Refusal):
    """This client_id was used for another content."""

    code = "client_id_reused"


class TooLong(Refusal):
    code = "too_long"
    status = 413


class TooLate(Refusal):
    """The window to change this message has closed."""

    code = "too_late"
