"""The two pages that explain the API: drawn under the policy, on a phone, in the dark, and good for a first call."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Locator, Page, expect

from futurisys import openapi
from predictions.models import Prediction
from tests.browser.hands import PHONE, WIDER
from tests.worlds import IRIS

pytestmark = pytest.mark.browser

ASK = '.opblock-post:has([data-path="/api/v1/predict"])'
# The rest is drawn by the libraries, whose insides break rules that no style of ours can mend (docs/adr/0019).
FRAME_ALONE = """options => axe.run({include: [[".top"], [".skip"]]}, options).then(
  found => found.violations.map(rule => `${rule.id}: ${rule.nodes[0].html}`)
)"""
# What a line of text is drawn on: the first background behind it that is not transparent.
CONTRAST = """elements => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const found = numbers(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  return elements.map(element => {
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""

# Of an open operation: names of methods, what is typed into, buttons, labels, headers of answers.
READ = """.opblock-summary-method, .info .title small pre, .info a, .is-open :is(
  input, textarea, select, button.btn, .headers td, .examples-select__section-label, .parameter__name, .parameter__in, code,
  .microlight span, .response-col_status
)"""


@pytest.fixture
def opened(new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """`opened("/docs")`: the page as a stranger sees it, drawn; `new_context` fails the test for what the policy blocked."""

    def page(path: str, **how: Any) -> Page:
        found = new_context(**how).new_page()
        failed: list[str] = []
        found.on("pageerror", lambda error: failed.append(str(error)))
        found.goto(path)
        expect(operations(found, path).first).to_be_visible(timeout=20_000)
        assert failed == []
        return found

    return page


def operations(page: Page, path: str) -> Locator:
    """A part of the page for each operation."""
    return page.locator(".opblock" if path == "/docs" else '[data-section-id^="tag/"] [data-section-id*="operation/"]')


def number_of_operations() -> int:
    """In the document, once for each of its tags."""
    paths = json.loads(openapi.FILE.read_text("utf-8"))["paths"]
    return sum(len(operation["tags"]) for verbs in paths.values() for operation in verbs.values())


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_every_operation_is_drawn_and_nothing_is_blocked(opened: Callable[..., Page], path: str) -> None:
    page = opened(path)
    expect(page.get_by_role("heading", level=1).first).to_contain_text("The API")
    if path == "/docs":
        expect(operations(page, path)).to_have_count(number_of_operations())
    else:
        assert operations(page, path).count() > 0
    page.evaluate("0")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("/docs", "light"),
        ("/redoc", "dark"),
        pytest.param("/docs", "dark", marks=pytest.mark.long),
        pytest.param("/redoc", "light", marks=pytest.mark.long),
    ],
)
def test_it_can_be_read_on_a_phone_in_light_and_dark(
    opened: Callable[..., Page], axe: Callable[..., list[str]], path: str, scheme: str
) -> None:
    page = opened(path, viewport=PHONE, color_scheme=scheme)
    assert not page.evaluate(WIDER)
    axe(page, only=["html-has-lang"])  # brings the library in
    assert page.evaluate(FRAME_ALONE, {"resultTypes": ["violations"], "preload": False}) == []
    texts = page.locator("main :is(p, h1, h2, h3, h5, h5 > span, td div > span)").evaluate_all(
        f"all => ({CONTRAST})(all.filter(one => one.offsetParent))"
    )
    assert len(texts) > 10
    assert [one for one in texts if one < 4.5] == [], path


def test_the_search_of_redoc_finds_something(opened: Callable[..., Page]) -> None:
    """Its index is made by a worker, which the policy of that page lets be."""
    page = opened("/redoc")
    page.get_by_placeholder("Search...").fill("decision")
    expect(page.locator('[data-role="search:results"] li').first).to_be_visible()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(390, 844, "dark"), pytest.param(1280, 800, "light", marks=pytest.mark.long)]
)
def test_it_opens_at_its_headline(opened: Callable[..., Page], path: str, width: int, height: int, scheme: str) -> None:
    page = opened(path, viewport={"width": width, "height": height}, color_scheme=scheme)
    assert page.evaluate("scrollY") == 0
    headline = page.get_by_role("heading", level=1).first
    expect(headline).to_be_in_viewport(ratio=1)
    box = headline.bounding_box()
    assert box is not None
    assert box["height"] > 20
    for link in page.get_by_label("API", exact=True).get_by_role("link").all():
        expect(link).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark")])
