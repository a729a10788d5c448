"""The only door to money, batch-first: double entry, holds in escrow, and the proof of both.

Hides tables, locks and set-based SQL. Every function that moves money takes a sequence, assumes an
open transaction, and answers one `Outcome` per item in the same order.
"""

from collections.abc import Iterable

from paywall.ledger._accounts import NoTransaction, lock_accounts, open_accounts
from paywall.ledger._balances import balances, wallet, wallets
from paywall.ledger._checks import Check, breaches, check_books, register_check
from paywall.ledger._holds import hold, settle, void
from paywall.ledger._post import post
from paywall.ledger._sheet import Held, Sheet, locked_sheet
from paywall.ledger.books import (
    ESCROW,
    USER_BOOKS,
    Book,
    HoldRequest,
    Leg,
    Outcome,
    Place,
    Posting,
    Settlement,
    Wallet,
    end_key,
    hold_key,
)

__all__ = [
    "ESCROW",
    "USER_BOOKS",
    "Book",
    "Check",
    "Held",
    "HoldRequest",
    "Leg",
    "NoTransaction",
    "Outcome",
    "Place",
    "Posting",
    "Settlement",
    "Sheet",
    "Wallet",
    "balances",
    "breaches",
    "check_books",
    "end_key",
    "hold",
    "hold_key",
    "lock",
    "locked_sheet",
    "open_accounts",
    "post",
    "register_check",
    "settle",
    "void",
    "wallet",
    "wallets",
]


def lock(places: Iterable[Place]) -> None:
    """Lock all user accounts a transaction will touch, in id order, opening those that are missing.

    For transactions that call the ledger more than once: each call locks in order, but two calls
    together would not, and two such transactions could then wait for each other for ever.
    """
    lock_accounts(places)
