"""The page of one answer in a browser: on paper, and what it opens."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from predictions import actions
from predictions.models import Prediction, Source
from tests.predictions.employees import PERSON, dataset

pytestmark = pytest.mark.browser


@pytest.fixture
def about(promoted: Callable, analyst: User, iris_world: object) -> Prediction:
    """An answer about one employee: 27 fields, changes, and a warning."""
    record = dataset(promoted("attrition"), analyst, [{"key": "E-1"}]).record_set.get()
    columns = {name: [value] for name, value in (PERSON | {"age": 75}).items()}
    asked = {"model": "attrition", "rows": 1, "source": Source.FORM, "by": analyst, "explain": True}
    return actions.predict(columns=columns, records=[record.pk], confirmed=True, **asked).predictions[0]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_answer_about_an_employee_is_printed_on_one_page(
    at_work: Page, base_url: str, about: Prediction, language: str
) -> None:
    at_work.context.add_cookies([{"name": "django_language", "value": language, "url": base_url}])
    at_work.goto(f"/history/{about.pk}/")
    expect(at_work.locator("html")).to_have_attribute("lang", language)
    assert at_work.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_everything_opened_breaks_no_rule(
    at_work: Page, about: Prediction, blocked: list[str], axe: Callable[[Page], list[str]]
) -> None:
    at_work.goto(f"/history/{about.pk}/")
    for summary in at_work.locator("main summary:visible").all():
        summary.click()
    expect(at_work.locator(".curves .plot__line").first).to_be_visible()
    assert (axe(at_work), blocked) == ([], [])
    at_work.set_viewport_size({"width": 320, "height": 640})
    assert not at_work.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
