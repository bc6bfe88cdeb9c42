"""What was typed survives the end of the session: for the same person, the same model, once, and an hour."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from predictions import drafts
from predictions.models import Prediction
from registry.models import ModelVersion
from tests.predictions.test_pages import FORM, browser, text

PATH = "/predict/iris/"


@pytest.fixture
def ended(iris: ModelVersion, analyst: User) -> Client:
    """A browser that opened the form, typed, and sent it after its session had ended."""
    client = browser(analyst)
    asker = client.get(PATH).context["asker"]
    del client.cookies["session"]
    typed = FORM | {"x-petal_width": "0,77", "asker": asker, "idempotency_key": "k"}
    response = client.post(PATH, typed)
    assert (response.status_code, response["Location"]) == (302, f"/login?next={PATH}")
    assert not Prediction.objects.exists()
    return client


def log_in(client: Client, name: str = "analyst", path: str = PATH) -> HttpResponse:
    sent = {"username": name, "password": f"{name}-pass-1", "next": path}
    return client.get(client.post("/login", sent)["Location"])


def test_what_was_typed_is_there_again(ended: Client) -> None:
    response = log_in(ended)
    form = response.context["form"]
    assert (form["x-petal_width"].value(), form["idempotency_key"].value()) == ("0,77", "k")
    assert "What you had typed is here again" in text(response)


def test_the_login_says_that_it_is_kept(ended: Client) -> None:
    assert "Your session had ended. Log in again: what you had typed is kept." in text(ended.get("/login"))
    assert "what you had typed is kept" not in text(Client().get(f"/login?next={PATH}"))


def test_it_is_there_once(ended: Client) -> None:
    log_in(ended)
    assert not ended.get(PATH).context["form"]["x-petal_width"].value()
    assert ended.session.get_expiry_age() > drafts.SECONDS


def test_it_is_for_nobody_else(ended: Client, stranger: User) -> None:
    assert not log_in(ended, "stranger").context["form"]["x-petal_width"].value()
    assert drafts._KEY not in ended.session


def test_it_is_for_no_other_model(ended: Client, promoted) -> None:
    promoted("iris", model="other")
    assert not log_in(ended, path="/predict/other/").context["form"]["x-petal_width"].value()
    assert ended.get(PATH).context["form"]["x-petal_width"].value() == "0,77"


def test_it_is_gone_after_an_hour(ended: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    later = timezone.now().timestamp() + timedelta(hours=1, minutes=1).total_seconds()
    monkeypatch.setattr(drafts, "_now", lambda: later)
    assert not log_in(ended).context["form"]["x-petal_width"].value()
    assert drafts._KEY not in ended.session


def test_a_form_that_nobody_opened_is_not_kept(db: None) -> None:
    client = Client()
    for asker in ("", "x", "WzEsImlyaXMiXQ:x", "\ufffd:\ufffd"):
        assert client.post(PATH, FORM | {"asker": asker}).status_code == 302
    assert "session" not in client.cookies


def test_neither_another_models_form_nor_a_huge_one_is_kept(analyst: User) -> None:
    client = Client()
    for model, value in (("other", "1"), ("iris", "9" * 200_000)):
        client.post(PATH, {"x-petal_width": value, "asker": drafts.mark(analyst, model)})
    assert "session" not in client.cookies


def test_a_picture_is_not_kept_and_the_page_says_so(promoted, analyst: User, drawing) -> None:
    promoted("digits")
    client = Client()
    sent = {"image": drawing("PNG"), "asker": drafts.mark(analyst, "digits"), "idempotency_key": "k"}
    client.post("/predict/digits/", sent)
    assert "the picture was not kept: choose it again" in text(log_in(client, path="/predict/digits/"))
