"""Events, decisions and statements are append-only: the database refuses to change or delete one."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("safety_caseevent", "safety_decision", "safety_statement")

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION safety_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def protect(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgres = schema_editor.connection.vendor == "postgresql"
    if postgres:
        schema_editor.execute(POSTGRES_FUNCTION, params=None)
    for table in TABLES:
        for verb in ("UPDATE", "DELETE"):
            action = (
                "FOR EACH ROW EXECUTE FUNCTION safety_is_append_only()"
                if postgres
                else f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            name = f"{table}_refuses_{verb.lower()}"
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {action}")


def unprotect(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgres = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for verb in ("update", "delete"):
            on_table = f" ON {table}" if postgres else ""
            schema_editor.execute(f"DROP TRIGGER {table}_refuses_{verb}{on_table}")
    if postgres:
        schema_editor.execute("DROP FUNCTION safety_is_append_only()")


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
