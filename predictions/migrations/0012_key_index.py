"""What was answered about somebody can be found by their key."""

from django.db import migrations, models

from predictions.migration_operations import AddIndexUnhurried


class Migration(migrations.Migration):
    atomic = False  # so that nobody's answer waits while a large table is read

    dependencies = [("predictions", "0011_decision_facts")]
    operations = [
        AddIndexUnhurried(
            model_name="prediction",
            index=models.Index(
                fields=["key", "id"], name="prediction_by_key", condition=models.Q(("key", ""), _negated=True)
            ),
        ),
    ]
