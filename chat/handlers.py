"""What each frame asks for: one domain call and a translation of its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import inbox
from accounts.db import in_db
from accounts.errors import NotAllowed, Refusal
from accounts.events import wire_time
from accounts.models import Role
from chat import answers, commands, policies, protocol, stages, tails
from chat.batching import SendQueue
from chat.commands import Draft, Outcome, steps
from chat.commands.drafts import attachments_of, words_of
from chat.events import Typing
from chat.models import Message
from chat.opinions import WaitingRoom, opinion_on
from chat.queries.access import conversation_for, message_for, other_side
from chat.queries.pages import history_page, missed
from chat.queries.prices import quote
from chat.sockets import Socket
from paywall.queries.offers import preview_of
from safety import commands as safety_commands
from safety.screening import Context, screen

send_queue = SendQueue()
waiting_room = WaitingRoom(send_queue)


async def handle(command: protocol.Command, socket: Socket) -> None:
    """Carry one command out. Raises the `Refusal` to answer with."""
    await HANDLERS[type(command)](command, socket)


def owing() -> bool:
    """Whether a send that was taken has no outcome yet."""
    return not (send_queue.idle and waiting_room.idle)


async def send_message(frame: protocol.SendMessage, socket: Socket) -> None:
    """Screen, enqueue, and answer when the batch has committed."""
    now = timezone.now()
    body = policies.clean_body(frame.body, may_be_empty=frame.offer_id is not None)
    place, sender = frame.conversation_id, socket.account_id
    tail = await tails.tail_of(place, sender, now=now)
    preview = await in_db(preview_of)(offer_id=frame.offer_id) if frame.offer_id else ""
    recent = tuple(text for _, text in tail)
    context = _context(socket, recent, attachments_of(frame.offer_id))
    started = perf_counter()
    verdict = screen(words_of(body, preview), context)
    seconds = perf_counter() - started
    draft = Draft(
        message_id=uuid7(),
        conversation_id=place,
        sender_id=sender,
        client_id=frame.client_id,
        body=body,
        verdict=verdict,
        context=context,
        preview=preview,
        sent_at=now,
        offer_id=frame.offer_id,
        reply_to=frame.reply_to,
        max_price_cents=frame.max_price_cents,
        tail_id=tail[-1][0] if tail else None,
    )
    stages.screened(draft, seconds)
    tails.remember(place, sender, draft.message_id, body)
    future = waiting_room.submit(draft, context)
    future.add_done_callback(partial(_answer_send, draft, frame.r, socket))


def _answer_send(
    draft: Draft, request_id: str, socket: Socket, future: "asyncio.Future[Outcome]"
) -> None:
    outcome = future.result()
    if isinstance(outcome, Refusal) or outcome.replay:
        tails.take_back(draft.conversation_id, draft.sender_id, draft.message_id)
    if isinstance(outcome, Refusal):
        return socket.refuse(request_id, outcome)
    socket.answer(answers.receipt_of(request_id, outcome))


async def edit_message(frame: protocol.EditMessage, socket: Socket) -> None:
    """Screen the new text; it shows at once, or waits for a human as `held`."""
    body = policies.clean_body(frame.body, may_be_empty=True)
    arrived_at, context = timezone.now(), _context(socket)
    verdict, chances = await opinion_on(body, screen(body, context), context)
    message = await in_db(commands.edit_message)(
        account_id=socket.account_id,
        conversation_id=frame.conversation_id,
        message_id=frame.message_id,
        body=body,
        verdict=verdict,
        chances=chances,
        language=socket.account.language,
        now=arrived_at,
    )
    state = "edited" if message.body == body else "held"
    socket.answer(_done(frame, state, message))


async def unsend_message(frame: protocol.UnsendMessage, socket: Socket) -> None:
    """Take an own message back."""
    message = await in_db(commands.unsend_message)(
        account_id=socket.account_id,
        conversation_id=frame.conversation_id,
        message_id=frame.message_id,
        now=timezone.now(),
    )
    tails.forget(frame.conversation_id, socket.account_id)
    socket.answer(_done(frame, "unsent", message))


def _done(frame: protocol.Command, state: str, message: Message) -> protocol.Receipt:
    return protocol.Receipt(
        r=frame.r, state=state, replay=False, message_id=message.id, seq=message.seq
    )


async def unlock(frame: protocol.Unlock, socket: Socket) -> None:
    """Buy what a message offers; the answer names the entitlement."""
    bought = await in_db(commands.unlock)(
        fan_id=socket.account_id,
        offer_id=frame.offer_id,
        client_id=frame.client_id,
        max_price_cents=frame.max_price_cents,
        now=timezone.now(),
    )
    socket.answer(
        protocol.Receipt(
            r=frame.r,
            state="unlocked",
            client_id=frame.client_id,
            message_id=bought.message_id,
            entitlement_id=bought.entitlement_id,
            charged_cents=bought.charged_cents,
            balance_cents=bought.balance_cents,
            replay=bought.replay,
        )
    )


async def mark_read(frame: protocol.MarkRead, socket: Socket) -> None:
    """No answer: both sides hear `read`."""
    await in_db(commands.mark_read)(
        account_id=socket.account_id, conversation_id=frame.conversation_id, seq=frame.seq
    )


async def typing(frame: protocol.Typing, socket: Socket) -> None:
    """No answer: the other side hears `typing`."""
    await in_db(_hint_typing)(frame.conversation_id, socket.account_id)


def _hint_typing(conversation_id: UUID, account_id: UUID) -> None:
    conversation = conversation_for(member_id=account_id, conversation_id=conversation_id)
    at = wire_time(timezone.now())
    event = Typing(conversation_id=conversation_id, account_id=account_id, at=at)
    inbox.hint([other_side(conversation, account_id)], event)


async def history(frame: protocol.History, socket: Socket) -> None:
    """One page, newest first asked, oldest first told."""
    page = await in_db(history_page)(
        reader_id=socket.account_id,
        conversation_id=frame.conversation_id,
        before_seq=frame.before_seq,
        limit=frame.limit,
        now=timezone.now(),
    )
    socket.answer(
        protocol.HistoryPage(
            r=frame.r,
            conversation_id=frame.conversation_id,
            messages=page.messages,
            lines=page.lines,
            pending=page.pending,
            last_seq=page.last_seq,
            has_more=page.has_more,
            own_read_seq=page.own_read_seq,
            other_read_seq=page.other_read_seq,
        )
    )


async def resume(frame: protocol.Resume, socket: Socket) -> None:
    """Send the missed messages, conversation by conversation, then say whether they are all."""
    complete = True
    for cursor in frame.cursors:
        events, whole = await in_db(missed)(
            reader_id=socket.account_id, conversation_id=cursor.conversation_id, seq=cursor.seq
        )
        complete = complete and whole
        for event in events:
            socket.answer(event)
    socket.answer(protocol.Resumed(r=frame.r, complete=complete))


async def report(frame: protocol.Report, socket: Socket) -> None:
    """Ask a human to look at a message."""
    report_id = await in_db(_report)(frame, socket.account_id)
    socket.answer(
        protocol.Receipt(
            r=frame.r,
            state="reported",
            replay=False,
            message_id=frame.message_id,
            report_id=report_id,
        )
    )


def _report(frame: protocol.Report, account_id: UUID) -> UUID:
    message = message_for(
        member_id=account_id, conversation_id=frame.conversation_id, message_id=frame.message_id
    )
    return safety_commands.report(
        reporter_id=account_id,
        kind="message",
        subject_id=message.id,
        author_id=message.sender_id,
        conversation_id=message.conversation_id,
        body=message.body,
        reason=frame.reason,
        note=frame.note or "",
        now=timezone.now(),
    )


async def send_quote(frame: protocol.Quote, socket: Socket) -> None:
    """What the next message costs, and whether it may be sent."""
    found = await in_db(_quote)(frame.conversation_id, socket.account_id)
    socket.answer(
        protocol.Quoted(
            r=frame.r,
            conversation_id=frame.conversation_id,
            allowed=found.allowed,
            price_cents=found.price_cents,
            reason=found.reason,
            answer_deadline_hours=found.answer_deadline_hours,
            ways_in=found.ways_in,
            balance_cents=found.balance_cents,
            free_until=None if found.free_until is None else wire_time(found.free_until),
        )
    )


def _quote(conversation_id: UUID, account_id: UUID) -> Any:
    conversation = conversation_for(member_id=account_id, conversation_id=conversation_id)
    return quote(account_id=account_id, conversation=conversation, now=timezone.now())


async def ping(frame: protocol.Ping, socket: Socket) -> None:
    """Answer with the server's time, and see now and then whether the session still stands."""
    socket.answer(protocol.Pong(r=frame.r, server_time=wire_time(timezone.now())))
    await socket.heartbeat()


