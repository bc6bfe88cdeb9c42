"""What every template knows about the product."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from predictions import fallbacks


def product(request: HttpRequest) -> dict[str, Any]:
    """The version, the environment, and the models that fall back, which are looked up by pages that show them."""
    return {
        "product_version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "fallbacks": SimpleLazyObject(fallbacks.recent),
    }
