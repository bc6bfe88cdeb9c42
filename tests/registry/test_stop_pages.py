"""The stop button in the browser: suspend, resume, and how soon every process knows."""

import time

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from registry import promotions, serving
from registry.exceptions import ModelSuspended
from registry.models import LedgerEntry, ModelVersion
from tests.registry.people import browser, person, text

STOP = "/registry/iris/stop"


@pytest.fixture
def page(iris: ModelVersion) -> Client:
    """The browser of somebody who may press it."""
    return browser(person("approver"))


def kinds() -> list[str]:
    return list(LedgerEntry.objects.order_by("number").values_list("kind", flat=True))


def test_suspend_and_resume_with_a_reason(page: Client, analyst: User) -> None:
    asker = browser(analyst)
    found = text(page.get(STOP))
    assert "From the next second on, form, API and files answer “suspended”" in found
    assert "Suspend Iris for everybody" in found
    sent = page.post(STOP, {"wanted": "suspend", "reason": "Answers look <b>odd</b>"})
    assert (sent.status_code, sent["Location"]) == (302, "/registry/iris/")
    assert "The model is suspended." in text(page.get(sent["Location"]))
    assert asker.get("/predict/iris/").status_code == 503

    response = page.get(STOP)
    assert "Let Iris answer again?" in text(response)
    assert "Approver suspended the model on" in text(response)
    assert "Answers look &lt;b&gt;odd&lt;/b&gt;" in response.content.decode()
    assert page.post(STOP, {"wanted": "resume", "reason": "They were right"}).status_code == 302
    assert asker.get("/predict/iris/").status_code == 200
    assert kinds() == ["promote", "suspend", "resume"]


@pytest.mark.parametrize("sent", [{"wanted": "suspend"}, {"wanted": "suspend", "reason": " "}, {"reason": "x"}, {}])
def test_a_reason_and_a_wish_are_needed(page: Client, sent: dict[str, str]) -> None:
    response = page.post(STOP, sent)
    assert (response.status_code, kinds()) == (400, ["promote"])
    assert "There is a problem" in text(response)


def test_a_second_click_turns_nothing_round(page: Client, iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="first")
    response = page.post(STOP, {"wanted": "suspend", "reason": "my own reason"})
    assert (response.status_code, kinds()) == (409, ["promote", "suspend"])
    assert "administrator suspended the model on" in text(response)
    assert "my own reason</textarea>" in response.content.decode()


def test_nothing_to_stop(ready, administrator: User) -> None:
    ready("iris")
    page = browser(administrator)
    assert "There is nothing to stop" in text(page.get(STOP))
    assert page.post(STOP, {"wanted": "suspend", "reason": "x"}).status_code == 409
    assert page.get("/registry/nothing/stop").status_code == 404


def test_the_language_button_keeps_the_reason(page: Client) -> None:
    content = page.post(STOP, {"reason": "déjà tapé", "language": "fr"}).content.decode()
    assert ('<html lang="fr">' in content, "déjà tapé</textarea>" in content) == (True, True)
    assert kinds() == ["promote"]


def test_another_process_knows_within_a_second(iris: ModelVersion, administrator: User) -> None:
    assert settings.CHAMPION_CACHE_SECONDS <= 1
    serving.champion("iris")
    remembered = dict(serving._champions)
    promotions.suspend(model=iris.model, by=administrator, reason="an incident")
    serving._champions.update(remembered)  # as in a process that did not suspend it
    assert serving.champion("iris").version == iris
    time.sleep(settings.CHAMPION_CACHE_SECONDS + 0.05)
    for ask in (lambda: serving.champion("iris"), lambda: serving.version("iris", 1)):
        with pytest.raises(ModelSuspended):
            ask()
