"""Business rows, uploaded files, and which record an answer is about."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0003_fallback_index"),
        ("registry", "0004_sha256_commits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, verbose_name="file name")),
                ("content", models.BinaryField(verbose_name="content")),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True, verbose_name="sent")),
            ],
            options={
                "verbose_name": "uploaded file",
                "verbose_name_plural": "uploaded files",
            },
        ),
        migrations.AlterField(
            model_name="prediction",
            name="source",
            field=models.CharField(
                choices=[("form", "Form"), ("api", "API"), ("seed", "API, short path"), ("records", "Records")],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="source",
            field=models.CharField(
                choices=[("form", "Form"), ("api", "API"), ("seed", "API, short path"), ("records", "Records")],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=80, unique=True, verbose_name="name")),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("key_column", models.CharField(max_length=200, verbose_name="key column")),
                ("columns", models.JSONField(default=list, verbose_name="columns")),
                ("size", models.PositiveIntegerField(default=0, verbose_name="records")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="imported")),
                (
                    "model",
                    models.ForeignKey(
                        help_text="Asked about these records first; it gives the columns their titles.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="datasets",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="imported by",
                    ),
                ),
            ],
            options={
                "verbose_name": "set of records",
                "verbose_name_plural": "sets of records",
            },
        ),
        migrations.CreateModel(
            name="Record",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("data", models.JSONField(default=dict, verbose_name="data")),
                (
                    "search",
                    models.TextField(blank=True, help_text="Lower case, without accents.", verbose_name="search text"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="imported")),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="predictions.dataset",
                        verbose_name="set of records",
                    ),
                ),
            ],
            options={
                "verbose_name": "record",
                "verbose_name_plural": "records",
                "permissions": [("view_sensitive", "Can see the sensitive fields of records")],
            },
        ),
        migrations.AddField(
            model_name="prediction",
            name="record",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.record",
            ),
        ),
        migrations.AddField(
            model_name="predictionfailure",
            name="record",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="predictions.record",
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL, verbose_name="user"
            ),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["dataset", "id"], name="record_by_dataset"),
        ),
        migrations.AddConstraint(
            model_name="record",
            constraint=models.UniqueConstraint(fields=("dataset", "key"), name="key_once_per_dataset"),
        ),
    ]
