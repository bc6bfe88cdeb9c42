"""Estimates, decisions and outcomes refuse changes."""

from django.db import migrations

from registry.facts import protect


class Migration(migrations.Migration):
    dependencies = [("predictions", "0010_batches_decisions_outcomes")]
    operations = [protect("predictions_estimate", "predictions_decision", "predictions_outcome")]
