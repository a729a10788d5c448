"""The tables of the ledger. Only `paywall.ledger` writes them; triggers refuse to rewrite history.

Transfers and holds carry no foreign key: a check of a foreign key locks the row it points to, and
the one row of a system book would serialise every writer. `check_books` looks instead.
"""

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from paywall.ledger.books import USER_BOOKS, Book

_BOOKS = [(book.value, book.value) for book in Book]
_USER_BOOKS = [book.value for book in USER_BOOKS]


def _owned(side: str) -> Q:
    """A user book has an owner and a system book has none."""
    book, owner = f"{side}_book__in", f"{side}_owner_id__isnull"
    return Q(**{book: _USER_BOOKS, owner: False}) | (~Q(**{book: _USER_BOOKS}) & Q(**{owner: True}))


class LedgerAccount(models.Model):
    """The stored balance of a person's account. System books are sums of transfers, without a row:
    one hot row would make all writers wait for each other."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book = models.CharField(max_length=20, choices=_BOOKS)
    owner_id = models.UUIDField()
    balance_cents = models.BigIntegerField(default=0, db_default=0)
    reserved_cents = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_has_one_account_in_a_book", fields=["owner_id", "book"]
            ),
            models.CheckConstraint(
                name="only_user_books_store_a_balance", condition=Q(book__in=_USER_BOOKS)
            ),
            models.CheckConstraint(
                name="no_user_balance_is_negative", condition=Q(balance_cents__gte=0)
            ),
            models.CheckConstraint(
                name="only_a_wallet_reserves_and_never_less_than_nothing",
                condition=Q(reserved_cents=0) | Q(reserved_cents__gt=0, book=Book.FAN_WALLET.value),
            ),
        ]


class Transfer(models.Model):
    """An immutable movement. Those with one `posting_key` happened together."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    posting_key = models.CharField(max_length=120)
    leg = models.SmallIntegerField()
    kind = models.CharField(max_length=24)
    source_book = models.CharField(max_length=20, choices=_BOOKS)
    source_owner_id = models.UUIDField(null=True)
    target_book = models.CharField(max_length=20, choices=_BOOKS)
    target_owner_id = models.UUIDField(null=True)
    amount_cents = models.BigIntegerField()
    subject_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_posting_happens_once", fields=["posting_key", "leg"]),
            models.CheckConstraint(
                name="a_transfer_moves_something", condition=Q(amount_cents__gt=0)
            ),
            models.CheckConstraint(
                name="a_source_is_owned_as_its_book_asks", condition=_owned("source")
            ),
            models.CheckConstraint(
                name="a_target_is_owned_as_its_book_asks", condition=_owned("target")
            ),
        ]
        indexes = [
            models.Index(
                name="movements_out_of_an_account",
                fields=["source_owner_id", "at"],
                condition=Q(source_owner_id__isnull=False),
            ),
            models.Index(
                name="movements_into_an_account",
                fields=["target_owner_id", "at"],
                condition=Q(target_owner_id__isnull=False),
            ),
        ]


class HoldState(models.TextChoices):
    OPEN = "open"
    SETTLED = "settled"
    VOIDED = "voided"


class Hold(models.Model):
    """Money of one wallet in escrow. It ends once: settled (paid out) or voided (returned)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100)
    owner_id = models.UUIDField()
    amount_cents = models.BigIntegerField()
    state = models.CharField(
        max_length=8, choices=HoldState, default=HoldState.OPEN, db_default=HoldState.OPEN
    )
    settled_cents = models.BigIntegerField(default=0, db_default=0)
    returned_cents = models.BigIntegerField(default=0, db_default=0)
    subject_id = models.UUIDField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_hold_key_is_used_once", fields=["key"]),
            models.CheckConstraint(name="a_hold_holds_something", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="an_ended_hold_settled_and_returned_what_it_held",
                condition=Q(
                    state=HoldState.OPEN, settled_cents=0, returned_cents=0, ended_at__isnull=True
                )
                | Q(
                    state=HoldState.SETTLED,
                    settled_cents__gt=0,
                    returned_cents=F("amount_cents") - F("settled_cents"),
                    returned_cents__gte=0,
                    ended_at__isnull=False,
                )
                | Q(
                    state=HoldState.VOIDED,
                    settled_cents=0,
                    returned_cents=F("amount_cents"),
                    ended_at__isnull=False,
                ),
            ),
        ]
        indexes = [
            models.Index(
                name="open_holds_of_a_wallet",
                fields=["owner_id"],
                condition=Q(state=HoldState.OPEN),
            )
        ]


class ArchivedPeriod(models.Model):
    """Transfers before a date that stand in a file now; closings stand here in their place."""

    number = models.PositiveIntegerField(primary_key=True)  # from 1, without a hole
    since = models.DateTimeField()
    before = models.DateTimeField(unique=True)
    file = models.CharField(max_length=100, unique=True)  # its name; the operator keeps it
    sha256 = models.CharField(max_length=64)
    postings = models.BigIntegerField()
    transfers = models.BigIntegerField()
    archived_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_archived_period_has_a_length", condition=Q(since__lt=F("before"))
            ),
            models.CheckConstraint(
                name="an_archive_holds_something",
                condition=Q(postings__gt=0, transfers__gte=F("postings")),
            ),
        ]


class ArchivedPosting(models.Model):
    """The key of a posting whose transfers left: it happens once, however late it is retried."""

    posting_key = models.CharField(max_length=120)
    period = models.ForeignKey(ArchivedPeriod, models.PROTECT, related_name="+", db_index=False)
    fingerprint = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_archived_key_is_remembered_once", fields=["posting_key"]
            )
        ]
