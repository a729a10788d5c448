"""Versions of the rule book. Their content and their events never change: triggers say so."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

VERSIONS, EVENTS = "safety_policyversion", "safety_policyevent"
CONTENT = "name, sha256, bundle, seal, key_id, shipped"
REFUSED = (
    (VERSIONS, "delete", "DELETE"),
    (VERSIONS, "another_content", f"UPDATE OF {CONTENT}"),
    (EVENTS, "delete", "DELETE"),
    (EVENTS, "update", "UPDATE"),
)


def protect(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgres = schema_editor.connection.vendor == "postgresql"
    for table, name, verb in REFUSED:
        action = (
            "FOR EACH ROW EXECUTE FUNCTION safety_is_append_only()"
            if postgres
            else f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        schema_editor.execute(f"CREATE TRIGGER {table}_refuses_{name} BEFORE {verb} ON {table} {action}")


def unprotect(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    on_table = schema_editor.connection.vendor == "postgresql"
    for table, name, _ in REFUSED:
        where = f" ON {table}" if on_table else ""
        schema_editor.execute(f"DROP TRIGGER {table}_refuses_{name}{where}")


class Migration(migrations.Migration):

    dependencies = [
        ('safety', '0002_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=32)),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('bundle', models.BinaryField()),
                ('seal', models.TextField()),
                ('key_id', models.CharField(max_length=16)),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('shadow', 'Shadow'), ('active', 'Active'), ('retired', 'Retired')], max_length=8)),
                ('shipped', models.BooleanField(default=False)),
                ('urgent', models.CharField(blank=True, max_length=500)),
                ('proposed_at', models.DateTimeField()),
                ('tried_since', models.DateTimeField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('active_since', models.DateTimeField(null=True)),
                ('retired_at', models.DateTimeField(null=True)),
                ('rolled_back_at', models.DateTimeField(null=True)),
                ('activated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PolicyEvent',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('shipped', 'Shipped'), ('proposed', 'Proposed'), ('tried', 'Tried'), ('set_aside', 'Set Aside'), ('approved', 'Approved'), ('activated', 'Activated'), ('retired', 'Retired'), ('rolled_back', 'Rolled Back'), ('refused', 'Refused'), ('failed', 'Failed')], max_length=12)),
                ('at', models.DateTimeField()),
                ('data', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='safety.policyversion')),
            ],
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('state',), name='one_rule_book_is_active'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'shadow')), fields=('state',), name='one_rule_book_is_tried'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'shadow', 'active', 'retired'])), name='rule_book_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(('shipped', True), models.Q(('state__in', ['active', 'retired']), _negated=True), models.Q(('activated_by__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='two_people_activate_a_rule_book'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), ('activated_by', None), models.Q(('approved_by', models.F('activated_by')), _negated=True), _connector='OR'), name='the_second_person_of_a_rule_book_is_another'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(('shipped', True), ('proposed_by__isnull', False), _connector='OR'), name='a_rule_book_has_an_author'),
        ),
        migrations.RunPython(protect, unprotect),
    ]
