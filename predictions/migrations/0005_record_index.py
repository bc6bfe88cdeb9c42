"""What was answered about a record can be found without reading the other answers."""

from django.db import migrations, models

from predictions.migration_operations import AddIndexUnhurried


class Migration(migrations.Migration):
    atomic = False  # so that nobody's answer waits while a large table is read

    dependencies = [("predictions", "0004_records")]
    operations = [
        AddIndexUnhurried(
            model_name="prediction",
            index=models.Index(
                fields=["record", "id"], name="prediction_by_record", condition=models.Q(record__isnull=False)
            ),
        ),
    ]
