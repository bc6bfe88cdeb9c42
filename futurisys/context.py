"""What every template knows about the product."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, Any]:
    """The version and the environment."""
    return {"product_version": settings.VERSION, "environment": settings.ENVIRONMENT}
