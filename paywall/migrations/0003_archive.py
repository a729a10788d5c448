"""Archived periods, and the one door through which a transfer may leave: its key is remembered."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Q

FINAL = ("paywall_archivedperiod", "paywall_archivedposting")
STAYS = "transfers never vanish"
REMEMBERED = "SELECT 1 FROM paywall_archivedposting WHERE posting_key = OLD.posting_key"

POSTGRES_KEEP = f"""
CREATE FUNCTION paywall_keep_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS ({REMEMBERED}) THEN
    RAISE EXCEPTION USING MESSAGE = '{STAYS}', ERRCODE = 'check_violation';
  END IF;
  RETURN OLD;
END $$
"""
ON_DELETE = "CREATE TRIGGER transfers_never_vanish BEFORE DELETE ON paywall_transfer FOR EACH ROW"


def open_door(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(POSTGRES_KEEP)
        run("DROP TRIGGER transfers_never_vanish ON paywall_transfer")
        run(f"{ON_DELETE} EXECUTE FUNCTION paywall_keep_transfer()")
    else:
        run("DROP TRIGGER transfers_never_vanish")
        refuse = f"SELECT RAISE(ABORT, '{STAYS}') WHERE NOT EXISTS ({REMEMBERED})"
        run(f"{ON_DELETE} BEGIN {refuse}; END")
    for table, verb, message in _finals():
        action = (
            f"EXECUTE FUNCTION paywall_refuse('{message}')"
            if schema_editor.connection.vendor == "postgresql"
            else f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        run(f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} FOR EACH ROW {action}")


def close_door(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run = schema_editor.execute
    postgres = schema_editor.connection.vendor == "postgresql"
    for table, verb, _ in _finals():
        run(f"DROP TRIGGER {table}_{verb}" + (f" ON {table}" if postgres else ""))
    if postgres:
        run("DROP TRIGGER transfers_never_vanish ON paywall_transfer")
        run("DROP FUNCTION paywall_keep_transfer()")
        run(f"{ON_DELETE} EXECUTE FUNCTION paywall_refuse('{STAYS}')")
    else:
        run("DROP TRIGGER transfers_never_vanish")
        run(f"{ON_DELETE} BEGIN SELECT RAISE(ABORT, '{STAYS}'); END")


def _finals() -> list[tuple[str, str, str]]:
    return [(table, verb, "an archive is final") for table in FINAL for verb in ("UPDATE", "DELETE")]


class Migration(migrations.Migration):
    dependencies = [("paywall", "0002_guards")]
    operations = [
        migrations.CreateModel(
            name="ArchivedPeriod",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("before", models.DateTimeField(unique=True)),
                ("file", models.CharField(max_length=100, unique=True)),
                ("sha256", models.CharField(max_length=64)),
                ("postings", models.BigIntegerField()),
                ("transfers", models.BigIntegerField()),
                ("archived_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(since__lt=F("before")), name="an_archived_period_has_a_length"
                    ),
                    models.CheckConstraint(
                        condition=Q(postings__gt=0, transfers__gte=F("postings")),
                        name="an_archive_holds_something",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ArchivedPosting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("posting_key", models.CharField(max_length=120)),
                (
                    "period",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="paywall.archivedperiod",
                    ),
                ),
                ("fingerprint", models.CharField(max_length=32)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["posting_key"], name="an_archived_key_is_remembered_once"
                    )
                ]
            },
        ),
        migrations.RunPython(open_door, close_door),
    ]
