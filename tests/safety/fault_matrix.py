"""Thousands of messages through every fault at once (`bench.verdicts` then looks for a breach).

The real commands, engines and database; the faults are drawn from a seed: rules that raise or
overrun, books replaced and failing half-way, words and media exchanged between the verdict and the
send, edits, people who decide, clocks that catch up.
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from uuid_utils.compat import uuid7

from accounts.errors import Refusal
from chat.commands import Draft, Sent, edit_message, expire_held, screen_again, send_messages
from chat.models import Message
from safety import screening
from safety.models import Case
from tests.chat.talk import Talk, decide_case
from tests.safety.faults import (
    OVERRUNS,
    PAID,
    PREACHED,
    RAISES,
    Ailing,
    context_of,
    screened,
    small_book,
)

TALKS, BATCH = 8, 48
WORDS = ("bonsoir", "merci", "demain", "photo", "sourire", PAID, PREACHED, RAISES, OVERRUNS)


@dataclass
class Matrix:
    """One run; `seen` counts what happened, so that a fault that never struck is noticed."""

    seed: int = 1
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.talks = [Talk(cents=200_000) for _ in range(TALKS)]
        self.version, self.fault = 1, Ailing()
        screening.install(self.fault.engine())

    def run(self, messages: int) -> None:
        """Until so many were stored."""
        for talk in self.talks:
            talk.send(screened(talk, talk.fan, "bonjour"))
        turn = 0
        while self.seen["stored"] < messages:
            self._send()
            turn += 1
            if turn % 5 == 0:
                self._other_book()
            if turn % 3 == 0:
                self._others_act()
            for talk in self.talks:
                talk.pass_time(minutes=self.random.choice((1, 1, 5, 200)))
            latest = max(talk.now for talk in self.talks)
            for talk in self.talks:
                talk.now = latest

    def _send(self) -> None:
        drafts = [self._draft(self.random.choice(self.talks)) for _ in range(BATCH)]
        for outcome in send_messages(drafts=drafts, now=self.talks[0].now):
            if isinstance(outcome, Sent):
                self.seen["stored"] += 1
                self.seen[outcome.message.state] += 1
            elif isinstance(outcome, Refusal):
                self.seen["refused"] += 1

    def _draft(self, talk: Talk) -> Draft:
        words = self.random.choices(WORDS, weights=(9, 9, 9, 9, 9, 2, 2, 1, 1), k=4)
        sender = talk.fan if self.random.random() < 0.1 else talk.creator
        draft = screened(talk, sender, " ".join(words))
        luck = self.random.random()
        if luck < 0.02:  # other words travel under this verdict
            self.seen["exchanged"] += 1
            return replace(draft, body=f"bonsoir {PAID}")
        if luck < 0.04:  # its sender wrote elsewhere meanwhile
            self.seen["stale"] += 1
            return replace(draft, tail_id=uuid7())
        return draft

    def _other_book(self) -> None:
        """The rules break, heal, or another book takes their place and may fail over to this."""
        self.fault.broken = not self.fault.broken
        if self.random.random() < 0.5:
            good = screening.in_force()
            self.version, self.fault = self.version + 1, Ailing()
            screening.install(self.fault.engine(small_book(self.version)), spare=good)
            self.seen["replaced"] += 1

    def _others_act(self) -> None:
        now = self.talks[0].now
        before = len(screening.failed_books())
        self.seen["screened again"] += screen_again(now=now)
        self.seen["fell back"] += len(screening.failed_books()) - before
        held = Case.objects.filter(state="open", verdict="hold", severity__lt=4)
        for case_id in list(held.order_by("?").values_list("id", flat=True)[:2]):
            decide_case(case_id, self.random.choice(("release", "withhold")), now=now)
            self.seen["decided"] += 1
        self.seen["expired"] += expire_held(now=now)
        self._edit()

    def _edit(self) -> None:
        message = Message.objects.filter(state="delivered", edited_at=None).order_by("-id").first()
        if message is None:
            return
        talk = next(one for one in self.talks if one.place.id == message.conversation_id)
        author = talk.fan if message.sender_id == talk.fan.id else talk.creator
        body = " ".join(self.random.choices(WORDS, k=3))
        judged = "bonsoir" if self.random.random() < 0.2 else body
        said = screening.screen(judged, context_of(talk, author))
        try:
            edit_message(
                account_id=author.id,
                conversation_id=talk.place.id,
                message_id=message.id,
                body=body,
                verdict=said,
                language="fr",
                now=talk.now,
            )
            self.seen["edited"] += 1
        except Refusal:
            self.seen["edit refused"] += 1
