"""The database refuses to rewrite the history of money, whoever asks, on both engines.

Transfers are append-only. A hold changes once, when it ends, and nothing but its ending. A receipt
changes once, when the creator's part leaves pending.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

HOLD_FIXED = ("id", "key", "owner_id", "amount_cents", "subject_id", "created_at")
RECEIPT_FIXED = (
    "id", "kind", "posting_key", "subject_kind", "subject_id", "fan_id", "creator_id",
    "gross_cents", "vat_rate_percent", "vat_cents", "creator_cents", "reserve_cents",
    "bank_cents", "platform_cents", "at", "reverses_id",
)


def _changed(columns: tuple[str, ...], vendor: str) -> str:
    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)


def _guards(vendor: str) -> list[tuple[str, str, str, str, str]]:
    """(trigger, table, verb, condition, what it says)."""
    return [
        ("transfers_never_change", "paywall_transfer", "UPDATE", "", "transfers never change"),
        ("transfers_never_vanish", "paywall_transfer", "DELETE", "", "transfers never vanish"),
        (
            "a_hold_ends_once", "paywall_hold", "UPDATE",
            f"OLD.state <> 'open' OR {_changed(HOLD_FIXED, vendor)}", "a hold ends once",
        ),
        ("holds_never_vanish", "paywall_hold", "DELETE", "", "holds never vanish"),
        (
            "a_receipt_is_final", "paywall_receipt", "UPDATE",
            f"OLD.released_at IS NOT NULL OR {_changed(RECEIPT_FIXED, vendor)}",
            "a receipt is final",
        ),
        ("receipts_never_vanish", "paywall_receipt", "DELETE", "", "receipts never vanish"),
    ]


POSTGRES_REFUSE = """
CREATE FUNCTION paywall_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'check_violation'; END $$
"""


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(POSTGRES_REFUSE)
        # Balances are updated in place: room in the page keeps such an update off the indexes.
        schema_editor.execute("ALTER TABLE paywall_ledgeraccount SET (fillfactor = 50)")
    for name, table, verb, condition, message in _guards(vendor):
        when = f"WHEN ({condition})" if condition else ""
        action = (
            f"EXECUTE FUNCTION paywall_refuse('{message}')"
            if vendor == "postgresql"
            else f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {when} {action}"
        )


def unguard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgres = schema_editor.connection.vendor == "postgresql"
    for name, table, *_ in _guards(schema_editor.connection.vendor):
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if postgres else ""))
    if postgres:
        schema_editor.execute("DROP FUNCTION paywall_refuse()")
        schema_editor.execute("ALTER TABLE paywall_ledgeraccount RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("paywall", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
