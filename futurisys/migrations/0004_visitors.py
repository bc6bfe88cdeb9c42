"""Visitors of the demo see sets of records that are examples, and no others."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from futurisys.accounts.roles import VISITOR


def take_away(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    right = permissions.filter(content_type__app_label="predictions", codename="view_dataset")
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name=VISITOR):
        group.permissions.remove(*right)


class Migration(migrations.Migration):
    dependencies = [
        ("futurisys", "0003_accounts"),
        ("predictions", "0008_examples"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(take_away, migrations.RunPython.noop)]
