"""What a production start is refused for, each with its sentence; and what is fine."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage

from futurisys import checks, health, unsafe
from tests.worlds import ROOT

pytestmark = pytest.mark.integration
GOOD_KEY = "oZ3k-9vQm_T1sXw8LrB5yHc2NfJ6uDgE4iKaP7tVbMqCjRxYnU0h"
URLS = {
    "DATABASE_URL": "postgresql://app:x@127.0.0.1:1/futurisys",
    "DATABASE_OWNER_URL": "postgresql://owner@127.0.0.1:1/futurisys",
}
SAFE = {"FUTURISYS_ENV": "production", "SECRET_KEY": GOOD_KEY, "ALLOWED_HOSTS": "hr.example", **URLS}


@pytest.fixture
def production(settings: Any) -> Any:
    """A safe production server."""
    settings.PRODUCTION, settings.SECRET_KEY, settings.ALLOWED_HOSTS = True, GOOD_KEY, ["hr.example"]
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER, settings.DEBUG = True, None, False
    return settings


def said(check: Callable[..., list[CheckMessage]], **how: Any) -> str:
    return " ".join(f"{message.id}: {message.msg}" for message in check(None, **how))


@pytest.mark.parametrize("check", [unsafe.secret_key, unsafe.hosts, unsafe.debug, unsafe.plain_http, unsafe.proxies])
def test_a_safe_server_and_a_developer_hear_nothing(production: Any, check: Callable[..., list[CheckMessage]]) -> None:
    assert said(check) == ""
    production.PRODUCTION, production.SECRET_KEY, production.ALLOWED_HOSTS = False, "short", ["*"]
    production.SECURE_SSL_REDIRECT, production.DEBUG = False, True
    assert said(check) == ""


@pytest.mark.parametrize("key", ["x" * 60, "short", "development-only-" + GOOD_KEY, "django-insecure-" + GOOD_KEY])
def test_a_key_that_could_be_guessed(production: Any, key: str) -> None:
    production.SECRET_KEY = key
    assert said(unsafe.secret_key).startswith("futurisys.E003: SECRET_KEY could be guessed")


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [(["hr.example", "*"], "ALLOWED_HOSTS is “*”"), ([], "ALLOWED_HOSTS is empty: nobody could open this site.")],
)
def test_hosts(production: Any, hosts: list[str], sentence: str) -> None:
    production.ALLOWED_HOSTS = hosts
    assert f"futurisys.E004: {sentence}" in said(unsafe.hosts)


def test_debug(production: Any) -> None:
    production.DEBUG = True
    assert said(unsafe.debug) == "futurisys.E005: DEBUG is on: pages of errors would show what is stored."


def test_without_tls_only_behind_a_proxy(production: Any) -> None:
    production.SECURE_SSL_REDIRECT = False
    assert "travel in the clear" in said(unsafe.plain_http)
    production.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert said(unsafe.plain_http) == ""


def test_proxies_that_nobody_counts_are_a_warning(production: Any) -> None:
    production.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    (message,) = unsafe.proxies(None)
    assert (message.id, message.is_serious()) == ("futurisys.W007", False)
    production.REST_FRAMEWORK = {**production.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert unsafe.proxies(None) == []


@pytest.mark.parametrize(("is_production", "number"), [(True, "futurisys.E001"), (False, "futurisys.W001")])
def test_one_role_for_both(production: Any, is_production: bool, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for alias in ("default", "owner"):
        monkeypatch.setitem(production.DATABASES[alias], "USER", "futurisys")
    production.PRODUCTION, production.BUNDLED_DATABASE = is_production, False
    assert said(checks.database_roles) == f"{number}: One database role owns the facts and writes them."


# The database


@pytest.mark.django_db
def test_a_database_that_may_lose_records(production: Any) -> None:
    """With these tests' own PostgreSQL, or any other one made forgetful for this transaction."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    found = said(unsafe.database, databases=["default"])
    assert "futurisys.E008: PostgreSQL runs with synchronous_commit=off: a committed record could be lost." in found
    assert said(unsafe.database, databases=["owner"]) == said(unsafe.database) == ""
    production.PRODUCTION = False
    assert said(unsafe.database, databases=["default"]) == ""


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_role_that_may_change_facts(production: Any) -> None:
    from django.db import connections

    role = connections["default"].settings_dict["USER"]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'GRANT UPDATE ON predictions_outcome TO "{role}"')
        try:
            found = said(unsafe.database, databases=["default"])
        finally:
            cursor.execute(f'REVOKE UPDATE ON predictions_outcome FROM "{role}"')
    assert "futurisys.E009: The application's database role may change facts in predictions_outcome" in found
    assert not list(health.role_problems())


# The start itself


def start(**changes: str) -> "subprocess.CompletedProcess[str]":
    """A change to "" takes the variable away."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHON": sys.executable}
    command = [ROOT / "scripts" / "serve", "worker"]
    told = {name: value for name, value in (environment | SAFE | changes).items() if value}
    return subprocess.run(
        command, check=False, cwd="/", env=told, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY could be guessed"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set: the bundled PostgreSQL is not meant for production."),
        ({"FUTURISYS_SPACE": "true"}, "FUTURISYS_SPACE shows the demo to everybody"),
    ],
)
def test_nothing_is_started(changes: dict[str, str], sentence: str, tmp_path: Any) -> None:
    done = start(FUTURISYS_VAR=str(tmp_path), **changes)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "worker does not start" in done.stderr


def test_every_refusal_is_told_in_the_documentation() -> None:
    code = "".join((ROOT / "futurisys" / name).read_text("utf-8") for name in ("checks.py", "unsafe.py"))
    told = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    numbers = set(re.findall(r"futurisys\.[EW]\d{3}", code)) - {"futurisys.W001"}  # of development alone
    assert numbers <= set(re.findall(r"futurisys\.[EW]\d{3}", told))
