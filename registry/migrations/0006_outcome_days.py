"""After how many days a model's outcome is known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0005_titles"),
    ]

    operations = [
        migrations.AddField(
            model_name="registeredmodel",
            name="outcome_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="After how many days it is known whether an answer was right; empty when that is never asked.",
                null=True,
                verbose_name="days until the outcome",
            ),
        ),
    ]
