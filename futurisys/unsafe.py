"""Settings that a production server is not started with: system checks, each with a sentence on what to do.

`scripts/serve` asks them before a web server, a worker or beat starts. Elsewhere than in production nothing is unsafe.
One that this module does not know: a start without SECRET_KEY or DATABASE_URL, which settings.py refuses.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name for it
from django.db import Error as DatabaseError

from futurisys import health

KEY_CHARACTERS, KEY_DIFFERENT = 50, 10
MADE_UP = ("development-only-", "django-insecure-", "changeme", "change-me")


@register()
def secret_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Who knows the key can log in as anybody."""
    key = settings.SECRET_KEY
    is_weak = len(key) < KEY_CHARACTERS or len(set(key)) < KEY_DIFFERENT or key.lower().startswith(MADE_UP)
    if not settings.PRODUCTION or not is_weak:
        return []
    hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(60))' prints a good one; keep it."
    said = f"SECRET_KEY could be guessed: it has less than {KEY_CHARACTERS} random characters, or is an example."
    return [Error(said, hint=hint, id="futurisys.E003")]


@register()
def hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A made-up Host header would get into links."""
    if not settings.PRODUCTION or (settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS):
        return []
    said = "ALLOWED_HOSTS is “*”: anybody may say what this site is called."
    if not settings.ALLOWED_HOSTS:
        said = "ALLOWED_HOSTS is empty: nobody could open this site."
    hint = "Name the hosts under which people reach it: ALLOWED_HOSTS=futurisys.example."
    return [Error(said, hint=hint, id="futurisys.E004")]


@register()
def debug(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Pages of errors would show settings and values of persons."""
    if not settings.PRODUCTION or not settings.DEBUG:
        return []
    return [Error("DEBUG is on: pages of errors would show what is stored.", hint="Unset it.", id="futurisys.E005")]


@register()
def plain_http(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Cookies are for HTTPS alone; tokens and answers must not travel without it either."""
    if not settings.PRODUCTION or settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER:
        return []
    hint = "Set BEHIND_PROXY=yes where a proxy ends TLS, or leave SECURE_SSL_REDIRECT unset."
    said = "SECURE_SSL_REDIRECT is off and no proxy ends TLS: passwords and tokens would travel in the clear."
    return [Error(said, hint=hint, id="futurisys.E006")]


@register()
def proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Five wrong passwords lock one address out: behind a proxy that is everybody's."""
    is_counted = settings.REST_FRAMEWORK["NUM_PROXIES"]
    if not settings.PRODUCTION or not settings.SECURE_PROXY_SSL_HEADER or is_counted:
        return []
    hint = "Set NUM_PROXIES to the number of proxies that write X-Forwarded-For."
    said = "BEHIND_PROXY is on and NUM_PROXIES is 0: everybody has the proxy's address, and shares its failed logins."
    return [Warning(said, hint=hint, id="futurisys.W007")]


@register(Tags.database)
def database(app_configs: Any, databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A PostgreSQL that could lose a committed record, or an application's role that could change one.

    One that is away is no reason: it may be back before the first request, and until then /health/ready says so.
    """
    if not settings.PRODUCTION or "default" not in (databases or ()):
        return []
    hint = "/health/ready says the same, and answers 503 for as long as it is so."
    checks = {"futurisys.E008": health.database_problems, "futurisys.E009": health.role_problems}
    return [Error(said, hint=hint, id=number) for number, check in checks.items() for said in _answered(check)]


def _answered(check: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(check())
    except DatabaseError:
        return []
