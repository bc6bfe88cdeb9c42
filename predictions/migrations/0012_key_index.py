"""What was answered about somebody can be found by their key."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # so that nobody's answer waits while a large table is read

    dependencies = [("predictions", "0011_decision_facts")]
    operations = [
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["key", "id"], name="prediction_by_key", condition=models.Q(("key", ""), _negated=True)
            ),
        ),
    ]
