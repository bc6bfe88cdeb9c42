"""What every template knows about the product."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from futurisys.accounts import preferences
from predictions import fallbacks


def product(request: HttpRequest) -> dict[str, Any]:
    """The version, the environment, the theme, and the models that fall back, which are looked up by pages that show them."""
    return {
        "product_version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "theme": preferences.theme_of(request),
        "fallbacks": SimpleLazyObject(fallbacks.recent),
    }
