"""The registry's pages in a real browser: axe, policy, phone, keyboard, without JavaScript, and an import that moves on."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Locator, Page, expect

from registry import promotions
from registry.models import Delivery, ModelVersion, RegisteredModel
from tests.browser.hands import PHONE, WIDER

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]

PAGES = [
    "/registry/",
    "/registry/iris/",
    "/registry/iris/?at=2026-03-03T10:00",
    "/registry/iris/?at=x",
    "/registry/new/",
    *(f"/registry/iris/versions/{number}/" for number in range(1, 5)),
    "/registry/deliveries/",
    "/registry/deliveries/?outcome=failed",
]
CARD = """
# Iris

| a | table | that | is | wider | than | any | telephone | is |
|---|---|---|---|---|---|---|---|---|
| xxxxxxxxxxxxxxxxxxxx | xxxxxxxxxxxxxxxxxxxx | x | x | x | x | x | xxxxxxxxxxxxxxxxxxxx | x |

##### A heading without the ones above

[A link](https://example.org/averylongaddressaverylongaddressaverylongaddressaverylongaddress) <b>bold</b>

![Petals](petals.png) ![Elsewhere](https://example.org/picture.png)
"""


@pytest.fixture
def story(iris: ModelVersion, ready: Callable[..., ModelVersion], administrator: User) -> RegisteredModel:
    """The iris model with a past, and a version in each state."""
    model = iris.model
    pictures = {"petals.png": {"type": "image/png", "width": 500, "height": 400}}
    metrics = [{"name": "pr_auc", "value": 0.5, "split": "test", "n": 30, "ci95": [0.4, 0.6]}]
    metadata = {**iris.metadata, "card": CARD, "metrics": metrics}
    second = ready("iris", metadata=metadata, report={**iris.report, "pictures": pictures})
    promotions.request(model=model, version=second, by=administrator, reason="It reads more.")
    promotions.suspend(model=model, by=administrator, reason="A doubt.")
    promotions.resume(model=model, by=administrator, reason="No doubt.")
    values = {"model": model, "commit": "a" * 40}
    ModelVersion.objects.create(number=3, status="rejected", reason="The file names os.system.", **values)
    ModelVersion.objects.create(number=4, progress="comparing", **values)
    RegisteredModel.objects.filter(pk=model.pk).update(sync_error="The Hub does not answer.", is_high_risk=True)
    RegisteredModel.objects.create(name="new", endpoint="huggingface", repo_id="demo/new")
    for outcome in Delivery.Outcome:
        Delivery.objects.create(kind="webhook", outcome=outcome, model=model, event="repo.content update", text="So.")
    return model


@pytest.fixture
def manager(page: Page, log_in: Callable[..., None], administrator: User) -> Page:
    """A page on which somebody who may do everything is logged in."""
    log_in(page.context, administrator)
    return page


def test_no_page_breaks_a_rule(
    manager: Page, story: RegisteredModel, at_rest: Callable[..., list[str]], base_url: str
) -> None:
    for path in PAGES:
        manager.goto(path)
        assert (path, at_rest(manager)) == (path, [])
    manager.context.add_cookies([{"name": "django_language", "value": "fr", "url": base_url}])
    manager.set_viewport_size(PHONE)
    for path in PAGES:
        manager.goto(path)
        expect(manager.locator("html")).to_have_attribute("lang", "fr")
        assert (path, manager.evaluate(WIDER)) == (path, False)


def test_with_the_keyboard_alone(manager: Page, story: RegisteredModel, tab_to: Callable[[Locator], None]) -> None:
    manager.goto("/registry/")
    tab_to(manager.get_by_role("link", name="Iris", exact=True))
    manager.keyboard.press("Enter")
    tab_to(manager.get_by_role("link", name="Repository"))
    manager.keyboard.press("Enter")
    tab_to(manager.get_by_text("Import an older commit"))
    manager.keyboard.press("Enter")
    tab_to(manager.get_by_label("Commit"))
    manager.keyboard.type("main")
    manager.keyboard.press("Enter")
    expect(manager).to_have_title("Error: Iris – Futurisys")
    link = manager.get_by_role("alert").get_by_role("link")
    expect(link).to_have_text("Enter all 40 hexadecimal digits of the commit.")
    tab_to(link)
    manager.keyboard.press("Enter")
    field = manager.get_by_label("Commit")
    expect(field).to_be_focused()
    expect(field).to_have_value("main")


def test_without_javascript(new_context: NewContext, log_in: Callable[..., None], story: Any, analyst: User) -> None:
    context = new_context(java_script_enabled=False)
    log_in(context, analyst)
    page = context.new_page()
    page.goto("/registry/iris/versions/4/")
    expect(page.get_by_text("comparing")).to_be_visible()
    ModelVersion.objects.filter(model=story, number=4).update(progress="storing")
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("storing")).to_be_visible()
    page.goto("/registry/deliveries/")
    page.get_by_label("What came of it").select_option("ignored")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_an_import_is_followed_by_itself_and_said(manager: Page, story: RegisteredModel) -> None:
    versions = ModelVersion.objects.filter(model=story, number=4)
    manager.goto("/registry/iris/versions/4/")
    versions.update(progress="converting")
    expect(manager.locator("[data-now]")).to_have_text("converting")
    expect(manager.get_by_role("status")).to_have_text("converting")
    manager.get_by_role("link", name="Refresh").focus()
    versions.update(progress="storing")
    expect(manager.locator("[data-now]")).to_have_text("storing")
    expect(manager.get_by_role("link", name="Refresh")).to_be_focused()
    versions.update(status="rejected", reason="Too large.", progress="")
    expect(manager.get_by_role("heading", name="It was rejected, and cannot answer")).to_be_visible()


def test_a_delivery_is_followed_until_it_is_answered(manager: Page, story: RegisteredModel) -> None:
    Delivery.objects.all().delete()
    manager.goto("/registry/iris/")
    manager.get_by_role("button", name="Sync now").click()
    place = manager.locator("#latest-deliveries")
    expect(place).to_contain_text("waiting")
    Delivery.objects.update(outcome="known", text="Nothing new.")
    expect(place).to_contain_text("Nothing new.")
    expect(manager.locator("[data-refresh]")).to_have_count(0)


def test_pictures_of_the_card_are_shown_and_others_are_not_asked_for(manager: Page, story: RegisteredModel) -> None:
    asked: list[str] = []
    manager.on("request", lambda request: asked.append(request.url))
    manager.goto("/registry/iris/")
    picture = manager.get_by_role("img", name="Petals")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    expect(picture).to_have_js_property("naturalWidth", 500)
    assert not [url for url in asked if "example.org" in url]
    expect(manager.get_by_role("link", name="Elsewhere")).to_have_attribute("rel", "noopener nofollow")


def test_the_model_page_can_be_printed(manager: Page, story: RegisteredModel) -> None:
    manager.goto("/registry/iris/")
    pages = manager.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 1 < pages <= 4
    manager.emulate_media(media="print")
    for name in ("Sync now", "Find out"):
        expect(manager.get_by_role("button", name=re.compile(name))).to_be_hidden()
    expect(manager.get_by_role("heading", name="Who answered when")).to_be_visible()
