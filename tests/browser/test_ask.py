"""What a person does with the form and what comes back, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Locator, Page, expect

from predictions.models import Prediction
from tests.worlds import IRIS

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]

LABELS = {name: name.replace("_", " ").capitalize() for name in IRIS}
SEND = "Predict and record"


def fill(page: Page, **changes: str) -> None:
    for name, value in IRIS.items():
        page.get_by_label(LABELS[name]).fill(changes.get(name, str(value)))


def log_in_by_form(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("User name").fill("analyst")
    page.get_by_label("Password").fill("analyst-pass-1")
    page.get_by_role("button", name="Log in").click()


def log_in_with_the_keyboard(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("analyst")
    page.keyboard.press("Tab")
    page.keyboard.type("analyst-pass-1")
    page.keyboard.press("Enter")


def test_from_login_to_the_record_with_the_keyboard_alone(page: Page, tab_to: Callable[[Locator], None]) -> None:
    log_in_with_the_keyboard(page)
    tab_to(page.get_by_role("link", name=re.compile("^Iris")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/predict/iris/")
    for name, value in IRIS.items():
        tab_to(page.get_by_label(LABELS[name]))
        page.keyboard.type(str(value))
    tab_to(page.get_by_role("button", name=SEND))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The model answers Iris setosa")
    assert page.url.endswith(f"/history/{Prediction.objects.get().pk}/")


def test_without_javascript(new_context: NewContext) -> None:
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    log_in_by_form(page)
    page.get_by_role("link", name=re.compile("^Iris")).click()
    fill(page)
    page.get_by_role("button", name=SEND).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Iris setosa")
    page.get_by_role("link", name="Change values, ask again").click()
    expect(page.get_by_label(LABELS["petal_width"])).to_have_value("0.2")


def test_errors_are_summed_up_and_what_was_typed_stays(at_work: Page) -> None:
    at_work.goto("/predict/iris/")
    fill(at_work, petal_width="wide", sepal_width="")
    at_work.get_by_role("button", name=SEND).click()
    expect(at_work).to_have_title("Error: Ask Iris – Futurisys")
    summary = at_work.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_text(
        ["Enter a value for “Sepal width”.", "Petal width: Enter a number."]
    )
    summary.get_by_role("link", name="Petal width").click()
    field = at_work.get_by_label(LABELS["petal_width"])
    expect(field).to_be_focused()
    expect(field).to_have_value("wide")
    expect(field).to_have_accessible_description(
        "At the widest place, in centimetres. cm The model saw 0.1 to 2.5. Error: Enter a number."
    )
    assert not Prediction.objects.exists()


def test_the_enter_key_sends_the_form(at_work: Page) -> None:
    at_work.goto("/predict/iris/?example=1")
    at_work.get_by_label(LABELS["petal_width"]).press("Enter")
    at_work.wait_for_url("**/history/**")
    assert Prediction.objects.count() == 1


def test_what_the_model_never_saw_is_confirmed_with_the_keyboard(
    at_work: Page, tab_to: Callable[[Locator], None], axe: Callable[[Page], list[str]], blocked: list[str]
) -> None:
    at_work.goto("/predict/iris/")
    fill(at_work, petal_width="9")
    at_work.get_by_role("button", name=SEND).click()
    box = at_work.get_by_role("group", name="Check before you go on")
    expect(box).to_be_focused()
    expect(at_work.get_by_label(LABELS["petal_width"])).to_have_accessible_description(
        "At the widest place, in centimetres. cm The model saw 0.1 to 2.5. "
        "Warning: The model saw “Petal width” from 0.1 to 2.5. Outside it guesses."
    )
    assert (axe(at_work), blocked) == ([], [])
    tab_to(box.get_by_role("checkbox"))
    at_work.keyboard.press("Space")
    tab_to(box.get_by_role("button", name=SEND))
    at_work.keyboard.press("Enter")
    at_work.wait_for_url("**/history/**")
    assert Prediction.objects.get().warnings[0]["confirmed"] is True


def test_what_was_typed_outlives_the_session(at_work: Page) -> None:
    at_work.goto("/predict/iris/")
    fill(at_work, petal_width="0,77")
    at_work.context.clear_cookies(name="session")
    at_work.get_by_role("button", name=SEND).click()
    at_work.get_by_label("User name").fill("analyst")
    at_work.get_by_label("Password").fill("analyst-pass-1")
    at_work.get_by_role("button", name="Log in").click()
    expect(at_work.get_by_label(LABELS["petal_width"])).to_have_value("0,77")
    at_work.get_by_role("button", name=SEND).click()
    at_work.wait_for_url("**/history/**")


def test_a_double_click_makes_one_record(at_work: Page) -> None:
    at_work.goto("/predict/iris/")
    fill(at_work)
    at_work.get_by_role("button", name=SEND).dblclick()
    at_work.wait_for_url("**/history/**")
    assert Prediction.objects.count() == 1


@pytest.fixture
def one(promoted: Callable[..., Any], tmp_path: Path) -> Path:
    """A drawing of a 1, and the digits model to ask about it."""
    promoted("digits")
    drawing = Image.new("L", (120, 120), "white")
    ImageDraw.Draw(drawing).line([(62, 15), (58, 105)], fill="black", width=14)
    drawing.save(tmp_path / "one.png")
    return tmp_path / "one.png"


def expect_one(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("The model answers 1")
    expect(page.get_by_role("img", name="The picture as the model saw it, 8 by 8 squares")).to_be_visible()


def test_a_picture_of_a_digit(at_work: Page, one: Path) -> None:
    at_work.goto("/predict/digits/")
    at_work.get_by_label("Picture").set_input_files(one)
    expect(at_work.locator("canvas")).to_be_visible()
    at_work.get_by_role("button", name=SEND).click()
    expect_one(at_work)


def test_a_picture_with_the_keyboard_on_a_phone(at_work: Page, one: Path, tab_to: Callable[[Locator], None]) -> None:
    at_work.set_viewport_size({"width": 320, "height": 640})
    at_work.goto("/predict/digits/")
    with at_work.expect_file_chooser() as chooser:
        tab_to(at_work.get_by_label("Picture"))
        at_work.keyboard.press("Space")
    chooser.value.set_files(one)
    expect(at_work.locator("canvas")).to_be_visible()
    tab_to(at_work.get_by_role("button", name=SEND))
    at_work.keyboard.press("Enter")
    expect_one(at_work)


def test_a_picture_without_javascript(new_context: NewContext, one: Path) -> None:
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    log_in_by_form(page)
    page.goto("/predict/digits/")
    page.get_by_label("Picture").set_input_files(one)
    page.get_by_role("button", name=SEND).click()
    expect_one(page)


def test_the_mark_follows_what_is_typed(at_work: Page) -> None:
    at_work.goto("/predict/iris/")
    field = at_work.locator(".field", has=at_work.get_by_label(LABELS["petal_width"]))
    expect(field.locator("circle")).to_be_hidden()
    field.get_by_role("textbox").fill("9,5")
    expect(field.locator("circle.strip__mark--outside")).to_be_visible()


def test_the_language_changes_and_what_was_typed_stays(at_work: Page) -> None:
    at_work.goto("/predict/iris/")
    at_work.get_by_label(LABELS["petal_width"]).fill("0,3")
    at_work.get_by_role("button", name="Français").click()
    expect(at_work.locator("html")).to_have_attribute("lang", "fr")
    expect(at_work.get_by_label("Largeur du pétale")).to_have_value("0,3")
    expect(at_work.get_by_role("button", name="Prédire et enregistrer")).to_be_visible()
    at_work.goto("/history/")
    expect(at_work.get_by_role("heading", level=1)).to_have_text("Mes réponses")
