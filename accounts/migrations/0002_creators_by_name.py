"""The list of creators is paged along an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.AddIndex(
            "account",
            models.Index(
                fields=["name", "id"],
                condition=models.Q(role="creator", is_active=True),
                name="open_creators_by_name",
            ),
        )
    ]
