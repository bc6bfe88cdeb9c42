"""The roles of people, as groups."""

from django.db import migrations

from futurisys.accounts.roles import fill


class Migration(migrations.Migration):
    dependencies = [
        ("futurisys", "0001_queue"),
        ("predictions", "0004_records"),
        ("registry", "0004_sha256_commits"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("knox", "0009_extend_authtoken_field"),
    ]
    # Going back leaves the groups: people are in them.
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
