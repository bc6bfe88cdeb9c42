"""A browser in the world of the iris model: who is logged in, what the policy blocked, what axe says."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page

from predictions import actions
from predictions.models import Prediction, Source
from tests.worlds import IRIS

# Left on, axe loads style sheets itself and so causes the violations that it did not find.
AXE = {"resultTypes": ["violations"], "preload": False}
LISTEN = "addEventListener('securitypolicyviolation', e => blocked(`${e.violatedDirective} ${e.sample} ${location}`))"


@pytest.fixture(autouse=True, scope="session")
def _django_beside_playwright() -> Iterator[None]:
    """Playwright's loop runs in this thread, where Django would take our queries for a mistake."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    if before is not None:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """English, unless a test says otherwise."""
    return {**browser_context_args, "locale": "en-GB"}


@pytest.fixture(scope="session")
def base_url(live_server: Any) -> str:
    """Pages are opened by path."""
    return str(live_server.url)


@pytest.fixture(autouse=True)
def _iris_answers(iris_world: Any) -> None:
    """Every test here begins with the iris model in charge and the analyst known."""


@pytest.fixture
def log_in(base_url: str) -> Callable[[BrowserContext, User], None]:
    """`log_in(context, user)`, without the form."""

    def give_session(context: BrowserContext, user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base_url}])

    return give_session


@pytest.fixture
def at_work(page: Page, log_in: Callable[..., None], analyst: User) -> Page:
    """A page on which the analyst is logged in."""
    log_in(page.context, analyst)
    return page


@pytest.fixture
def record(analyst: User, iris_world: Any) -> Prediction:
    """A record of the analyst's, with an explanation and a warning."""
    columns = {name: [value] for name, value in IRIS.items()} | {"petal_width": [9]}
    answer = actions.predict(model="iris", columns=columns, rows=1, source=Source.FORM, by=analyst, explain=True)
    return answer.predictions[0]


@pytest.fixture
def blocked(context: BrowserContext) -> list[str]:
    """What the content security policy blocked, on every page of the context."""
    events: list[str] = []
    context.expose_binding("blocked", lambda source, event: events.append(event))
    context.add_init_script(LISTEN)
    return events


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: the rules it breaks, each with its first place."""

    def violations(page: Page) -> list[str]:
        found = Axe().run(page, options=AXE).response["violations"]
        return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found]

    return violations


@pytest.fixture
def tab_to() -> Callable[[Locator], None]:
    """`tab_to(locator)`: press Tab until it has the focus, as somebody without a mouse does."""

    def press(wanted: Locator) -> None:
        for _ in range(60):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            wanted.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not lead to {wanted}.")

    return press
