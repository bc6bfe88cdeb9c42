"""Who may do what is asked in the verbs, so that page, command and API meet the same refusal."""

from django.contrib.auth.models import User

from registry.exceptions import NotAllowed


def demand(by: User, permission: str) -> None:
    """Raises NotAllowed when the person lacks a permission of the registry."""
    if not by.has_perm(f"registry.{permission}"):
        raise NotAllowed("You may not do that: ask an administrator for the right to.")
