"""What one side wrote last, and what a fan spent: read from an index, not from the conversation."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_lists")]
    operations = [
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["conversation_id", "sender_id", "id"], name="messages_of_a_sender"
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["conversation_id", "sent_at", "price_cents"],
                condition=Q(money="captured"),
                name="spent_in_a_conversation",
            ),
        ),
    ]
