"""Values that the model never saw: a warning with a tick, which holds for just what was shown."""

import pytest
from django.http import HttpResponse
from django.test import Client

from predictions.models import IdempotencyKey, Prediction
from tests.predictions.test_pages import FORM, browser, text

PATH = "/predict/iris/"
ODD = FORM | {"x-petal_width": "9", "idempotency_key": "k"}


@pytest.fixture
def page(iris, analyst) -> Client:
    """The analyst's browser, with the iris model to ask."""
    return browser(analyst)


def ticked(response: HttpResponse, **changes: str) -> dict[str, str]:
    """What the page would send back with its tick."""
    return ODD | {"shown": response.context["form"].digest, "confirmed": "on"} | changes


def test_what_the_model_never_saw_is_shown_before_it_is_asked(page: Client) -> None:
    response = page.post(PATH, ODD)
    content = response.content.decode()
    assert response.status_code == 200
    assert "<title>Check before you go on – Ask Iris – Futurisys</title>" in content
    assert '<a href="#id_x-petal_width">The model saw “Petal width” from 0.1 to 2.5. Outside it guesses.</a>' in content
    assert 'id="id_x-petal_width_warning"' in content
    assert not Prediction.objects.exists()


def test_the_tick_goes_on_and_is_kept_with_the_warning(page: Client) -> None:
    assert page.post(PATH, ticked(page.post(PATH, ODD))).status_code == 302
    record = Prediction.objects.get()
    assert [(item["field"], item["confirmed"]) for item in record.warnings] == [("petal_width", True)]
    assert IdempotencyKey.objects.get().key == "k"


def test_without_the_tick_the_page_says_what_is_missing(page: Client) -> None:
    sent = ODD | {"shown": page.post(PATH, ODD).context["form"].digest}
    response = page.post(PATH, sent)
    assert (response.status_code, "Tick the box to go on" in text(response)) == (400, True)
    assert '<a href="#id_confirmed">' in response.content.decode()
    assert not Prediction.objects.exists()


def test_the_tick_holds_for_no_other_values(page: Client) -> None:
    sent = ticked(page.post(PATH, ODD))
    for change in ({"x-petal_width": "8"}, {"x-sepal_width": "4.9"}):
        response = page.post(PATH, sent | change)
        assert (response.status_code, response.context["form"].is_confirmed) == (200, False)
        assert 'name="confirmed" id="id_confirmed" form="ask">' in response.content.decode()
    assert not Prediction.objects.exists()


def test_the_same_value_written_in_another_way_stays_confirmed(page: Client) -> None:
    assert page.post(PATH, ticked(page.post(PATH, ODD), **{"x-petal_width": "9,0"})).status_code == 302


def test_a_tick_that_no_page_showed_counts_for_nothing(page: Client) -> None:
    for shown in ("", "x", "\ufffd" * 5000):
        assert page.post(PATH, ODD | {"confirmed": "on", "shown": shown}).status_code == 200
    assert not Prediction.objects.exists()


def test_after_the_value_was_mended_no_tick_is_needed(page: Client) -> None:
    sent = ODD | {"shown": page.post(PATH, ODD).context["form"].digest, "x-petal_width": "0.2"}
    assert page.post(PATH, sent).status_code == 302
    assert Prediction.objects.get().warnings == []


def test_a_confirmed_form_sent_twice_is_one_answer(page: Client) -> None:
    sent = ticked(page.post(PATH, ODD))
    first, second = (page.post(PATH, sent)["Location"] for _ in range(2))
    assert (f"{first}?replayed=1", Prediction.objects.count()) == (second, 1)


def test_an_error_beside_the_warning_keeps_the_tick(page: Client) -> None:
    sent = ticked(page.post(PATH, ODD), **{"x-sepal_width": ""})
    response = page.post(PATH, sent)
    assert (response.status_code, response.context["form"].is_confirmed) == (400, True)
    assert page.post(PATH, sent | {"x-sepal_width": "3.5"}).status_code == 302


def test_another_language_keeps_the_warning_and_the_tick(page: Client) -> None:
    response = page.post(PATH, ticked(page.post(PATH, ODD), language="fr"))
    form = response.context["form"]
    assert (response.status_code, form.is_confirmed, form["idempotency_key"].value()) == (200, True, "k")
    assert "Vérifiez avant de continuer" in text(response)
    assert 'id="id_confirmed" form="ask" checked' in response.content.decode()
