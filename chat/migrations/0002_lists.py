"""The lists of conversations by keyset, and unread counters that leave out what was taken back."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

# What waits while its clock stands still has no deadline now: it is listed by its delivery.
FILL = """
UPDATE chat_conversation SET listed_at = last_at,
  due_at = (
    SELECT coalesce(min(answer_due_at), min(delivered_at)) FROM chat_message AS message
     WHERE message.conversation_id = chat_conversation.id
       AND money = 'reserved' AND state = 'delivered'),
  fan_unread = (
    SELECT count(*) FROM chat_message AS message
     WHERE message.conversation_id = chat_conversation.id AND state = 'delivered'
       AND sender_id = creator_id AND message.seq > fan_read_seq),
  creator_unread = (
    SELECT count(*) FROM chat_message AS message
     WHERE message.conversation_id = chat_conversation.id AND state = 'delivered'
       AND sender_id = fan_id AND message.seq > creator_read_seq)
"""


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Counters are updated in place: room in the page keeps such an update off the indexes."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE chat_conversation SET (fillfactor = 50)")


def fill_pages(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE chat_conversation RESET (fillfactor)")


def _has_unread(side: str) -> models.GeneratedField:
    is_any = models.ExpressionWrapper(Q(**{f"{side}_unread__gt": 0}), models.BooleanField())
    return models.GeneratedField(
        expression=is_any, output_field=models.BooleanField(), db_persist=True
    )


def _indexes(side: str) -> list[models.Index]:
    newest = [f"{side}_id", "-listed_at", "-id"]
    unread, waits = Q(**{f"{side}_has_unread": True}), Q(due_at__isnull=False)
    return [
        models.Index(fields=newest, name=f"conversations_of_a_{side}"),
        models.Index(fields=newest, condition=unread, name=f"unread_by_a_{side}"),
        models.Index(
            fields=[f"{side}_id", "due_at", "id"], condition=waits, name=f"waiting_of_a_{side}"
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [
        migrations.RemoveIndex("conversation", "conversations_of_a_fan"),
        migrations.RemoveIndex("conversation", "conversations_of_a_creator"),
        migrations.AddField("conversation", "listed_at", models.DateTimeField(null=True)),
        migrations.AddField("conversation", "due_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("conversation", "listed_at", models.DateTimeField()),
        migrations.AddField("conversation", "fan_has_unread", _has_unread("fan")),
        migrations.AddField("conversation", "creator_has_unread", _has_unread("creator")),
        *(
            migrations.AddIndex("conversation", index)
            for side in ("fan", "creator")
            for index in _indexes(side)
        ),
        migrations.RunPython(leave_room, fill_pages),
    ]