def _stepper(step: Callable[..., Any]) -> Callable[[Any, Socket], Awaitable[None]]:
    async def handler(frame: protocol.StepCommand, socket: Socket) -> None:
        if socket.account.role != Role.MODERATOR:
            raise NotAllowed("Only a moderator steps in.")
        await in_db(step)(
            moderator_id=socket.account_id,
            conversation_id=frame.conversation_id,
            case_id=frame.case_id,
            reason=frame.reason,
            now=timezone.now(),
        )
        socket.answer(protocol.Receipt(r=frame.r, state="done", replay=False))

    return handler


def _context(
    socket: Socket, recent: tuple[str, ...] = (), attachments: tuple[str, ...] = ()
) -> Context:
    account = socket.account
    return Context(
        sender_role=account.role,
        language=account.language,
        country=account.country,
        recent=recent,
        attachments=attachments,
    )


HANDLERS: dict[type[protocol.Command], Callable[[Any, Socket], Awaitable[None]]] = {
    protocol.SendMessage: send_message,
    protocol.EditMessage: edit_message,
    protocol.UnsendMessage: unsend_message,
    protocol.Unlock: unlock,
    protocol.MarkRead: mark_read,
    protocol.Typing: typing,
    protocol.History: history,
    protocol.Resume: resume,
    protocol.Report: report,
    protocol.Quote: send_quote,
    protocol.Ping: ping,
    protocol.Watch: _stepper(steps.watch),
    protocol.StepIn: _stepper(steps.step_in),
    protocol.PauseConversation: _stepper(steps.pause_conversation),
    protocol.ResumeConversation: _stepper(steps.resume_conversation),
    protocol.EndConversation: _stepper(steps.end_conversation),
    protocol.StepOut: _stepper(steps.step_out),
}
