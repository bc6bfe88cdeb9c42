"""The few answers that stand in for another version's can be found without reading the others."""

from django.db import migrations, models

from predictions.migration_operations import AddIndexUnhurried


class Migration(migrations.Migration):
    atomic = False  # so that nobody's answer waits while a large table is read

    dependencies = [("predictions", "0002_facts"), ("registry", "0003_discovery_and_promotion")]
    operations = [
        AddIndexUnhurried(
            model_name="prediction",
            index=models.Index(
                fields=["ledger_entry", "id"],
                name="prediction_by_fallback",
                condition=models.Q(fallback_from__isnull=False),
            ),
        ),
    ]
