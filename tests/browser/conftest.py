"""A browser in the world of the iris model: who is logged in, what the policy blocked, what axe says."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page

from predictions import actions
from predictions.models import Prediction, Source
from tests.browser.hands import PHONE, WIDER, Keyboard, Mouse, Phone, Somebody
from tests.worlds import IRIS

# Left on, axe loads style sheets itself and so causes the violations that it did not find.
AXE = {"resultTypes": ["violations"], "preload": False}
AXE_SCRIPT = Axe().axe_script
RUN_AXE = """options => axe.run(document, options).then(
  found => found.violations.map(rule => `${rule.id}: ${rule.nodes[0].html}`)
)"""
# Words of tables that go on in the next line: their column is too narrow to be read.
BROKEN = r"""() => {
  const range = document.createRange()
  const broken = []
  for (const cell of document.querySelectorAll("main td, main tbody th")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      for (const word of text.data.matchAll(/(?<![\p{L}\d])\p{L}{2,}(?![\p{L}\d])/gu)) {
        range.setStart(text, word.index)
        range.setEnd(text, word.index + word[0].length)
        const lines = new Set([...range.getClientRects()].map(line => Math.round(line.top)))
        if (lines.size > 1) broken.push(`broken word: ${word[0]} in ${cell.cloneNode().outerHTML}`)
      }
    }
  }
  return broken.slice(0, 3)
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
# What axe says of colours depends on these: of every text that is seen, its own colour, what it lies on, and its size;
# of a link also what it stands in.
LOOKS = """() => {
  const ground = one => {
    const behind = []
    for (; one; one = one.parentElement) {
      const { backgroundColor: colour, backgroundImage: image, opacity } = getComputedStyle(one)
      if (image !== "none") behind.push(image.slice(0, 80))
      if (opacity !== "1") behind.push(opacity)
      if (colour !== "rgba(0, 0, 0, 0)") behind.push(colour)
      if (colour.startsWith("rgb(")) break
    }
    return behind.join(" over ")
  }
  const looks = new Set()
  for (const one of document.querySelectorAll("body *")) {
    const hasText = [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
    if (!hasText && !one.matches("input, select, textarea") || !one.checkVisibility()) continue
    const { color, fontSize, fontWeight, textDecorationLine, fill } = getComputedStyle(one)
    const link = one.matches("a") ? [getComputedStyle(one.parentElement).color, textDecorationLine] : []
    looks.add([color, one instanceof SVGElement ? fill : "", ground(one), fontSize, fontWeight, ...link].join("; "))
  }
  return [...looks]
}"""
# The admin's colours change by and by.
SETTLED = """Promise.allSettled(document.getAnimations()
  .filter(one => one instanceof CSSTransition).map(one => one.finished))"""
DESK = {"width": 1280, "height": 720}
# Without JavaScript no event is heard, and the console still tells.
POLICY = "Content Security Policy"
LISTEN = "addEventListener('securitypolicyviolation', e => blocked(`${e.violatedDirective} ${e.sample} ${location}`))"


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
def blocked() -> list[str]:
    """What the content security policy blocked so far, on any page of the test."""
    return []


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext], blocked: list[str]) -> Iterator[Callable[..., Any]]:
    """`new_context(**how)`: another browser. Whatever the policy blocks on one of its pages fails the test."""
    opened: list[BrowserContext] = []

    def watched(**how: Any) -> BrowserContext:
        context = new_context(**how)
        context.expose_binding("blocked", lambda source, event: blocked.append(event))
        context.add_init_script(LISTEN)
        context.on("console", lambda line: blocked.append(line.text) if POLICY in line.text else None)
        opened.append(context)
        return context

    yield watched
    for page in [page for context in opened for page in context.pages]:
        page.evaluate("0")  # what was blocked last has been heard of when this is answered
    assert blocked == []


@pytest.fixture
def axe() -> Callable[..., list[str]]:
    """`axe(page)`: the rules it breaks, each with its first place; `only` some rules, or all `but` some."""

    def violations(page: Page, only: Sequence[str] = (), but: Sequence[str] = ()) -> list[str]:
        rules: dict[str, Any] = {"rules": {rule: {"enabled": False} for rule in but}}
        if only:
            rules = {"runOnly": {"type": "rule", "values": list(only)}}
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(AXE_SCRIPT)
        found: list[str] = page.evaluate(RUN_AXE, AXE | rules)
        return found

    return violations


@pytest.fixture(scope="session")
def looks_known() -> set[str]:
    """Texts as they looked on pages in whose colours axe found nothing: so they need not be judged again."""
    return set()


@pytest.fixture
def at_rest(axe: Callable[..., list[str]], looks_known: set[str]) -> Callable[..., list[str]]:
    """`at_rest(page)`: what is wrong with a page that nobody touches, in light, on a phone, and in dark."""

    def colours(page: Page) -> list[str]:
        looks = set(page.evaluate(LOOKS))
        found = axe(page, only=COLOURS) if looks - looks_known else []
        if not found:
            looks_known.update(looks)
        return found

    def problems(page: Page) -> list[str]:
        found = axe(page, but=COLOURS) + colours(page)
        page.set_viewport_size(PHONE)
        found += ["wider than a phone"] if page.evaluate(WIDER) else []
        found += page.evaluate(BROKEN)
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="dark")
        page.evaluate(SETTLED)
        found += [f"dark: {problem}" for problem in colours(page)]
        page.emulate_media(color_scheme="light")
        return found

    return problems


@pytest.fixture
def tab_to() -> Callable[[Locator], None]:
    """`tab_to(locator)`: press Tab until it has the focus, as somebody without a mouse does."""

    def press(wanted: Locator) -> None:
        for _ in range(200):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            wanted.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not lead to {wanted}.")

    return press


@pytest.fixture(params=[pytest.param("mouse", marks=pytest.mark.long), "keyboard", "phone", "without scripts"])
def way(request: pytest.FixtureRequest) -> str:
    """How somebody uses the pages of a journey."""
    return str(request.param)


@pytest.fixture
def come_in(new_context: Callable[..., BrowserContext], tab_to: Callable[[Locator], None]) -> Callable[..., Somebody]:
    """`come_in("analyst", way)`: logged in, on the home page; by two of the ways the pages are French from the first."""

    def log_in(username: str, way: str) -> Somebody:
        small = {"viewport": PHONE, "has_touch": True} if way == "phone" else {}
        page = new_context(java_script_enabled=way != "without scripts", **small).new_page()
        hands = {"keyboard": Keyboard(page, tab_to), "phone": Phone(page)}.get(way, Mouse(page))
        language = "fr" if way in {"phone", "without scripts"} else "en"
        somebody = Somebody(hands, page, language, way != "without scripts")
        page.goto("/")
        if language == "fr":
            hands.press(page.get_by_role("button", name="Français"))
        hands.enter(page.get_by_label(somebody.word("User name")), username)
        hands.enter(page.get_by_label(somebody.word("Password")), f"{username}-pass-1")
        hands.press(page.get_by_role("button", name=somebody.word("Log in")))
        hands.arrive(somebody.word("Hello"))
        return somebody

    return log_in
