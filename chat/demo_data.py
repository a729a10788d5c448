"""The people and conversations of the demo, made by the product's own commands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.commands import certify, create_account
from accounts.models import Account, Role
from chat.commands import Draft, Sent, create_offer, open_conversation, send_messages
from chat.models import Conversation
from paywall.commands import credits, media, topups, uploads
from safety.commands import set_duty
from safety.screening import Context, screen

PASSWORD = "aparte-demo-2026"  # noqa: S105  printed on purpose: these accounts live on this machine
CARD = "4242 4242 4242 4242"
PICTURE = Path(__file__).parent / "demo" / "stage.jpg"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    role: str
    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoConversation:
    """`fan` and `creator` are the e-mail addresses of its two sides."""

    id: UUID
    fan: str
    creator: str


@dataclass(frozen=True, slots=True)
class DemoWorld:
    accounts: list[DemoAccount]
    conversations: list[DemoConversation]


PEOPLE = (
    (Role.FAN, "Fan Un", "fan@demo.example", "fr"),
    (Role.FAN, "Fan Two", "fan2@demo.example", "en"),
    (Role.CREATOR, "Studio Velours", "velours@demo.example", "fr"),
    (Role.CREATOR, "Moon Studio", "moon@demo.example", "en"),
    (Role.CREATOR, "Atelier Nouveau", "nouveau@demo.example", "fr"),
    (Role.MODERATOR, "M-17", "m17@demo.example", "fr"),
    (Role.MODERATOR, "M-23", "m23@demo.example", "en"),
)


def seed(*, now: datetime) -> DemoWorld:
    """Make the demo's world once; called again it only reads it.

    The first fan has 50.00 EUR, and writing in the first conversation costs 2.00 EUR.
    """
    people = {a.email: a for a in Account.objects.filter(email__in=[p[2] for p in PEOPLE])}
    if len(people) < len(PEOPLE):
        people = _Story(now).tell()
    return _world(people)


def _world(people: dict[str, Account]) -> DemoWorld:
    emails = {account.id: email for email, account in people.items()}
    rows = Conversation.objects.filter(fan_id__in=emails, creator_id__in=emails)
    return DemoWorld(
        [DemoAccount(role, name, email, PASSWORD) for role, name, email, _ in PEOPLE],
        [
            DemoConversation(c.id, emails[c.fan_id], emails[c.creator_id])
            for c in rows.order_by("created_at")
        ],
    )


class _Story:
    """What happened before the demo was opened."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def tell(self) -> dict[str, Account]:
        """Make the people, then what they said and paid; the accounts by address."""
        self.people = {row[3]: self._account(*row) for row in _rows()}
        fan, fan2, velours, moon, _, m17, m23 = self.people.values()
        for creator in (velours, moon):
            certify(creator_id=creator.id, moderator_id=m17.id, now=self.now - timedelta(days=9))
        for moderator in (m17, m23):
            set_duty(moderator_id=moderator.id, on=True, now=self.now)
        self._top_up(fan, 5_200)
        self._top_up(fan2, 6_000)
        self._open(fan, velours, hours_ago=30)
        self._answered(fan, moon)
        self._waiting(fan2, velours)
        self._held(fan2, moon)
        return self.people

    def _account(self, role: Role, name: str, language: str, email: str) -> Account:
        return create_account(
            email=email, password=PASSWORD, name=name, role=role, language=language
        )

    def _top_up(self, fan: Account, cents: int) -> None:
        """Believed when the provider is asked, as no server is there yet to hear its webhook."""
        begun = self.now - timedelta(days=2)
        topups.start_topup(
            account_id=fan.id, client_id=uuid7(), amount_cents=cents, card=CARD, now=begun
        )
        credits.reconcile(now=begun + timedelta(hours=1))

    def _answered(self, fan: Account, creator: Account) -> None:
        """A paid question, its answer in person, and a picture for sale."""
        place = self._open(fan, creator, hours_ago=26)
        question = "Bonsoir ! Quelle lumière utilisez-vous pour vos portraits ?"
        self._say(place, fan, question, hours_ago=26, most=200)
        answer = "Bonsoir, une seule lampe, très bas sur le côté, et un rideau de velours."
        self._say(place, creator, answer, hours_ago=25)
        offer = create_offer(
            creator_id=creator.id,
            conversation_id=place.id,
            media_ids=[self._picture(creator)],
            price_cents=800,
            preview="La scène, avant le lever de rideau",
            now=self.now - timedelta(hours=24),
        )
        caption = "Voici la photo dont je parlais."
        self._say(place, creator, caption, hours_ago=24, offer_id=offer.offer_id)

    def _waiting(self, fan: Account, creator: Account) -> None:
        place = self._open(fan, creator, hours_ago=6)
        self._say(place, fan, "Hello! Which show should I see first?", hours_ago=6, most=200)

    def _held(self, fan: Account, creator: Account) -> None:
        place = self._open(fan, creator, hours_ago=1)
        offer_to_meet = "I will pay you 300 euros for a night at my hotel tomorrow."
        self._say(place, fan, offer_to_meet, hours_ago=0, most=200)

    def _open(self, fan: Account, creator: Account, *, hours_ago: int) -> Conversation:
        moment = self.now - timedelta(hours=hours_ago)
        return open_conversation(fan_id=fan.id, creator_id=creator.id, now=moment)

    def _say(
        self,
        place: Conversation,
        sender: Account,
        body: str,
        *,
        hours_ago: int,
        most: int = 0,
        offer_id: UUID | None = None,
    ) -> None:
        moment = self.now - timedelta(hours=hours_ago)
        context = Context(sender.role, sender.country, sender.language)
        draft = Draft(
            message_id=uuid7(),
            conversation_id=place.id,
            sender_id=sender.id,
            client_id=uuid7(),
            body=body,
            verdict=screen(body, context),
            context=context,
            sent_at=moment,
            max_price_cents=most,
            offer_id=offer_id,
        )
        (outcome,) = send_messages(drafts=[draft], now=moment)
        if not isinstance(outcome, Sent):
            raise outcome

    def _picture(self, creator: Account) -> UUID:
        content = PICTURE.read_bytes()
        moment = self.now - timedelta(hours=24)
        upload = uploads.start_upload(
            creator_id=creator.id,
            client_id=uuid7(),
            size_bytes=len(content),
            file_name=PICTURE.name,
            now=moment,
        )
        uploads.receive_part(
            creator_id=creator.id, media_id=upload.id, offset=0, part=content, now=moment
        )
        return media.process_media(media_id=upload.id, now=moment).id


def _rows() -> list[tuple[Role, str, str, str]]:
    return [(role, name, language, email) for role, name, email, language in PEOPLE]
