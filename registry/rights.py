"""Who may do what is asked in the verbs, so that page, command and API meet the same refusal."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from registry.exceptions import NotAllowed

# The names of a person's permissions, by groups and by name; {user} is where the person's number stands.
PERMISSIONS = """
SELECT t.app_label || '.' || p.codename FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
WHERE p.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = {user}
    UNION ALL
    SELECT g.permission_id FROM auth_user_groups u JOIN auth_group_permissions g USING (group_id)
    WHERE u.user_id = {user}
)
"""


def remember(by: User, permissions: Iterable[str]) -> None:
    """Keep what a person may do for the rest of this request, once it was read together with who they are."""
    by._perm_cache = set(permissions)  # type: ignore[attr-defined]  # the name that Django's own backend knows


def demand(by: User, permission: str) -> None:
    """Raises NotAllowed when the person lacks a permission like "registry.promote_model"."""
    if not by.has_perm(permission):
        raise NotAllowed(refusal(permission))


def refusal(permission: str = "") -> str:
    """What is said to somebody who lacks a right, whichever door says it; `permission`: which one, where it is known."""
    if permission:
        return _("You may not do that: ask an administrator for the right “%(right)s”.") % {"right": permission}
    return _("You may not do that: ask an administrator.")
