"""The settings of a Hugging Face Space: one variable, in a process of its own, asked by a client of Django."""

import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from futurisys.management.commands import run
from futurisys.supervisor import Supervisor
from tests.worlds import ROOT

pytestmark = pytest.mark.integration
HOST = "acme-futurisys.hf.space"
ASK = """
import json, django
django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from futurisys.space import framed_cookies
from futurisys.policy import PolicyMiddleware

def view(request):
    response = HttpResponse()
    response.set_cookie("session", "s", samesite="Lax", httponly=True, max_age=60)
    response.delete_cookie("old")
    return response

request = RequestFactory().get("/", headers={"host": settings.ALLOWED_HOSTS[0].lstrip("."), "x-forwarded-proto": "https"})
response = framed_cookies(PolicyMiddleware(view))(request)
names = ["ALLOWED_HOSTS", "ENVIRONMENT", "MIDDLEWARE", "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME",
    "LANGUAGE_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SITE_URL"]
print(json.dumps({name: getattr(settings, name) for name in names} | {
    "is_secure": request.is_secure(), "host": request.get_host(), "policy": response["Content-Security-Policy"],
    "cookies": [cookie.OutputString() for cookie in response.cookies.values()],
    "proxies": settings.REST_FRAMEWORK["NUM_PROXIES"]}))
"""


@cache
def asked(*changes: tuple[str, str]) -> dict[str, Any]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "FUTURISYS_ENV": "demo"}
    environment |= {"DJANGO_SETTINGS_MODULE": "futurisys.settings", **dict(changes)}
    done = subprocess.run(
        [sys.executable, "-c", ASK], check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def space() -> dict[str, Any]:
    return asked(("FUTURISYS_SPACE", "true"), ("SPACE_HOST", HOST))


def plain() -> dict[str, Any]:
    return asked()


def test_the_hub_may_frame_it_and_nobody_else() -> None:
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in space()["policy"]
    assert "frame-ancestors 'none'" in plain()["policy"]
    assert not any("clickjacking" in name for name in space()["MIDDLEWARE"])
    assert any("clickjacking" in name for name in plain()["MIDDLEWARE"])


def test_cookies_are_sent_inside_a_frame() -> None:
    session, old = space()["cookies"]
    assert {"session=s", "SameSite=None", "Secure", "Partitioned", "HttpOnly", "Path=/"} <= {*session.split("; ")}
    assert {"Max-Age=0", "Secure", "Partitioned"} <= {*old.split("; ")}
    names = (space()["SESSION_COOKIE_NAME"], space()["CSRF_COOKIE_NAME"])
    assert names == ("__Host-session", "__Host-csrf")
    assert space()["LANGUAGE_COOKIE_SECURE"]
    assert "futurisys.space.framed_cookies" not in plain()["MIDDLEWARE"]


def test_the_proxy_of_the_hub_ends_tls() -> None:
    found = space()
    assert (found["is_secure"], found["SECURE_SSL_REDIRECT"], found["proxies"]) == (True, False, 1)
    assert (plain()["is_secure"], plain()["proxies"]) == (False, 0)


def test_it_knows_its_name() -> None:
    found = space()
    assert (found["host"], found["SITE_URL"]) == (HOST, f"https://{HOST}")
    assert {HOST, "127.0.0.1"} <= {*found["ALLOWED_HOSTS"]}
    assert HOST not in plain()["ALLOWED_HOSTS"]


def test_a_space_that_is_not_told_its_name_takes_those_of_spaces() -> None:
    assert asked(("FUTURISYS_SPACE", "true"))["ALLOWED_HOSTS"][0] == ".hf.space"


def test_the_page_of_the_space_says_how_it_is_started() -> None:
    header = (ROOT / "deploy" / "space" / "README.md").read_text("utf-8").split("---")[1]
    assert {"sdk: docker", "app_port: 7860"} <= {*header.splitlines()}


@pytest.mark.parametrize("is_space", [True, False])
def test_passwords_do_not_get_into_its_log(is_space: bool, settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "demo-users.json").write_text('{"admin": "a-secret"}')
    settings.SPACE, settings.SITE_URL, out = is_space, f"https://{HOST}", io.StringIO()
    command = run.Command(stdout=out)
    command.var, command.port, command.started = tmp_path, 7860, 0.0
    monkeypatch.setattr(run, "answers", lambda *_: True)
    with Supervisor(tmp_path, cwd=tmp_path) as supervisor:
        monkeypatch.setattr(command, "_web", lambda: ["sleep", "60"])
        monkeypatch.setattr(command, "_worker", lambda: ["sleep", "60"])
        command._serve(supervisor)
    assert ("a-secret" in out.getvalue()) is not is_space
    assert f"Ready: {'https://' + HOST if is_space else 'http://127.0.0.1:7860'}\n" in out.getvalue()


def test_the_demo_listens_where_it_is_told(monkeypatch: Any) -> None:
    monkeypatch.setenv("BIND", "0.0.0.0:7860")
    command = run.Command()
    command.var, command.port = Path("/nowhere"), 7860
    assert "0.0.0.0:7860" in command._web()
    monkeypatch.delenv("BIND")
    assert "127.0.0.1:7860" in command._web()
