"""What the books must prove beyond the ledger's own tables: receipts, earnings, VAT, unlocks.

Each constant is a query that finds what is wrong. `paywall.apps` registers them with the ledger.
"""

from paywall import ledger

_PARTS = """
SELECT id, gross_cents FROM paywall_receipt
 WHERE vat_cents + creator_cents + reserve_cents + bank_cents + platform_cents <> gross_cents
"""

# Archived transfers are proved from their file: see `paywall.queries.archives`.
_STANDS = """NOT EXISTS (
  SELECT 1 FROM paywall_archivedposting AS archived
   WHERE archived.posting_key = receipt.posting_key)"""

_SALES = f"""
SELECT receipt.id, receipt.posting_key FROM paywall_receipt AS receipt
  LEFT JOIN paywall_transfer AS transfer
    ON transfer.posting_key = receipt.posting_key AND transfer.target_book <> 'fan_wallet'
 WHERE receipt.kind = 'sale' AND {_STANDS} GROUP BY receipt.id
HAVING coalesce(sum(transfer.amount_cents), 0) <> gross_cents
    OR sum(CASE WHEN target_book = 'vat_payable' THEN amount_cents ELSE 0 END) <> vat_cents
    OR sum(CASE WHEN target_book = 'creator_pending' AND target_owner_id = creator_id
                THEN amount_cents ELSE 0 END) <> creator_cents
    OR sum(CASE WHEN target_book = 'chargeback_reserve' THEN amount_cents ELSE 0 END)
       <> reserve_cents
    OR sum(CASE WHEN target_book = 'platform_fee' THEN amount_cents ELSE 0 END)
       <> bank_cents + platform_cents
"""

# What a creator no longer has, the platform pays: those two are compared together.
_CREDIT_NOTES = f"""
SELECT receipt.id, receipt.posting_key FROM paywall_receipt AS receipt
  LEFT JOIN paywall_transfer AS transfer ON transfer.posting_key = receipt.posting_key
   AND transfer.target_book = 'fan_wallet' AND transfer.target_owner_id = receipt.fan_id
 WHERE receipt.kind = 'credit_note' AND {_STANDS} GROUP BY receipt.id
HAVING coalesce(sum(transfer.amount_cents), 0) <> gross_cents
    OR sum(CASE WHEN source_book = 'vat_payable' THEN amount_cents ELSE 0 END) <> vat_cents
    OR sum(CASE WHEN source_book = 'chargeback_reserve' THEN amount_cents ELSE 0 END)
       <> reserve_cents
"""

_REVERSED = """
SELECT note.id, sale.id FROM paywall_receipt AS note
  JOIN paywall_receipt AS sale ON sale.id = note.reverses_id
 WHERE sale.kind <> 'sale' OR note.gross_cents <> sale.gross_cents
    OR note.fan_id <> sale.fan_id OR note.creator_id <> sale.creator_id
    OR note.vat_cents <> sale.vat_cents OR note.creator_cents <> sale.creator_cents
    OR note.reserve_cents <> sale.reserve_cents OR note.bank_cents <> sale.bank_cents
"""

_CAPTURED = """
SELECT transfer.posting_key FROM paywall_transfer AS transfer
  LEFT JOIN paywall_receipt AS receipt ON receipt.posting_key = transfer.posting_key
 WHERE receipt.id IS NULL AND transfer.source_book IN ('escrow', 'fan_wallet')
   AND transfer.target_book IN ('vat_payable', 'creator_pending') AND transfer.kind <> 'closing'
UNION
SELECT hold.key FROM paywall_hold AS hold
  LEFT JOIN paywall_receipt AS receipt ON receipt.posting_key = 'end:' || hold.key
 WHERE receipt.id IS NULL AND hold.state = 'settled' AND hold.key LIKE 'message:%'
"""

_VAT = """
SELECT sum(cents) FROM (
  SELECT amount_cents AS cents FROM paywall_transfer
   WHERE target_book = 'vat_payable' AND source_book <> 'processor_clearing'
  UNION ALL SELECT -amount_cents FROM paywall_transfer
   WHERE source_book = 'vat_payable' AND target_book <> 'processor_clearing'
  UNION ALL SELECT CASE WHEN kind = 'sale' THEN -vat_cents ELSE vat_cents END
    FROM paywall_receipt
) AS both_sides HAVING sum(cents) <> 0
"""

_EARNED = """
SELECT owner_id, sum(cents) FROM (
  SELECT creator_id AS owner_id, creator_cents AS cents FROM paywall_receipt WHERE kind = 'sale'
  UNION ALL SELECT owner_id, -balance_cents FROM paywall_ledgeraccount
   WHERE book IN ('creator_pending', 'creator_available')
  UNION ALL SELECT source_owner_id, -amount_cents FROM paywall_transfer
   WHERE source_book IN ('creator_pending', 'creator_available')
     AND target_book NOT IN ('creator_pending', 'creator_available')
  UNION ALL SELECT target_owner_id, amount_cents FROM paywall_transfer
   WHERE target_book IN ('creator_pending', 'creator_available')
     AND source_book NOT IN ('creator_pending', 'creator_available', 'escrow', 'fan_wallet')
) AS both_sides GROUP BY owner_id HAVING sum(cents) <> 0
"""

_PENDING = """
SELECT owner_id, sum(cents) FROM (
  SELECT creator_id AS owner_id, creator_cents AS cents FROM paywall_receipt
   WHERE kind = 'sale' AND released_at IS NULL
  UNION ALL SELECT owner_id, -balance_cents FROM paywall_ledgeraccount
   WHERE book = 'creator_pending'
) AS both_sides GROUP BY owner_id HAVING sum(cents) <> 0
"""

# A paid unlock and its sale name each other, and an unlock has ended exactly when it was refunded.
_UNLOCKS = """
SELECT sale.id, sale.subject_id, opened.id FROM paywall_receipt AS sale
  LEFT JOIN paywall_unlock AS opened ON opened.receipt_id = sale.id
  LEFT JOIN paywall_receipt AS note ON note.reverses_id = sale.id
 WHERE sale.kind = 'sale' AND sale.subject_kind = 'unlock'
   AND (opened.id IS NULL OR opened.fan_id <> sale.fan_id
        OR opened.charged_cents <> sale.gross_cents
        OR (note.id IS NULL) <> (opened.ended_at IS NULL))
UNION ALL
SELECT opened.receipt_id, opened.offer_id, opened.id FROM paywall_unlock AS opened
  LEFT JOIN paywall_receipt AS sale ON sale.id = opened.receipt_id AND sale.kind = 'sale'
 WHERE opened.charged_cents > 0 AND sale.id IS NULL
"""


PROOFS = {
    "the parts of every receipt sum to its price": _PARTS,
    "every sale moved what its receipt says": _SALES,
    "every credit note moved what it says": _CREDIT_NOTES,
    "every credit note reverses the lines of a sale": _REVERSED,
    "everything captured has a receipt": _CAPTURED,
    "VAT payable is what was captured less what was reversed and remitted": _VAT,
    "pending plus available is what was earned less what went out": _EARNED,
    "pending is the creator's part of the sales not yet released": _PENDING,
    "every paid unlock is one sale, and ended exactly when it was refunded": _UNLOCKS,
}


def register() -> None:
    """Add these proofs to `ledger.check_books`."""
    for name, sql in PROOFS.items():
        ledger.register_check(name, ledger.breaches(sql))
