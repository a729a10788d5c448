"""A wallet's pages follow the time of its movements, so their indexes do."""

from django.db import migrations, models
from django.db.models import Q


def _movements(way: str, side: str) -> models.Index:
    return models.Index(
        name=f"movements_{way}_an_account",
        fields=[f"{side}_owner_id", "at"],
        condition=Q(**{f"{side}_owner_id__isnull": False}),
    )


class Migration(migrations.Migration):
    dependencies = [("paywall", "0003_archive")]
    operations = [
        migrations.AddIndex("transfer", _movements("out_of", "source")),
        migrations.AddIndex("transfer", _movements("into", "target")),
        migrations.RemoveIndex("transfer", "transfers_out_of_an_account"),
        migrations.RemoveIndex("transfer", "transfers_into_an_account"),
    ]
