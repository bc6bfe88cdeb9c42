"""Every page of this kind: nothing blocked by the policy, nothing that axe finds, nothing wider than a phone."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from predictions.models import Prediction

pytestmark = pytest.mark.browser

PAGES = ["/", "/predict/", "/predict/iris/", "/predict/iris/?example=1", "/history/{record}/", "/history/", "/nothing/"]
ADMIN = [
    "/admin/",
    "/admin/predictions/prediction/",
    "/admin/predictions/prediction/{record}/change/",
    "/admin/registry/modelversion/",
    "/admin/registry/ledgerentry/",
]
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_own_pages(
    at_work: Page, record: Prediction, blocked: list[str], axe: Callable[[Page], list[str]], scheme: str
) -> None:
    at_work.emulate_media(color_scheme=scheme)
    for path in PAGES:
        at_work.goto(path.format(record=record.pk))
        expect(at_work.locator("footer")).to_be_visible()
        assert (path, axe(at_work)) == (path, [])
    assert blocked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login_and_its_error(page: Page, blocked: list[str], axe: Callable[[Page], list[str]], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/login")
    assert axe(page) == []
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    assert axe(page) == []
    assert blocked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_with_errors(at_work: Page, blocked: list[str], axe: Callable[[Page], list[str]], scheme: str) -> None:
    at_work.emulate_media(color_scheme=scheme)
    at_work.goto("/predict/iris/")
    at_work.get_by_role("button", name="Predict and record").click()
    expect(at_work.get_by_role("alert")).to_be_visible()
    assert axe(at_work) == []
    assert blocked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_admin(
    page: Page,
    log_in: Callable[..., None],
    auditor: User,
    record: Prediction,
    blocked: list[str],
    axe: Callable[[Page], list[str]],
    scheme: str,
) -> None:
    log_in(page.context, auditor)
    page.emulate_media(color_scheme=scheme)
    for path in ADMIN:
        page.goto(path.format(record=record.pk))
        expect(page.locator("#site-name")).to_have_text("Futurisys")
        assert (path, axe(page)) == (path, [])
    assert blocked == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_phone_needs_no_sideways_scrolling(at_work: Page, base_url: str, record: Prediction, language: str) -> None:
    at_work.set_viewport_size({"width": 320, "height": 640})
    at_work.context.add_cookies([{"name": "django_language", "value": language, "url": base_url}])
    for path in PAGES:
        at_work.goto(path.format(record=record.pk))
        expect(at_work.locator("html")).to_have_attribute("lang", language)
        assert (path, at_work.evaluate(WIDER)) == (path, False)


def test_a_record_is_printed_on_one_page(at_work: Page, record: Prediction) -> None:
    at_work.goto(f"/history/{record.pk}/")
    assert at_work.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_forced_colours_keep_the_bars(at_work: Page, record: Prediction) -> None:
    at_work.emulate_media(forced_colors="active")
    at_work.goto(f"/history/{record.pk}/")
    bar = at_work.locator(".factors .bar__up, .factors .bar__down").first
    assert bar.evaluate("bar => getComputedStyle(bar).fill") == "rgb(0, 0, 0)"
