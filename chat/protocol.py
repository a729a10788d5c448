"""Every frame a client may send or receive, as frozen typed structs; decoding has limits.

The one place that knows how frames become bytes. `docs/protocol.md` and the client's types are
generated from here.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from accounts.errors import Refusal
from accounts.events import Event, wire_name
from chat import events as chat_events
from paywall import events as paywall_events
from safety import events as safety_events

PROTOCOL_VERSION = "aparte.v1"
SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK = "aparte.v1.json", "aparte.v1.msgpack"
SUBPROTOCOLS = (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON)
FRAME_MAX_BYTES = 65_536
BODY_MAX_CHARACTERS = 5_000
SOCKETS_PER_ACCOUNT = 10
MALFORMED_PER_MINUTE = 20
HISTORY_MAX = 100
RESUME_MAX_CURSORS = 200
NOTE_MAX_CHARACTERS = 2_000
REASON_MAX_CHARACTERS = 500

CLOSE_SESSION_OVER, CLOSE_SUSPENDED, CLOSE_ABUSE = 4401, 4403, 4409
CLOSE_RESTART = 4503  # not the standard's 1012, which Daphne does not send

REFUSAL_CODES = (
    "not_found", "not_allowed", "cannot_write", "not_eligible", "not_certified", "age_unproven",
    "presence_check_due", "creator_paused", "conversation_paused", "conversation_ended",
    "price_changed", "price_out_of_bounds", "insufficient_funds", "budget_reached", "pause_active",
    "too_many_waiting", "offer_unavailable", "offer_too_soon", "already_owned", "media_not_ready",
    "file_type", "file_too_big", "release_missing", "payment_declined", "payment_unavailable",
    "below_minimum", "quote_lapsed", "client_id_reused", "too_long", "too_fast", "too_late",
    "too_many_attempts", "seat_forbidden", "lease_lost", "not_yours", "no_open_case",
    "archive_invalid", "malformed", "unknown_type", "busy", "internal_error",
)  # fmt: skip

RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Cents = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Note = Annotated[str, msgspec.Meta(max_length=NOTE_MAX_CHARACTERS)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_MAX_CHARACTERS)]


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="t",
    tag=wire_name,
    forbid_unknown_fields=True,
):
    """What a client asks; `r` is its own request id, echoed by the answer."""

    r: RequestId


class SendMessage(Command):
    conversation_id: UUID
    client_id: UUID
    body: str
    offer_id: UUID | None = None
    reply_to: UUID | None = None
    max_price_cents: Cents = 0


class EditMessage(Command):
    conversation_id: UUID
    message_id: UUID
    body: str


class UnsendMessage(Command):
    conversation_id: UUID
    message_id: UUID


class Unlock(Command):
    offer_id: UUID
    client_id: UUID
    max_price_cents: Cents = 0


class MarkRead(Command):
    conversation_id: UUID
    seq: Seq


class Typing(Command):
    conversation_id: UUID


class History(Command):
    conversation_id: UUID
    limit: Annotated[int, msgspec.Meta(ge=1, le=HISTORY_MAX)] = 50
    before_seq: Seq | None = None


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    conversation_id: UUID
    seq: Seq


class Resume(Command):
    cursors: Annotated[list[Cursor], msgspec.Meta(max_length=RESUME_MAX_CURSORS)]


class Report(Command):
    conversation_id: UUID
    message_id: UUID
    reason: Reason
    note: Note | None = None


class Quote(Command):
    conversation_id: UUID


class Ping(Command):
    pass


class StepCommand(Command):
    conversation_id: UUID
    case_id: UUID
    reason: Reason


class Watch(StepCommand):
    pass


class StepIn(StepCommand):
    pass


class PauseConversation(StepCommand):
    pass


class ResumeConversation(StepCommand):
    pass


class EndConversation(StepCommand):
    pass


class StepOut(StepCommand):
    pass


ClientFrame = (
    SendMessage | EditMessage | UnsendMessage | Unlock | MarkRead | Typing | History | Resume
    | Report | Quote | Ping | Watch | StepIn | PauseConversation | ResumeConversation
    | EndConversation | StepOut
)  # fmt: skip


class Receipt(Event):
    """The answer to a command that was carried out; `replay` when its client_id was known."""

    r: str
    state: str  # delivered, held, unsent, edited, unlocked, reported or done
    replay: bool  # true when this client_id was known: nothing was done again
    client_id: UUID | None = None
    message_id: UUID | None = None
    seq: int | None = None
    charged_cents: int | None = None
    balance_cents: int | None = None
    decide_before: str | None = None
    answer_due_at: str | None = None
    entitlement_id: UUID | None = None
    report_id: UUID | None = None
    sent_at: str | None = None


class Refused(Event):
    """The answer to a command that was not: nothing stored, nothing charged."""

    r: str
    code: str
    detail: str
    price_cents: int | None = None
    missing_cents: int | None = None
    retry_after_ms: int | None = None
    max_characters: int | None = None
    min_cents: int | None = None
    max_cents: int | None = None
    limit: int | None = None
    until: str | None = None
    ways_in: list[str] | None = None
    ref: str | None = None


class HistoryPage(Event):
    """Numbered messages in rising order, system lines between them, and own unnumbered ones."""

    r: str
    conversation_id: UUID
    messages: list[chat_events.MessageDelivered]
    lines: list[chat_events.Line]
    pending: list[chat_events.PendingMessage]  # on the newest page alone
    last_seq: int
    has_more: bool
    own_read_seq: int
    other_read_seq: int


class Resumed(Event):
    """After the missed events. `complete` is false when the gap was too wide: load history."""

    r: str
    complete: bool


class Quoted(Event):
    r: str
    conversation_id: UUID
    allowed: bool
    price_cents: int
    reason: str  # the rule that set the price (`paywall.pricing`), or the code of a refusal
    answer_deadline_hours: int
    ways_in: list[str]
    balance_cents: int
    free_until: str | None = None


class Pong(Event):
    r: str
    server_time: str


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client may send; the bounds of prices are absent for those who see no amount."""

    body_max_characters: int
    frame_max_bytes: int
    commands_per_second: int
    commands_burst: int
    history_max: int
    media_per_message_max: int
    unsend_window_seconds: int
    edit_window_seconds: int
    message_price_min_cents: int | None = None
    message_price_max_cents: int | None = None
    unlock_price_min_cents: int | None = None
    unlock_price_max_cents: int | None = None


