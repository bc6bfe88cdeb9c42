"""A person's calls can be listed without reading every row of them."""

from django.db import migrations, models

from predictions.migration_operations import AddIndexUnhurried


class Migration(migrations.Migration):
    atomic = False  # so that nobody's answer waits while a large table is read

    dependencies = [("predictions", "0008_examples")]
    operations = [
        AddIndexUnhurried(
            model_name="prediction",
            index=models.Index(fields=["user", "id"], name="prediction_by_call", condition=models.Q(row=0)),
        ),
    ]
