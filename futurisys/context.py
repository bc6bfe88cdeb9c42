"""What every template knows about the product."""

from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from futurisys.accounts import preferences
from predictions import fallbacks


def product(request: HttpRequest) -> dict[str, Any]:
    """The version, the environment, whom to ask, the theme; models that fall back are looked up by pages that show them."""
    return {
        "product_version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "contact": settings.CONTACT,
        "contact_is_address": is_address(settings.CONTACT),
        "theme": preferences.theme_of(request),
        "fallbacks": SimpleLazyObject(fallbacks.recent),
    }


@cache
def is_address(text: str) -> bool:
    """Whether this is a mail address and nothing else."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