class Welcome(Event):
    """The first frame; again whenever frames may have been lost on the way here: `resume` then."""

    account_id: UUID
    role: str
    server_time: str
    protocol: str
    limits: Limits


class SessionClosing(Event):
    reason: str
    retry_after_ms: int


ServerFrame = (
    Welcome | Receipt | Refused | HistoryPage | Resumed | Quoted | Pong | SessionClosing
    | chat_events.MessageDelivered | chat_events.MessageHeld | chat_events.MessageWithheld
    | chat_events.MessageExpired | chat_events.MessageEdited | chat_events.MessageUnsent
    | chat_events.AnswerCaptured | chat_events.AnswerRefunded | chat_events.Read
    | chat_events.Typing | chat_events.Presence | chat_events.ModeratorJoined
    | chat_events.ModeratorLeft | chat_events.ConversationPaused
    | chat_events.ConversationResumed | chat_events.ConversationEnded
    | paywall_events.WalletChanged | paywall_events.PriceChanged | paywall_events.MediaUnlocked
    | safety_events.CaseOpened | safety_events.CaseClaimed | safety_events.CaseReleased
    | safety_events.CaseResolved
    | safety_events.RuleFlooded
    | safety_events.RulePutBack
    | safety_events.RuleBookAlarm
    | safety_events.ServiceDegraded
)  # fmt: skip

_json_decoder = msgspec.json.Decoder(ClientFrame)
_msgpack_decoder = msgspec.msgpack.Decoder(ClientFrame)


class BadFrame(Exception):
    """The frame is not one of ours: answered `malformed` or `unknown_type`, and counted."""

    def __init__(self, code: str, detail: str, request_id: str) -> None:
        super().__init__(detail)
        self.code, self.detail, self.request_id = code, detail, request_id


def decode(data: str | bytes) -> Any:
    """One client frame as its struct: bytes are MessagePack, text is JSON.

    Raises `BadFrame`, naming the request it can still see.
    """
    try:
        if isinstance(data, bytes):
            return _msgpack_decoder.decode(data)
        return _json_decoder.decode(data)
    except UNREADABLE as error:
        raise _explain(data, error) from None


def _explain(data: str | bytes, error: Exception) -> BadFrame:
    """Read the frame again, loosely, to answer the request that asked."""
    try:
        seen = _envelope(data)
    except UNREADABLE:
        encoding = "MessagePack" if isinstance(data, bytes) else "JSON"
        return BadFrame("malformed", f"Not a {encoding} map with `t` and `r`.", "")
    unknown = seen.t and seen.t not in COMMAND_NAMES
    return BadFrame("unknown_type" if unknown else "malformed", str(error), seen.r[:64])


def request_id_of(data: str | bytes) -> str:
    """The `r` of a frame that is not decoded further; empty where there is none."""
    try:
        return _envelope(data).r[:64]
    except UNREADABLE:
        return ""


class _Envelope(msgspec.Struct):
    """What can be said of a frame before its type is known."""

    t: str = ""
    r: str = ""


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_json_envelope = msgspec.json.Decoder(_Envelope)
_msgpack_envelope = msgspec.msgpack.Decoder(_Envelope)


def _envelope(data: str | bytes) -> _Envelope:
    if isinstance(data, bytes):
        return _msgpack_envelope.decode(data)
    return _json_envelope.decode(data)


_REFUSED_FIELDS = frozenset(Refused.__struct_fields__) - {"r", "code", "detail"}


def refused(request_id: str, refusal: Refusal) -> Refused:
    """The refusal as a frame; facts that the frame has no field for stay here."""
    data = {key: value for key, value in refusal.data.items() if key in _REFUSED_FIELDS}
    return Refused(r=request_id, code=refusal.code, detail=refusal.detail, **data)


COMMAND_NAMES = frozenset(wire_name(frame.__name__) for frame in ClientFrame.__args__)
