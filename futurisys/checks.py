"""System checks with stable ids, each with a hint."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register


@register()
def database_roles(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The owner of the tables must not be the role that answers."""
    users = {settings.DATABASES[alias]["USER"] for alias in ("default", "owner")}
    if len(users) > 1:
        return []
    hint = "Set DATABASE_OWNER_URL to the owner and DATABASE_URL to another role; migrate creates and limits it."
    if settings.PRODUCTION:
        return [Error("One database role owns the facts and writes them.", hint=hint, id="futurisys.E001")]
    if settings.BUNDLED_DATABASE:
        return []
    return [checks.Warning("One database role owns the facts and writes them.", hint=hint, id="futurisys.W001")]


@register()
def hub_endpoints(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every Hub has an http(s) address."""
    return [
        Error(f"HUB_ENDPOINTS: “{name}” is no http(s) address.", id="futurisys.E002")
        for name, address in settings.HUB_ENDPOINTS.items()
        if not address.startswith(("https://", "http://"))
    ]
