"""The page of a file that runs: it follows by itself, tells every ten percent, and turns into what came of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from predictions.batches import running
from predictions.models import Batch
from registry.models import ModelVersion
from tests.predictions.whole_files import finished, flowers_csv, submitted

pytestmark = pytest.mark.browser
BAD = {1: {"sepal_length": "long"}, 4: {"petal_width": "", "sepal_width": "99"}}
SOON = 15_000  # milliseconds; it looks every two seconds


@pytest.fixture
def runs(analyst: User, iris: ModelVersion, settings: Any) -> Batch:
    """Three chunks, of which one is done."""
    settings.BATCH_ROWS = 100
    batch = submitted(analyst, iris, flowers_csv(300, BAD))
    running.work(seconds=0)
    return batch


def test_it_follows_by_itself(at_work: Page, runs: Batch) -> None:
    at_work.goto(f"/batches/{runs.pk}/")
    rows, told = at_work.locator(".run__rows"), at_work.get_by_role("status").last
    expect(rows).to_have_text("100 of 300 rows")
    running.work(seconds=0)
    expect(rows).to_have_text("200 of 300 rows", timeout=SOON)
    expect(told).to_contain_text("60% done.")
    running.work(seconds=60)
    expect(at_work.locator("h1")).to_have_text("298 of 300 rows were answered", timeout=SOON)


def test_without_javascript_there_is_a_link_and_cancelling_works(
    new_context: Callable[..., Any], log_in: Callable[..., None], analyst: User, runs: Batch
) -> None:
    context = new_context(java_script_enabled=False)
    log_in(context, analyst)
    page = context.new_page()
    page.goto(f"/batches/{runs.pk}/")
    running.work(seconds=0)
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".run__rows")).to_have_text("200 of 300 rows")
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the file").click()
    running.work(seconds=60)
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator("h1")).to_have_text("Cancelled: 198 of 300 rows were answered before")


def test_the_pages_of_files_are_sound(
    at_work: Page, at_rest: Callable[..., list[str]], analyst: User, iris: ModelVersion
) -> None:
    done, runs = finished(analyst, iris, flowers_csv(30, BAD)), submitted(analyst, iris, flowers_csv(3))
    for path in ("", f"{done.pk}/", f"{runs.pk}/", f"{runs.pk}/cancel"):
        at_work.goto(f"/batches/{path}")
        assert at_rest(at_work) == [], path
