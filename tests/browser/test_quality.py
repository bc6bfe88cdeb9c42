"""Every page at rest: nothing blocked by the policy, nothing that axe finds in light or dark, nothing wider than a phone."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Page, expect

from predictions.models import Prediction
from registry.models import ModelVersion
from tests.browser.hands import WIDER
from tests.browser.house import NOBODY, House, Visit
from tests.test_access import World

pytestmark = pytest.mark.browser

# Bars that a page on white paper does not show: tracks may vanish, what they measure may not.
UNSEEN = """bars => bars.filter(bar => !bar.matches(".bar__track") && getComputedStyle(bar).fill === "rgb(255, 255, 255)")
  .map(bar => bar.outerHTML)"""
CUT_OFF = """all => all.filter(one => getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1
  && !one.closest(".sr, [tabindex]")).map(one => one.outerHTML)"""


@pytest.fixture
def house(
    promoted: Callable[..., ModelVersion],
    iris: ModelVersion,
    ready: Callable[..., ModelVersion],
    administrator: User,
    stranger: User,
    tmp_path: Path,
    settings: Any,
) -> House:
    """Something behind every page."""
    settings.BATCH_ROWS = 4
    drawing = Image.new("L", (40, 40), "white")
    ImageDraw.Draw(drawing).line([(20, 5), (20, 35)], fill="black", width=5)
    drawing.save(tmp_path / "one.png")
    world = World("admi", others=stranger, boss=administrator, iris=iris, candidate=ready("iris"))
    return House(world, promoted, tmp_path / "one.png")


@pytest.fixture
def paid(
    house: House, new_context: Callable[..., BrowserContext], log_in: Callable[..., None], base_url: str
) -> Callable[[Visit], Page]:
    """`paid(visit)`: the page in French, in the browser of whoever pays the visit."""
    pages: dict[str, Page] = {}

    def page(visit: Visit) -> Page:
        if visit.who not in pages:
            context = new_context(reduced_motion="reduce")
            context.add_cookies([{"name": "django_language", "value": "fr", "url": base_url}])
            if visit.who != NOBODY:
                log_in(context, house.people[visit.who])
            pages[visit.who] = context.new_page()
        visit.pay(pages[visit.who])
        return pages[visit.who]

    return page


@pytest.mark.parametrize("visits", [House.of_routes, pytest.param(House.of_states, marks=pytest.mark.long)])
def test_no_page_breaks_a_rule(
    visits: Callable[[House], Iterable[Visit]],
    house: House,
    paid: Callable[..., Page],
    at_rest: Callable[..., list[str]],
) -> None:
    """In French alone: of the same templates its texts are the longer ones. English is what the journeys read."""
    found: dict[str, list[str]] = {}
    for visit in visits(house):
        page = paid(visit)
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        found[f"{visit.who}: {visit.path} {visit.sends}"] = at_rest(page)
    assert [f"{page}: {problem}" for page, problems in found.items() for problem in problems] == []


def test_a_record_is_printed_on_one_page(at_work: Page, record: Prediction) -> None:
    at_work.goto(f"/history/{record.pk}/")
    assert at_work.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_large_and_in_forced_colours_bars_are_seen_and_nothing_is_cut_off(
    new_context: Callable[..., BrowserContext], log_in: Callable[..., None], analyst: User, record: Prediction
) -> None:
    """At 200 %, a window of 1280 pixels is one of 640."""
    context = new_context(viewport={"width": 640, "height": 512}, device_scale_factor=2, forced_colors="active")
    log_in(context, analyst)
    page = context.new_page()
    for path, bars in (("/history/", ".share__bar"), (f"/history/{record.pk}/", ".factors svg")):
        page.goto(path)
        assert page.locator(bars).count() > 0
        assert page.locator(f"{bars} rect").evaluate_all(UNSEEN) == []
        assert page.locator("main *").evaluate_all(CUT_OFF) == []
        assert not page.evaluate(WIDER)
