"""Who may bring files, decide, and report outcomes."""

from django.db import migrations

from futurisys.accounts.roles import fill


class Migration(migrations.Migration):
    dependencies = [("futurisys", "0003_accounts"), ("predictions", "0012_key_index")]
    # Going back leaves the permissions: people may have been given them by hand.
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
