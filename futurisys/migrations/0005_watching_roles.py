"""Who may see how models do, compare versions, and say when to be told."""

from django.db import migrations

from futurisys.accounts.roles import fill


class Migration(migrations.Migration):
    dependencies = [("futurisys", "0004_deciding_roles"), ("predictions", "0015_monitoring")]
    # Going back leaves the permissions: people may have been given them by hand.
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
