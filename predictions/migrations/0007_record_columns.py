"""The column index of the records' table."""

import django.db.models.deletion
from django.db import migrations, models

# Arrays as they are: to unpack them would take longer than to read them.
PLAIN = "ALTER TABLE predictions_recordcolumn ALTER COLUMN content SET STORAGE EXTERNAL"


class Migration(migrations.Migration):
    dependencies = [("predictions", "0006_titles")]
    operations = [
        migrations.CreateModel(
            name="RecordColumn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=220, verbose_name="name")),
                ("content", models.BinaryField(verbose_name="content")),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="predictions.dataset",
                        verbose_name="set of records",
                    ),
                ),
            ],
            options={
                "verbose_name": "column of records",
                "verbose_name_plural": "columns of records",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("dataset", "name"), name="column_once_per_dataset"),
                ],
            },
        ),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
    ]
