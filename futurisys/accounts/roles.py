"""The roles that people have: groups, and the permissions of each. A migration brings them into the database.

A migration that calls `fill` again adds what a role gained; what an administrator changed by hand stays.
"""

from fnmatch import fnmatchcase
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import User
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils.translation import gettext_lazy as _

ASK = ["predictions.add_prediction", "predictions.view_dataset", "predictions.view_record"]
BRING = ["predictions.add_record", "predictions.add_batch", "predictions.add_outcome"]
TOKENS = ["knox.add_authtoken"]
WATCH = ["predictions.view_monitoring", "predictions.view_comparison", "predictions.view_alert"]
AUDITOR, ADMINISTRATOR = "auditor", "administrator"
BUSINESS_USER, DECISION_MAKER = "business user", "decision maker"
MODEL_MANAGER, APPROVER = "model manager", "approver"
VISITOR = "visitor"  # of the demo: may ask, sees examples alone, and leaves nothing that others would build on

# Patterns of "app.codename".
ROLES: dict[str, list[str]] = {
    BUSINESS_USER: [*ASK, *TOKENS, *BRING],
    DECISION_MAKER: [
        *[*ASK, *TOKENS, *BRING],
        *["predictions.view_prediction", "predictions.view_sensitive"],
        *["predictions.add_decision", "predictions.add_estimate"],
        *WATCH,
    ],
    MODEL_MANAGER: [
        *["predictions.add_prediction", *TOKENS],
        *["registry.sync_model", "registry.describe_version", "registry.promote_model", "registry.oversee_model"],
        *[*WATCH, "predictions.add_comparison", "predictions.change_alertrule"],
    ],
    APPROVER: [*TOKENS, *WATCH, "registry.approve_promotion", "registry.stop_model"],
    AUDITOR: [*TOKENS, "predictions.view_*", "registry.view_*", "auth.view_user", "auth.view_group"],
    ADMINISTRATOR: ["predictions.*", "registry.*", "auth.*", "knox.*"],
    VISITOR: ["predictions.add_prediction", "predictions.view_record"],
}
TITLES = {
    BUSINESS_USER: _("Business user"),
    DECISION_MAKER: _("Decision maker"),
    MODEL_MANAGER: _("Model manager"),
    APPROVER: _("Approver"),
    AUDITOR: _("Auditor"),
    ADMINISTRATOR: _("Administrator"),
    VISITOR: _("Visitor"),
}


def titles(user: User) -> list[str]:
    """What the person's roles are called, in the language of the page; groups that are no roles have their names."""
    return [str(TITLES.get(name, name)) for name in user.groups.order_by("name").values_list("name", flat=True)]


def fill(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The migration step: every role is a group that has its permissions."""
    alias = schema_editor.connection.alias
    for config in installed.get_app_configs():  # Django itself makes permissions only after all migrations
        create_permissions(config, verbosity=0, using=alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias).select_related("content_type")
    known = {f"{found.content_type.app_label}.{found.codename}": found for found in permissions}
    for role, patterns in ROLES.items():
        group, _new = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=role)
        wanted = [found for name, found in known.items() if any(fnmatchcase(name, one) for one in patterns)]
        group.permissions.add(*wanted)
