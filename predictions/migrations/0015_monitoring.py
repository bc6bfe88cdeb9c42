"""Roll-ups, alerts and comparisons."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0014_source_v2"),
        ("registry", "0006_outcome_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(blank=True, max_length=80, verbose_name="about")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "pending"), ("firing", "firing"), ("resolved", "resolved")],
                        default="pending",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("value", models.FloatField(null=True, verbose_name="value")),
                ("said", models.JSONField(default=dict, verbose_name="figures")),
                ("began_at", models.DateTimeField(verbose_name="began")),
                ("fired_at", models.DateTimeField(null=True, verbose_name="fired")),
                ("clear_since", models.DateTimeField(null=True, verbose_name="over since")),
                ("resolved_at", models.DateTimeField(null=True, verbose_name="resolved")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
            },
        ),
        migrations.CreateModel(
            name="CountedHour",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False, verbose_name="hour")),
                ("counted_at", models.DateTimeField(verbose_name="counted")),
                ("seconds", models.FloatField(help_text="How long counting took.", verbose_name="seconds")),
            ],
            options={
                "verbose_name": "counted hour",
                "verbose_name_plural": "counted hours",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DriftLimits",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="registry.modelversion",
                        verbose_name="version",
                    ),
                ),
                ("limits", models.JSONField(verbose_name="limits")),
                ("made_at", models.DateTimeField(auto_now=True, verbose_name="made")),
            ],
            options={
                "verbose_name": "limits of drift",
                "verbose_name_plural": "limits of drift",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HourToCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
            ],
            options={
                "verbose_name": "hour to be counted again",
                "verbose_name_plural": "hours to be counted again",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AlertEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("began", "condition met"),
                            ("fired", "fired"),
                            ("cleared", "condition over"),
                            ("returned", "condition met again"),
                            ("resolved", "resolved"),
                            ("seen", "seen"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("value", models.FloatField(null=True, verbose_name="value")),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="predictions.alert",
                        verbose_name="alert",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of an alert",
                "verbose_name_plural": "steps of alerts",
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("drift", "The world changes"),
                            ("volume", "Fewer questions than usual"),
                            ("errors", "Questions without an answer"),
                            ("latency", "Slow answers"),
                            ("accuracy", "Wrong answers"),
                            ("import", "Import rejected"),
                            ("fallback", "Fallback active"),
                            ("batch", "File stuck"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("limit", models.FloatField(blank=True, null=True, verbose_name="limit")),
                (
                    "for_minutes",
                    models.PositiveIntegerField(
                        help_text="It has to hold this long before anybody is told, and be over as long to end.",
                        verbose_name="for minutes",
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True, verbose_name="switched on")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_rules",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "alert rule",
                "verbose_name_plural": "alert rules",
            },
        ),
        migrations.AddField(
            model_name="alert",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="alerts",
                to="predictions.alertrule",
                verbose_name="rule",
            ),
        ),
        migrations.CreateModel(
            name="AlertSubscriber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_subscribers",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "person who is told of alerts",
                "verbose_name_plural": "people who are told of alerts",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Comparison",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="number",
                    ),
                ),
                ("since_date", models.DateField(verbose_name="from")),
                ("until_date", models.DateField(verbose_name="to")),
                ("source", models.CharField(blank=True, max_length=10, verbose_name="through")),
                (
                    "most",
                    models.PositiveIntegerField(
                        help_text="Rows; the newest of the period are taken.", verbose_name="at most"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="waiting",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("rows", models.PositiveIntegerField(null=True, verbose_name="rows")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="rows done")),
                ("cursor", models.UUIDField(null=True, verbose_name="last row")),
                ("summary", models.JSONField(default=dict, verbose_name="summary")),
                ("lease", models.UUIDField(null=True, verbose_name="lease")),
                ("leased_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("is_cancelled", models.BooleanField(default=False, verbose_name="cancelled")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comparisons",
                        to="registry.registeredmodel",
                        verbose_name="model",
                    ),
                ),
            ],
            options={
                "verbose_name": "comparison",
                "verbose_name_plural": "comparisons",
            },
        ),
        migrations.CreateModel(
            name="ComparedVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(verbose_name="place")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.modelversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "comparison",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="compared",
                        to="predictions.comparison",
                        verbose_name="comparison",
                    ),
                ),
            ],
            options={
                "verbose_name": "compared version",
                "verbose_name_plural": "compared versions",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DailyRollup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(blank=True, max_length=10, verbose_name="through")),
                ("field", models.CharField(blank=True, max_length=128, verbose_name="segment by")),
                ("place", models.PositiveSmallIntegerField(default=0, verbose_name="segment")),
                ("counts", models.BinaryField(verbose_name="counts")),
                ("sums", models.BinaryField(verbose_name="sums")),
                ("scores", models.BinaryField(verbose_name="scores")),
                ("bins", models.BinaryField(verbose_name="values")),
                ("latency", models.BinaryField(verbose_name="latency")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.modelversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "day, added up",
                "verbose_name_plural": "days, added up",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HourlyRollup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(blank=True, max_length=10, verbose_name="through")),
                ("field", models.CharField(blank=True, max_length=128, verbose_name="segment by")),
                ("place", models.PositiveSmallIntegerField(default=0, verbose_name="segment")),
                ("counts", models.BinaryField(verbose_name="counts")),
                ("sums", models.BinaryField(verbose_name="sums")),
                ("scores", models.BinaryField(verbose_name="scores")),
                ("bins", models.BinaryField(verbose_name="values")),
                ("latency", models.BinaryField(verbose_name="latency")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.modelversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "hour, added up",
                "verbose_name_plural": "hours, added up",
                "permissions": [("view_monitoring", "Can see how models are used, how fast and how right they are")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ReplayedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(verbose_name="place of the version")),
                ("label", models.CharField(blank=True, max_length=255, verbose_name="answer")),
                ("score", models.FloatField(null=True, verbose_name="score")),
                ("is_changed", models.BooleanField(default=False, verbose_name="other than the first version’s")),
                ("problem", models.CharField(blank=True, max_length=40, verbose_name="problem")),
                (
                    "comparison",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="predictions.comparison",
                        verbose_name="comparison",
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="predictions.prediction",
                        verbose_name="answer",
                    ),
                ),
            ],
            options={
                "verbose_name": "replayed answer",
                "verbose_name_plural": "replayed answers",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AlertMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("failed", "failed")],
                        default="waiting",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("problem", models.TextField(blank=True, verbose_name="problem")),
                ("leased_until", models.DateTimeField(null=True, verbose_name="leased until")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="predictions.alertevent",
                        verbose_name="step",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail of an alert",
                "verbose_name_plural": "mails of alerts",
                "indexes": [
                    models.Index(condition=models.Q(("status", "waiting")), fields=["id"], name="alert_mail_waiting")
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "user"), name="alert_mail_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(fields=("model", "kind"), name="one_alert_rule_per_kind"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["state", "-id"], name="alert_by_state"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=("rule", "subject"),
                name="one_open_alert_per_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertsubscriber",
            constraint=models.UniqueConstraint(fields=("model", "user"), name="alert_subscriber_once"),
        ),
        migrations.AddIndex(
            model_name="comparison",
            index=models.Index(
                condition=models.Q(("status__in", ["waiting", "running"])), fields=["status"], name="comparison_to_do"
            ),
        ),
        migrations.AddConstraint(
            model_name="comparedversion",
            constraint=models.UniqueConstraint(fields=("comparison", "place"), name="compared_place_once"),
        ),
        migrations.AddConstraint(
            model_name="comparedversion",
            constraint=models.UniqueConstraint(fields=("comparison", "version"), name="compared_version_once"),
        ),
        migrations.AddIndex(
            model_name="dailyrollup",
            index=models.Index(fields=["day"], name="daily_rollup_by_day"),
        ),
        migrations.AddConstraint(
            model_name="dailyrollup",
            constraint=models.UniqueConstraint(
                fields=("version", "source", "field", "place", "day"), name="daily_rollup_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="hourlyrollup",
            constraint=models.UniqueConstraint(
                fields=("hour", "version", "source", "field", "place"), name="hourly_rollup_once"
            ),
        ),
        migrations.AddIndex(
            model_name="replayedanswer",
            index=models.Index(
                condition=models.Q(("is_changed", True)),
                fields=["comparison", "place", "prediction"],
                name="replayed_changed",
            ),
        ),
        migrations.AddConstraint(
            model_name="replayedanswer",
            constraint=models.UniqueConstraint(
                fields=("comparison", "place", "prediction"), name="replayed_answer_once"
            ),
        ),
    ]
