"""Acting on a model in a real browser: from a published file to the first answer, and every page that takes a decision."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sklearn.linear_model import LogisticRegression

from examples.local_hub import LocalHub
from futurisys.accounts import roles
from registry import actions, discovery, promotions, serving
from registry.importer.package import Package
from registry.models import Delivery, LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from tests import hubs
from tests.browser.hands import PHONE, WIDER
from tests.registry.people import person
from tests.registry.repositories import bare, named, numbers
from tests.worlds import member

pytestmark = pytest.mark.browser
NewContext = Callable[..., BrowserContext]

PROMOTE = "/registry/iris/versions/2/promote"
PAGES = [
    PROMOTE,
    "/registry/iris/versions/3/promote",
    "/registry/iris/versions/4/promote",
    "/registry/iris/versions/4/signature",
    "/registry/iris/versions/4/signature?all=1",
    "/registry/requests/",
    "/registry/requests/{open}/",
    "/registry/requests/{declined}/",
    "/registry/iris/stop",
    "/registry/iris/settings",
]
# Pages whose form refuses to be sent empty, and the button that sends it.
REFUSING = {
    PROMOTE: "Ask a second person",
    "/registry/iris/stop": "Suspend Iris",
    "/registry/requests/{open}/": "Decline",
}
UNFOLD = "for (const each of document.querySelectorAll('main details')) each.open = true"


@pytest.fixture
def story(iris: ModelVersion, ready: Callable[..., ModelVersion], examined: Callable[[str], Package]) -> dict[str, Any]:
    """A champion, a candidate, one that would break callers, a draft, and requests of both kinds."""
    signature, metadata = (copy.deepcopy(getattr(examined("iris"), name)) for name in ("signature_json", "metadata"))
    signature["inputs"]["features"][0]["label"] = "Sepal, from one end to the other"
    metadata["metrics"][0] |= {"value": 0.5, "n": 900}
    metadata["card"] += "\n\nTrained again on averylongword" + "x" * 200
    metadata["provenance"]["data"] = "other flowers"
    second = ready("iris", signature_json=signature, metadata=metadata)
    breaking = copy.deepcopy(signature)
    breaking["inputs"]["features"][1]["unit"] = "mm"
    ready("iris", signature_json=breaking)
    guessed = {**iris.report, "inferred": ["sepal_length.train_range"]}
    ready("iris", is_draft=True, report=guessed)
    RegisteredModel.objects.update(approval="two")
    one, two = person("requester", "one"), person("requester", "two")
    how = {"model": iris.model, "version": second, "by": one}
    declined = promotions.request(**how, reason="It is better.")
    promotions.decline(wanted=declined, by=two, reason="Not before the audit.")
    fifth = ready("iris")
    wanted = promotions.request(**how | {"version": fifth}, reason="It is better still.")
    return {"open": wanted.pk, "declined": declined.pk}


@pytest.fixture
def manager(page: Page, log_in: Callable[..., None], administrator: User) -> Page:
    """A page on which somebody who may do everything is logged in."""
    log_in(page.context, administrator)
    return page


def test_no_page_breaks_a_rule(
    manager: Page, story: dict[str, Any], at_rest: Callable[..., list[str]], base_url: str
) -> None:
    for path in PAGES:
        manager.goto(path.format(**story))
        manager.evaluate(UNFOLD)
        assert (path, at_rest(manager)) == (path, [])
    for path, button in REFUSING.items():
        manager.goto(path.format(**story))
        manager.get_by_role("button", name=button).click()
        expect(manager.get_by_role("alert")).to_be_focused()
        assert (path, at_rest(manager)) == (path, [])
    manager.context.add_cookies([{"name": "django_language", "value": "fr", "url": base_url}])
    manager.set_viewport_size(PHONE)
    for path in PAGES:
        manager.goto(path.format(**story))
        manager.evaluate(UNFOLD)
        expect(manager.locator("html")).to_have_attribute("lang", "fr")
        assert (path, manager.evaluate(WIDER)) == (path, False)


def test_the_comparison_is_printed_unfolded(manager: Page, story: dict[str, Any]) -> None:
    manager.goto(PROMOTE)
    manager.emulate_media(media="print")
    expect(manager.get_by_text("other flowers")).to_be_visible()
    expect(manager.get_by_text("Printed by administrator")).to_be_visible()
    expect(manager.get_by_label("Why")).to_be_hidden()


def test_promotion_with_the_keyboard_alone(
    page: Page,
    log_in: Callable[..., None],
    iris: ModelVersion,
    ready: Callable[..., ModelVersion],
    tab_to: Callable[[Locator], None],
) -> None:
    ready("iris")
    log_in(page.context, person("manager"))
    page.goto(PROMOTE)
    tab_to(page.get_by_role("button", name="Serve version 2 to everybody"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why")).to_be_focused()
    page.keyboard.type("It is better.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="in charge")).to_have_text(
        "Version 2 is in charge. Your reason is in the ledger."
    )
    assert LedgerEntry.objects.get(number=2).reason == "It is better."


def test_two_people_in_two_browsers(
    page: Page, new_context: NewContext, log_in: Callable[..., None], iris: ModelVersion, ready: Any
) -> None:
    ready("iris")
    RegisteredModel.objects.update(approval="two")
    log_in(page.context, person("manager"))
    page.goto(PROMOTE)
    page.get_by_label("Why").fill("It is better.")
    page.get_by_role("button", name="Ask a second person to approve version 2").click()
    expect(page.get_by_role("button", name="Withdraw my request")).to_be_visible()

    context = new_context()
    log_in(context, person("approver"))
    other = context.new_page()
    other.goto("/registry/requests/")
    other.get_by_role("link", name="iris, version 2").click()
    other.get_by_role("button", name="Approve: serve version 2 to everybody").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Iris")

    page.get_by_role("button", name="Withdraw my request").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody decided before you.")
    assert PromotionRequest.objects.get(version__number=2).status == "effective"


# From a published file to the first answer


@pytest.fixture
def visits(tmp_path: Path, settings: Any) -> Iterator[RegisteredModel]:
    """A repository with nothing but a fitted model in it, and a model that tracks it."""
    fitted = LogisticRegression().fit(named(numbers()), numbers()[:, 0] > 0)
    with LocalHub(tmp_path / "hub", token=hubs.TOKEN) as hub:
        settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}
        hubs.publish(hub, bare(tmp_path / "visits", fitted))
        yield actions.track_model(name="visits", endpoint="loopback", repo_id=hubs.REPO)


def work() -> None:
    """What the worker does with the hint."""
    for delivery in Delivery.objects.filter(outcome="waiting"):
        discovery.sync(delivery, at=timezone.now())


def test_from_a_bare_file_to_an_answer_without_javascript(
    new_context: NewContext, log_in: Callable[..., None], visits: RegisteredModel
) -> None:
    context = new_context(java_script_enabled=False)
    log_in(context, member("manager", roles.MODEL_MANAGER))
    page = context.new_page()
    page.goto("/registry/visits/")
    page.get_by_role("button", name="Sync now").click()
    work()
    page.reload()
    page.get_by_role("link", name="Describe it").first.click()
    page.locator("#id_f0-label_en").fill("Visits last year")
    page.locator("#id_o-label_en").fill("Comes back")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("status").first).to_contain_text("Version 2 is described and ready")
    page.get_by_role("link", name="promote").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Put version 2 in charge?")
    page.get_by_label("Why").fill("The first one.")
    page.get_by_role("button", name="Serve version 2 to everybody").click()
    expect(page.get_by_role("status").first).to_contain_text("Version 2 is in charge.")

    page.goto("/predict/visits/")
    page.get_by_label("Visits last year").fill("3")
    page.get_by_label("b", exact=True).fill("0")
    page.get_by_label("c", exact=True).fill("0")
    page.get_by_role("button", name="Predict and record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The model answers True")
    assert serving.champion("visits").version.number == 2