def test_an_open_operation_fits_a_phone_and_can_be_read(opened: Callable[..., Page], width: int, scheme: str) -> None:
    page = opened("/docs", viewport={"width": width, "height": 844}, color_scheme=scheme)
    expect(ask(page, {"model": "iris", "inputs": IRIS})).to_contain_text("401")
    page.locator(".opblock-get .opblock-summary-control").first.click()
    expect(page.locator(".opblock.is-open .responses-table")).to_have_count(3)  # one of them has the live answer
    assert not page.evaluate(WIDER)
    texts = page.locator(READ)
    assert texts.count() > 60
    assert texts.evaluate_all(f"all => all.filter(one => ({CONTRAST})([one])[0] < 4.5).map(one => one.outerHTML)") == []


def test_the_dialog_asks_for_the_token_first(opened: Callable[..., Page]) -> None:
    page = opened("/docs", viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Authorize").first.click()
    boxes = page.locator(".auth-container")
    expect(boxes).to_have_count(2)
    expect(boxes.first.get_by_role("heading", level=4)).to_contain_text("token")
    expect(boxes.last.get_by_role("heading", level=4)).to_contain_text("key")
    expect(boxes.first.locator("input")).to_be_focused()
    expect(boxes.first.get_by_role("heading", level=4)).to_be_in_viewport(ratio=1)
    named = json.loads(openapi.FILE.read_text("utf-8"))["components"]["securitySchemes"]
    assert named.keys() == {"token", "key", "session", "scraper", "webhook"}


def authorize(page: Page, key: str) -> None:
    """As an integrator pastes it, without the word “Token”."""
    page.get_by_role("button", name="Authorize").first.click()
    box = page.locator(".auth-container").filter(has_text="Authorization")
    box.locator("input").fill(key)
    box.get_by_role("button", name="Apply credentials").or_(box.get_by_role("button", name="Authorize")).first.click()
    page.get_by_role("button", name="Close").first.click()


def ask(page: Page, body: dict[str, Any]) -> Locator:
    """Send the body from the page; the status that came."""
    block = page.locator(ASK)
    block.locator(".opblock-summary-control").click()
    block.locator("textarea").first.fill(json.dumps(body))
    block.get_by_role("button", name="Execute").click()
    return block.locator(".live-responses-table .response-col_status").last


def test_a_token_is_enough_for_an_explained_and_stored_answer(
    opened: Callable[..., Page], analyst: User, token: Callable[[User], str]
) -> None:
    page = opened("/docs")
    authorize(page, token(analyst).removeprefix("Token "))
    expect(ask(page, {"model": "iris", "inputs": IRIS, "explain": True})).to_contain_text("200")
    record = Prediction.objects.get()
    assert (record.user, record.outputs["label"]) == (analyst, "setosa")
    assert record.explanation
    expect(page.locator(f"{ASK} .live-responses-table")).to_contain_text(str(record.pk))


def test_who_is_logged_in_needs_no_token(
    new_context: Callable[..., BrowserContext], log_in: Callable[..., None], analyst: User
) -> None:
    context = new_context()
    log_in(context, analyst)
    page = context.new_page()
    page.goto("/docs")
    expect(operations(page, "/docs").first).to_be_visible(timeout=20_000)
    assert settings.CSRF_COOKIE_NAME in {cookie["name"] for cookie in context.cookies()}
    expect(ask(page, {"model": "iris", "inputs": IRIS})).to_contain_text("200")
    assert Prediction.objects.get().user == analyst


def test_without_one_the_answer_says_what_is_missing(opened: Callable[..., Page]) -> None:
    page = opened("/docs")
    expect(ask(page, {"model": "iris", "inputs": IRIS})).to_contain_text("401")
    assert not Prediction.objects.exists()
