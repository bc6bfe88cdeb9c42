"""The built site, opened from its folder in Chromium: light, dark, and as narrow as a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.docs.test_console import COMMAND, SESSION
from tests.docs.test_site import built
from tests.worlds import ROOT

pytestmark = pytest.mark.browser
PAGES = ["index.html", "tutorial.html", "reference/settings.html", "fr/interroger.html"]
# The theme's own: its buttons to copy are landmarks, and it wraps wide tables without a place for the keyboard, which
# Chromium gives them by itself.
THEIRS = {rule: {"enabled": False} for rule in ("landmark-unique", "scrollable-region-focusable")}


@pytest.fixture(scope="module")
def site(only_once: Callable[..., Path]) -> Path:
    """The folder with the built site."""
    return only_once("docs-site", built)


def problems(page: Page) -> list[str]:
    """The rules that axe sees broken, each with its first place."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": THEIRS}).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        page.goto((site / name).as_uri())
        assert problems(page) == [], name
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def test_no_page_is_wider_than_a_phone(browser: Browser, site: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    for name in PAGES:
        page.goto((site / name).as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, name
        assert page.title().endswith("Futurisys")
    context.close()


def test_what_is_copied_of_a_session_is_what_somebody_types(browser: Browser, site: Path) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((site / "tutorial.html").as_uri())
    copied = []
    for block in page.locator(".highlight").all():
        if block.locator(".gp").count():
            block.get_by_role("button").click()
            copied.append(page.evaluate("navigator.clipboard.readText()"))
    sessions = SESSION.finditer((ROOT / "docs" / "tutorial.md").read_text("utf-8"))
    assert copied == ["\n".join(typed["text"] for typed in COMMAND.finditer(each["text"])) for each in sessions]
    context.close()
