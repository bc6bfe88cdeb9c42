"""What a person may do, by groups and by name, in one query: the waist asks at every call."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, connections

from registry.rights import PERMISSIONS, remember
from registry.statements import fetched

STATEMENT = PERMISSIONS.format(user="%(user)s")


class OneQueryBackend(ModelBackend):
    """Django's own backend, which asks twice and builds both queries anew each time."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Names like "predictions.add_prediction"; none of a person who is not active. Kept on `user_obj`."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser or not isinstance(user_obj, User):
            return super().get_all_permissions(user_obj, obj)
        kept: set[str] | None = getattr(user_obj, "_perm_cache", None)
        return self._looked_up(user_obj) if kept is None else kept

    @staticmethod
    def _looked_up(user_obj: Any) -> set[str]:
        found = {name for (name,) in fetched(connections[DEFAULT_DB_ALIAS], STATEMENT, {"user": user_obj.pk})}
        remember(user_obj, found)
        return found
