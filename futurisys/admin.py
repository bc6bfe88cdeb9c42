"""People in the stock admin: deactivated, never deleted; and nobody makes themselves more than they are."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from knox.admin import AuthTokenAdmin  # registers knox's own page, which is replaced below
from knox.models import AuthToken

from futurisys.accounts.roles import ROLES, TITLES

for replaced in (User, Group, AuthToken):
    admin.site.unregister(replaced)


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Records name people for years, so a user who left is made inactive."""

    list_display = ("username", "first_name", "last_name", "email", "shown_roles", "is_active", "is_staff")
    actions = None

    @admin.display(description=_("roles"))
    def shown_roles(self, user: User) -> str:
        """What this person is allowed by."""
        return ", ".join(str(TITLES.get(group.name, group.name)) for group in user.groups.all()) or "–"

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the groups that the list shows."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes superusers, and only by roles do others get rights."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if _is_superuser(request) else (*fixed, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's page, and password, are for superusers."""
        if obj is not None and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Group)
class RolesAdmin(GroupAdmin):
    """Roles and other groups; a role's name is what the software knows it by."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A role stays."""
        return (obj is None or obj.name not in ROLES) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A role is not renamed."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "name") if obj is not None and obj.name in ROLES else fixed


@admin.register(AuthToken)
class TokensAdmin(AuthTokenAdmin):  # type: ignore[misc]  # knox has no types
    """To revoke the token of somebody else. Nobody makes one for another person: it would speak in their name."""

    list_display = ("token_key", "shown_name", "user", "created", "expiry")
    list_select_related = ("user", "naming")
    search_fields = ("user__username",)
    fields = readonly_fields = ("token_key", "shown_name", "user", "created", "expiry")

    @admin.display(description=_("name"))
    def shown_name(self, token: Any) -> str:
        """What its owner calls it."""
        return token.naming.name if hasattr(token, "naming") else "–"

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Knox's own makes tokens."""
        return admin.ModelAdmin.get_form(self, request, obj, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only for oneself, on the account page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
