"""What style sheets promise and only a browser can tell: the chosen theme, and a phone's navigation."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]
PAPER = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(244, 246, 244)", "rgb(16, 21, 18)"


@pytest.mark.parametrize(
    ("system", "chosen", "paper"),
    [("light", "auto", LIGHT), ("dark", "auto", DARK), ("light", "dark", DARK), ("dark", "light", LIGHT)],
)
def test_the_chosen_theme_wins_over_the_systems(
    new_context: NewContext, base_url: str, system: Any, chosen: str, paper: str
) -> None:
    context = new_context(color_scheme=system)
    context.add_cookies([{"name": "theme", "value": chosen, "url": base_url}])
    page = context.new_page()
    page.goto(f"{base_url}/login")
    assert page.evaluate(PAPER) == paper


def test_on_a_phone_the_navigation_shows_where_one_is(at_work: Page) -> None:
    at_work.set_viewport_size({"width": 320, "height": 640})
    at_work.goto("/registry/")
    box = at_work.locator(".nav [aria-current]").bounding_box()
    assert box
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 320
    assert at_work.evaluate("document.documentElement.scrollWidth") == 320


def test_the_keyboard_reaches_every_page_of_the_navigation(at_work: Page) -> None:
    at_work.set_viewport_size({"width": 320, "height": 640})
    at_work.goto("/")
    last = at_work.locator(".nav a").last
    for _ in range(12):
        at_work.keyboard.press("Tab")
        if last.evaluate("link => link === document.activeElement"):
            break
    box = last.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 320
    assert last.evaluate("link => link === document.activeElement")
