"""Answers, failures and keys refuse changes."""

from django.db import migrations

from registry.facts import protect


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial"), ("registry", "0002_facts")]
    operations = [
        protect("predictions_prediction", "predictions_predictionfailure", "predictions_idempotencykey"),
    ]
