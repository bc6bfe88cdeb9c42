"""The wizard of a file in a browser: its pages at rest, values that follow the choice, a wait that ends by itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from predictions.batches import running
from predictions.models import Batch

pytestmark = pytest.mark.browser
HEADINGS = "id,sepal length,sepal length,sepal width,petal length,petal width,colour"


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Two columns are called alike; one row is bad, one has a value that the model never saw."""
    file = tmp_path / "flowers.csv"
    rows = [f"{n},5.{n},4.9,3.5,1.4,0.2,blue" for n in range(8)] + ["8,x,5,3.5,1.4,0.2,", "9,5.1,5,3.5,1.4,9,"]
    file.write_text("\n".join([HEADINGS, *rows, ""]))
    return file


def test_from_the_file_to_its_run(at_work: Page, at_rest: Callable[..., list[str]], flowers: Path) -> None:
    page = at_work
    page.goto("/batches/new/")
    problems = at_rest(page)
    page.get_by_label("CSV or Excel file").set_input_files(flowers)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/columns/")
    problems += at_rest(page)
    length = page.get_by_label("Sepal length")
    length.select_option("2")
    expect(page.locator(".mapping__field", has=length).locator(".cell-text")).to_have_text(["4.9", "5"])
    expect(page.locator("#unused")).to_have_text("sepal length (Column 2), colour")
    length.select_option("1")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The rows are being checked")
    running.work(seconds=60)
    expect(page.get_by_role("heading", level=1)).to_have_text("9 of 10 rows can be run")
    assert problems + at_rest(page) == []
    page.get_by_role("button", name="Run the 9 good rows").click()
    page.wait_for_url("**/batches/*/")
    assert Batch.objects.get().status == "running"


def test_another_language_does_not_send_the_file(at_work: Page, flowers: Path) -> None:
    at_work.goto("/batches/new/")
    at_work.get_by_label("CSV or Excel file").set_input_files(flowers)
    with at_work.expect_request(lambda request: request.method == "POST") as sent:
        at_work.get_by_role("button", name="Français").click()
    expect(at_work.get_by_role("heading", level=1)).to_have_text("Interroger un modèle sur un fichier")
    assert "flowers.csv" not in (sent.value.post_data or "")
