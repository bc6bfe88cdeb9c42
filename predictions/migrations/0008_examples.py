"""Sets of records that visitors may see, and the source of answers to changed values."""

from django.db import migrations, models

SOURCES = [
    ("form", "Form"),
    ("changed", "Form, values changed"),
    ("api", "API"),
    ("seed", "API, short path"),
    ("records", "Records"),
]


class Migration(migrations.Migration):
    dependencies = [("predictions", "0007_record_columns")]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="is_example",
            field=models.BooleanField(
                default=False, help_text="Made up: visitors of the demo may see it too.", verbose_name="example"
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="source",
            field=models.CharField(choices=SOURCES, max_length=10, verbose_name="through"),
        ),
        migrations.AlterField(
            model_name="predictionfailure",
            name="source",
            field=models.CharField(choices=SOURCES, max_length=10, verbose_name="through"),
        ),
    ]
