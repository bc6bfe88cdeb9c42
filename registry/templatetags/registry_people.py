"""How a template names a person."""

from django import template
from django.contrib.auth.models import User

from registry import presenters

register = template.Library()


@register.filter
def person(user: User | None) -> str:
    """A person's name as others read it; nobody is empty."""
    return presenters.person(user) if user else ""
