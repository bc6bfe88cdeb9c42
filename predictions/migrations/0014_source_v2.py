"""Another door that questions come through; for the database nothing changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("predictions", "0013_unattended_batches")]
    operations = [
        migrations.AlterField(
            model_name=name,
            name="source",
            field=models.CharField(
                choices=[
                    ("form", "Form"),
                    ("changed", "Form, values changed"),
                    ("api", "API"),
                    ("seed", "API, short path"),
                    ("v2", "Open Inference Protocol"),
                    ("records", "Records"),
                    ("batch", "Batch"),
                ],
                max_length=10,
                verbose_name="through",
            ),
        )
        for name in ("prediction", "predictionfailure")
    ]
