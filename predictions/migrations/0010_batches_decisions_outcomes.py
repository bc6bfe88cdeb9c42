"""Files of rows, what humans decide about answers, and what really happened."""

import uuid

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import registry.facts


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0009_call_index"),
        ("registry", "0006_outcome_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BatchChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField(verbose_name="first row")),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("offset", models.PositiveBigIntegerField(verbose_name="offset")),
                ("length", models.PositiveBigIntegerField(verbose_name="bytes")),
                ("line", models.PositiveIntegerField(verbose_name="spreadsheet row")),
                ("skip", models.PositiveIntegerField(default=0, verbose_name="rows before")),
                (
                    "status",
                    models.CharField(
                        choices=[("cut", "to be checked"), ("checked", "checked"), ("done", "done")],
                        default="cut",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                ("findings", models.JSONField(default=dict, verbose_name="findings")),
                ("summary", models.JSONField(default=dict, verbose_name="summary")),
                ("rejected", models.PositiveIntegerField(default=0, verbose_name="rejected")),
                ("predicted", models.PositiveIntegerField(default=0, verbose_name="answered")),
                ("request_id", models.UUIDField(null=True, verbose_name="call")),
                ("lease", models.UUIDField(null=True, verbose_name="lease")),
                ("leased_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "chunk of a batch",
                "verbose_name_plural": "chunks of batches",
            },
        ),
        migrations.CreateModel(
            name="BatchPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("content", models.BinaryField(verbose_name="content")),
            ],
            options={
                "verbose_name": "part of a file",
                "verbose_name_plural": "parts of files",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ColumnMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("headings_digest", models.CharField(max_length=64, verbose_name="digest of the headings")),
                ("mapping", models.JSONField(verbose_name="mapping")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "mapping of columns",
                "verbose_name_plural": "mappings of columns",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="record number",
                    ),
                ),
                ("salt", models.BinaryField(max_length=16, verbose_name="salt")),
                ("digest", models.BinaryField(max_length=32, verbose_name="digest")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("agree", "agree"), ("disagree", "disagree"), ("need_more", "need more information")],
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("fits", "The answer fits what I know"),
                            ("wrong_data", "Values of the question are wrong or old"),
                            ("missing_context", "The model does not know something important"),
                            ("unusual_case", "The case is unlike those that the model learned from"),
                            ("rule", "A law, a contract or a rule decides otherwise"),
                            ("second_look", "Somebody else should look at it"),
                            ("other", "Another reason, see the comment"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
            },
        ),
        migrations.CreateModel(
            name="Estimate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="record number",
                    ),
                ),
                ("salt", models.BinaryField(max_length=16, verbose_name="salt")),
                ("digest", models.BinaryField(max_length=32, verbose_name="digest")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=255, verbose_name="estimate")),
                ("value", models.FloatField(null=True, verbose_name="estimated value")),
            ],
            options={
                "verbose_name": "estimate",
                "verbose_name_plural": "estimates",
            },
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="record number",
                    ),
                ),
                ("salt", models.BinaryField(max_length=16, verbose_name="salt")),
                ("digest", models.BinaryField(max_length=32, verbose_name="digest")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=255, verbose_name="actual outcome")),
                ("value", models.FloatField(null=True, verbose_name="value")),
                ("is_withdrawn", models.BooleanField(default=False, verbose_name="withdrawn")),
                ("observed_date", models.DateField(verbose_name="observed on")),
                (
                    "origin",
                    models.CharField(
                        choices=[("hand", "by hand"), ("file", "from a file"), ("api", "API")],
                        max_length=4,
                        verbose_name="reported",
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
            ],
            options={
                "verbose_name": "actual outcome",
                "verbose_name_plural": "actual outcomes",
            },
        ),
        migrations.CreateModel(
            name="RejectedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField(verbose_name="row")),
                ("line", models.PositiveIntegerField(verbose_name="spreadsheet row")),
                ("cells", models.JSONField(verbose_name="cells")),
                ("errors", models.JSONField(verbose_name="errors")),
            ],
            options={
                "verbose_name": "rejected row",
                "verbose_name_plural": "rejected rows",
            },
        ),
        migrations.AddField(
            model_name="prediction",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="What the case is called: the key of the record or row.",
                max_length=200,
                verbose_name="key",
            ),
        ),
        migrations.AddField(
            model_name="predictionfailure",
            name="key",
            field=models.CharField(
                blank=True,
                help_text="What the case is called: the key of the record or row.",
                max_length=200,
                verbose_name="key",
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="source",
            field=models.CharField(
                choices=[
                    ("form", "Form"),
                    ("changed", "Form, values changed"),
                    ("api", "API"),
                    ("seed", "API, short path"),
                    ("records", "Records"),
                    ("batch", "Batch"),
                ],
                max_length=10,
                verbose_name="through",
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="source",
            field=models.CharField(
                choices=[
                    ("form", "Form"),
                    ("changed", "Form, values changed"),
                    ("api", "API"),
                    ("seed", "API, short path"),
                    ("records", "Records"),
                    ("batch", "Batch"),
                ],
                max_length=10,
                verbose_name="through",
            ),
        ),
        migrations.CreateModel(
            name="Awaited",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("decision", "decision"), ("outcome", "outcome")],
                        max_length=8,
                        verbose_name="waits for",
                    ),
                ),
                ("due_date", models.DateField(verbose_name="due")),
                (
                    "model",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="awaited",
                        to="predictions.prediction",
                        verbose_name="answer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
            ],
            options={
                "verbose_name": "awaited decision or outcome",
                "verbose_name_plural": "awaited decisions and outcomes",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, verbose_name="file name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "Excel")],
                        default="csv",
                        max_length=4,
                        verbose_name="kind of file",
                    ),
                ),
                ("size", models.PositiveBigIntegerField(verbose_name="bytes")),
                ("sha256", models.CharField(db_index=True, max_length=64, verbose_name="SHA-256")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("reading", "being read"),
                            ("mapping", "columns to choose"),
                            ("checking", "being checked"),
                            ("checked", "ready to run"),
                            ("running", "running"),
                            ("done", "done"),
                            ("incomplete", "incomplete"),
                            ("cancelled", "cancelled"),
                            ("refused", "refused"),
                        ],
                        default="mapping",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why it was refused or waits, as a sentence.", verbose_name="reason"
                    ),
                ),
                ("dialect", models.JSONField(default=dict, verbose_name="how it is written")),
                ("headings", models.JSONField(default=list, verbose_name="headings")),
                ("mapping", models.JSONField(default=dict, verbose_name="mapping")),
                ("language", models.CharField(default="en", max_length=10, verbose_name="language")),
                ("rows", models.PositiveIntegerField(null=True, verbose_name="rows in the file")),
                ("is_cancelled", models.BooleanField(default=False, verbose_name="to be cancelled")),
                (
                    "resumed",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How often a chunk was taken over from a worker that was lost.",
                        verbose_name="resumed",
                    ),
                ),
                ("served_at", models.DateTimeField(null=True, verbose_name="last served")),
                ("lease", models.UUIDField(null=True, verbose_name="lease")),
                ("leased_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="sent")),
                ("submitted_at", models.DateTimeField(null=True, verbose_name="submitted")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "dataset",
                    models.ForeignKey(
                        help_text="The records that the keys of the file belong to.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="predictions.dataset",
                        verbose_name="set of records",
                    ),
                ),
                (
                    "ledger_entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.ledgerentry",
                        verbose_name="ledger entry",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sent by",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.modelversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "batch",
                "verbose_name_plural": "batches",
            },
        ),
        migrations.AddField(
            model_name="prediction",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.batch",
                verbose_name="batch",
            ),
        ),
        migrations.AddField(
            model_name="predictionfailure",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.batch",
                verbose_name="batch",
            ),
        ),
        migrations.AddField(
            model_name="batchchunk",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="predictions.batch",
                verbose_name="batch",
            ),
        ),
        migrations.AddField(
            model_name="batchpart",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parts",
                to="predictions.batch",
                verbose_name="batch",
            ),
        ),
        migrations.AddField(
            model_name="columnmapping",
            name="model",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="registry.registeredmodel",
                verbose_name="model",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="prediction",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="predictions.prediction",
                verbose_name="answer",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="replaces",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="predictions.decision",
                verbose_name="replaces",
            ),
        ),
        migrations.AddField(
            model_name="estimate",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="estimate",
            name="prediction",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="estimates",
                to="predictions.prediction",
                verbose_name="answer",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="estimate",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.estimate",
                verbose_name="own estimate",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="reported by",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="prediction",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="outcomes",
                to="predictions.prediction",
                verbose_name="answer",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="replaces",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="predictions.outcome",
                verbose_name="replaces",
            ),
        ),
        migrations.AddField(
            model_name="rejectedrow",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rejected_rows",
                to="predictions.batch",
                verbose_name="batch",
            ),
        ),
        migrations.AddIndex(
            model_name="awaited",
            index=models.Index(fields=["kind", "due_date", "prediction"], name="awaited_by_date"),
        ),
        migrations.AddIndex(
            model_name="awaited",
            index=models.Index(fields=["kind", "user", "prediction"], name="awaited_by_user"),
        ),
        migrations.AddConstraint(
            model_name="awaited",
            constraint=models.UniqueConstraint(fields=("prediction", "kind"), name="awaited_once_per_kind"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["user", "-created_at"], name="batch_by_user"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["status", "served_at"], name="batch_by_turn"),
        ),
        migrations.AddIndex(
            model_name="batchchunk",
            index=models.Index(
                condition=models.Q(("status", "done"), _negated=True), fields=["batch", "first"], name="chunk_to_do"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchchunk",
            constraint=models.UniqueConstraint(fields=("batch", "first"), name="chunk_once_per_batch"),
        ),
        migrations.AddConstraint(
            model_name="batchpart",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="part_once_per_batch"),
        ),
        migrations.AddConstraint(
            model_name="columnmapping",
            constraint=models.UniqueConstraint(fields=("model", "headings_digest"), name="mapping_once_per_headings"),
        ),
        migrations.AddConstraint(
            model_name="estimate",
            constraint=models.UniqueConstraint(fields=("prediction", "by"), name="one_estimate_per_person"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["verdict", "prediction"], name="decision_by_verdict"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaces", None)), fields=("prediction",), name="one_first_decision"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", "other"), _negated=True),
                    models.Q(("comment", ""), _negated=True),
                    _connector="OR",
                ),
                name="other_reason_has_comment",
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["label", "prediction"], name="outcome_by_label"),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaces", None)), fields=("prediction",), name="one_first_outcome"
            ),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_withdrawn", True), ("label", ""), ("replaces__isnull", False), ("value", None)),
                    models.Q(
                        ("is_withdrawn", False),
                        models.Q(models.Q(("label", ""), _negated=True), ("value__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="outcome_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="rejectedrow",
            constraint=models.UniqueConstraint(fields=("batch", "first"), name="rejected_once_per_batch"),
        ),
        # A megabyte of a file is read once and thrown away: packing it costs more than it saves.
        migrations.RunSQL("ALTER TABLE predictions_batchpart ALTER COLUMN content SET STORAGE EXTERNAL", "SELECT 1"),
    ]
