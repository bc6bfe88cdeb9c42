"""What the admin calls models and fields; no table changes."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import registry.facts


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0005_record_index"),
        ("registry", "0005_titles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="idempotencykey",
            options={"verbose_name": "idempotency key", "verbose_name_plural": "idempotency keys"},
        ),
        migrations.AlterModelOptions(
            name="prediction",
            options={"verbose_name": "answer", "verbose_name_plural": "recorded answers"},
        ),
        migrations.AlterModelOptions(
            name="predictionfailure",
            options={
                "verbose_name": "question without an answer",
                "verbose_name_plural": "questions without an answer",
            },
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="created_at",
            field=models.DateTimeField(
                db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
            ),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="digest",
            field=models.BinaryField(max_length=32, verbose_name="digest"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="fingerprint",
            field=models.BinaryField(max_length=32, verbose_name="fingerprint"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="id",
            field=models.UUIDField(
                default=uuid_utils.compat.uuid7,
                editable=False,
                primary_key=True,
                serialize=False,
                verbose_name="record number",
            ),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="key",
            field=models.CharField(max_length=255, verbose_name="key"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="request_id",
            field=models.UUIDField(verbose_name="call"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="rows",
            field=models.PositiveIntegerField(verbose_name="rows"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="salt",
            field=models.BinaryField(max_length=16, verbose_name="salt"),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="created_at",
            field=models.DateTimeField(
                db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="digest",
            field=models.BinaryField(max_length=32, verbose_name="digest"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="duration",
            field=models.FloatField(help_text="Seconds the runtime took for the whole call.", verbose_name="duration"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="explanation",
            field=models.JSONField(null=True, verbose_name="explanation"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="fallback_from",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.modelversion",
                verbose_name="answered instead of",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="id",
            field=models.UUIDField(
                default=uuid_utils.compat.uuid7,
                editable=False,
                primary_key=True,
                serialize=False,
                verbose_name="record number",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="inputs",
            field=models.JSONField(verbose_name="inputs"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="label",
            field=models.CharField(blank=True, max_length=255, verbose_name="answer"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="ledger_entry",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.ledgerentry",
                verbose_name="ledger entry",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="outputs",
            field=models.JSONField(verbose_name="outputs"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="record",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.record",
                verbose_name="record",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="request_id",
            field=models.UUIDField(verbose_name="call"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="row",
            field=models.PositiveIntegerField(default=0, verbose_name="row"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="salt",
            field=models.BinaryField(max_length=16, verbose_name="salt"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="score",
            field=models.FloatField(verbose_name="score"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="source",
            field=models.CharField(
                choices=[("form", "Form"), ("api", "API"), ("seed", "API, short path"), ("records", "Records")],
                max_length=10,
                verbose_name="through",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="trace_id",
            field=models.CharField(blank=True, max_length=32, verbose_name="trace id"),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.modelversion",
                verbose_name="version",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="warnings",
            field=models.JSONField(default=list, verbose_name="warnings"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="created_at",
            field=models.DateTimeField(
                db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="digest",
            field=models.BinaryField(max_length=32, verbose_name="digest"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="duration",
            field=models.FloatField(help_text="Seconds the runtime took for the whole call.", verbose_name="duration"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="id",
            field=models.UUIDField(
                default=uuid_utils.compat.uuid7,
                editable=False,
                primary_key=True,
                serialize=False,
                verbose_name="record number",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="inputs",
            field=models.JSONField(verbose_name="inputs"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="kind",
            field=models.CharField(max_length=20, verbose_name="kind"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="ledger_entry",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.ledgerentry",
                verbose_name="ledger entry",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="reason",
            field=models.TextField(verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="record",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.record",
                verbose_name="record",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="request_id",
            field=models.UUIDField(verbose_name="call"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="row",
            field=models.PositiveIntegerField(default=0, verbose_name="row"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="salt",
            field=models.BinaryField(max_length=16, verbose_name="salt"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="source",
            field=models.CharField(
                choices=[("form", "Form"), ("api", "API"), ("seed", "API, short path"), ("records", "Records")],
                max_length=10,
                verbose_name="through",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="trace_id",
            field=models.CharField(blank=True, max_length=32, verbose_name="trace id"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.modelversion",
                verbose_name="version",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="warnings",
            field=models.JSONField(default=list, verbose_name="warnings"),
        ),
    ]
