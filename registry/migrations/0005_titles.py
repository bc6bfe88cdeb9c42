"""What the admin calls models and fields; no table changes."""

import django.core.validators
import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import registry.facts


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0004_sha256_commits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="artifact",
            options={"verbose_name": "file content", "verbose_name_plural": "file contents"},
        ),
        migrations.AlterModelOptions(
            name="delivery",
            options={"verbose_name": "delivery", "verbose_name_plural": "deliveries"},
        ),
        migrations.AlterModelOptions(
            name="ledgerentry",
            options={"verbose_name": "ledger entry", "verbose_name_plural": "ledger entries"},
        ),
        migrations.AlterModelOptions(
            name="modelversion",
            options={"verbose_name": "model version", "verbose_name_plural": "model versions"},
        ),
        migrations.AlterModelOptions(
            name="promotionrequest",
            options={"verbose_name": "promotion request", "verbose_name_plural": "promotion requests"},
        ),
        migrations.AlterModelOptions(
            name="registeredmodel",
            options={
                "permissions": [
                    ("sync_model", "Can ask the Hub for new versions"),
                    ("describe_version", "Can edit the signature of a version"),
                    ("promote_model", "Can put a version in charge, or ask for it where two people are needed"),
                    ("approve_promotion", "Can approve or decline what somebody else asked for"),
                    ("stop_model", "Can suspend and resume a model"),
                    ("oversee_model", "Can set risk, approval, polling and automatic promotion of a model"),
                ],
                "verbose_name": "model",
                "verbose_name_plural": "models",
            },
        ),
        migrations.AlterModelOptions(
            name="versionfile",
            options={"verbose_name": "file of a version", "verbose_name_plural": "files of versions"},
        ),
        migrations.AlterField(
            model_name="artifact",
            name="content",
            field=models.BinaryField(verbose_name="content"),
        ),
        migrations.AlterField(
            model_name="artifact",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="artifact",
            name="sha256",
            field=models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="SHA-256"),
        ),
        migrations.AlterField(
            model_name="artifact",
            name="size",
            field=models.PositiveBigIntegerField(verbose_name="bytes"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="commit",
            field=models.CharField(
                blank=True, help_text="What was announced, or asked for by name.", max_length=64, verbose_name="commit"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="event",
            field=models.CharField(
                blank=True, help_text="Scope and action of a webhook.", max_length=80, verbose_name="event"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="finished_at",
            field=models.DateTimeField(null=True, verbose_name="finished"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="kind",
            field=models.CharField(
                choices=[("webhook", "webhook"), ("poll", "poll"), ("button", "button"), ("command", "command")],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="model",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="registry.registeredmodel",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("imported", "imported"),
                    ("known", "known"),
                    ("rejected", "rejected"),
                    ("ignored", "ignored"),
                    ("failed", "failed"),
                ],
                default="waiting",
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="ref",
            field=models.CharField(blank=True, max_length=255, verbose_name="branch or tag"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="repo_id",
            field=models.CharField(blank=True, max_length=200, verbose_name="repository"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="text",
            field=models.TextField(
                blank=True, help_text="What came of it, in a sentence.", verbose_name="what came of it"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="registry.modelversion",
                verbose_name="version",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="created_at",
            field=models.DateTimeField(
                db_default=registry.facts.ClockTimestamp(), editable=False, verbose_name="recorded"
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="digest",
            field=models.BinaryField(max_length=32, verbose_name="digest"),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="from_version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.modelversion",
                verbose_name="from version",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
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
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("promote", "promotion"),
                    ("rollback", "rollback"),
                    ("suspend", "suspension"),
                    ("resume", "resumption"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="model",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger",
                to="registry.registeredmodel",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="number",
            field=models.PositiveIntegerField(
                help_text="Counts up per model under the model's row lock: clocks may differ.", verbose_name="number"
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="reason",
            field=models.TextField(verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="salt",
            field=models.BinaryField(max_length=16, verbose_name="salt"),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="to_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger_entries",
                to="registry.modelversion",
                verbose_name="to version",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="attempts",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How often an import was begun.", verbose_name="attempts"
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="commit",
            field=models.CharField(
                max_length=64,
                validators=[django.core.validators.RegexValidator("^[0-9a-f]{40}([0-9a-f]{24})?$")],
                verbose_name="commit",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="finished"),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="is_draft",
            field=models.BooleanField(
                default=False, help_text="The signature was inferred and nobody confirmed it yet.", verbose_name="draft"
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="leased_until",
            field=models.DateTimeField(
                blank=True, help_text="Until then one process is importing it.", null=True, verbose_name="leased until"
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="manifest_digest",
            field=models.CharField(blank=True, max_length=64, verbose_name="digest of the manifest"),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="metadata",
            field=models.JSONField(
                default=dict,
                help_text="Name, version, metrics and provenance from the manifest; card.",
                verbose_name="metadata",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="registry.registeredmodel",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="number",
            field=models.PositiveIntegerField(verbose_name="number"),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="progress",
            field=models.TextField(
                blank=True, help_text="What the import is doing; empty once it is finished.", verbose_name="progress"
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="reason",
            field=models.TextField(
                blank=True,
                help_text="Why it was rejected, or why it is served by the isolated runtime.",
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="report",
            field=models.JSONField(
                default=dict,
                help_text="What the import saw: files, versions, jail, golden rows, comparison.",
                verbose_name="import report",
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="runtime",
            field=models.CharField(
                blank=True, choices=[("onnx", "onnx"), ("isolated", "isolated")], max_length=10, verbose_name="runtime"
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="signature",
            field=models.JSONField(default=dict, verbose_name="signature"),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="status",
            field=models.CharField(
                choices=[("importing", "importing"), ("ready", "ready"), ("rejected", "rejected")],
                default="importing",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="decided_at",
            field=models.DateTimeField(null=True, verbose_name="decided"),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="decision_reason",
            field=models.TextField(blank=True, verbose_name="reason of the decision"),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="entry",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promotion_request",
                to="registry.ledgerentry",
                verbose_name="ledger entry",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promotion_requests",
                to="registry.registeredmodel",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="reason",
            field=models.TextField(verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked by",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="seen_entry",
            field=models.ForeignKey(
                help_text="The state of the model that the candidate was compared with.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.ledgerentry",
                verbose_name="state that was seen",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="status",
            field=models.CharField(
                choices=[
                    ("open", "open"),
                    ("effective", "effective"),
                    ("declined", "declined"),
                    ("withdrawn", "withdrawn"),
                    ("superseded", "superseded"),
                ],
                default="open",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="promotionrequest",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promotion_requests",
                to="registry.modelversion",
                verbose_name="version",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="approval",
            field=models.CharField(
                choices=[("one", "one person"), ("two", "two people")],
                default="one",
                help_text="How many people a promotion takes.",
                max_length=3,
                verbose_name="approval",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="auto_promote",
            field=models.BooleanField(
                default=False,
                help_text="A candidate whose golden rows and metric floors hold is promoted by itself.",
                verbose_name="automatic promotion",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="endpoint",
            field=models.CharField(help_text="A name in HUB_ENDPOINTS.", max_length=80, verbose_name="Hub"),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="input_kind",
            field=models.CharField(
                blank=True,
                choices=[("tabular", "tabular"), ("image", "image")],
                help_text="Known once a version was imported.",
                max_length=10,
                verbose_name="kind of input",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="is_default",
            field=models.BooleanField(
                default=False, help_text="Answers calls that name no model of its input kind.", verbose_name="default"
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="is_high_risk",
            field=models.BooleanField(
                default=False, help_text="Its answers weigh on people's lives.", verbose_name="high risk"
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="metric_floors",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Smallest values, like {"pr_auc": 0.5}.',
                verbose_name="metric floors",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="name",
            field=models.SlugField(max_length=80, unique=True, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="poll_minutes",
            field=models.PositiveSmallIntegerField(
                default=15,
                help_text="Ask the Hub this often whether the repository changed; 0 is never.",
                verbose_name="minutes between polls",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="repo_id",
            field=models.CharField(
                max_length=200,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[\\w.-]+/[\\w.-]+$", "Write the repository as namespace/name."
                    )
                ],
                verbose_name="repository",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="repo_key",
            field=models.CharField(
                blank=True,
                help_text="The Hub's own id of the repository, which stays when it is renamed.",
                max_length=64,
                verbose_name="the Hub’s id",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="sync_error",
            field=models.TextField(
                blank=True, help_text="What the Hub last answered, when it was no version.", verbose_name="last problem"
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="synced_at",
            field=models.DateTimeField(
                blank=True, help_text="When the Hub was last asked.", null=True, verbose_name="last asked"
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="tracked_ref",
            field=models.CharField(
                default="main", help_text="A branch or a tag.", max_length=200, verbose_name="branch or tag"
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="trusted",
            field=models.BooleanField(
                default=False,
                help_text="Code of this repository may run in the jailed child. Set by an administrator only.",
                verbose_name="trusted",
            ),
        ),
        migrations.AlterField(
            model_name="versionfile",
            name="artifact",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.artifact",
                verbose_name="file content",
            ),
        ),
        migrations.AlterField(
            model_name="versionfile",
            name="path",
            field=models.CharField(max_length=200, verbose_name="path"),
        ),
        migrations.AlterField(
            model_name="versionfile",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="registry.modelversion",
                verbose_name="version",
            ),
        ),
    ]
