"""Files that programs send: what they said of them, and the key by which a second sending is known."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0012_key_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="wishes",
            field=models.JSONField(null=True, verbose_name="what a program said of it"),
        ),
        migrations.AddField(
            model_name="batch",
            name="runs_after_check",
            field=models.BooleanField(default=False, verbose_name="runs by itself after the check"),
        ),
        migrations.AddField(
            model_name="batch",
            name="idempotency_key",
            field=models.CharField(blank=True, default="", max_length=255, verbose_name="idempotency key"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="batch",
            name="fingerprint",
            field=models.CharField(blank=True, default="", max_length=64, verbose_name="fingerprint"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("user", "idempotency_key"),
                name="batch_once_per_key",
            ),
        ),
    ]
