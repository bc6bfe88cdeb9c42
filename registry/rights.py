"""Who may do what is asked in the verbs, so that page, command and API meet the same refusal."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from registry.exceptions import NotAllowed


def demand(by: User, permission: str) -> None:
    """Raises NotAllowed when the person lacks a permission like "registry.promote_model"."""
    if not by.has_perm(permission):
        raise NotAllowed(_("You may not do that: ask an administrator for the right to."))
