"""The panel beside an answer, and the page of who estimates first."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from futurisys.accounts import roles
from predictions import actions
from predictions.decisions import verbs
from predictions.decisions.forms import EstimateForm
from predictions.models import Decision, Estimate, Prediction, Source
from predictions.presenters import RecordPage
from predictions.presenters.case import CaseFile
from registry.models import ModelVersion
from tests.predictions.deciding import SENT, hiding, page_of
from tests.registry.people import browser, text
from tests.worlds import member


def test_a_high_risk_answer_says_that_it_is_to_be_decided(answer: Prediction, desk: Client, analyst: User) -> None:
    for client in (desk, browser(analyst)):
        assert re.search(r'state--wait">to be decided<', client.get(page_of(answer)).content.decode())
    assert 'id="decide"' in desk.get(page_of(answer)).content.decode()


def test_who_may_not_decide_reads_who_may(answer: Prediction, analyst: User) -> None:
    page = browser(analyst).get(page_of(answer))
    assert "A decision maker has to decide about this answer." in text(page)
    assert 'id="decide"' not in page.content.decode()


def test_a_decision_is_recorded_and_shown_to_everybody(answer: Prediction, desk: Client, analyst: User) -> None:
    sent = {"verdict": "disagree", "reason": "missing_context", "comment": "She is <b>about</b> to be promoted."}
    response = desk.post(f"{page_of(answer)}decide", sent, follow=True)
    assert "Your decision is recorded." in text(response)
    page = browser(analyst).get(page_of(answer))
    for words in ("disagreed", "Dominique Moreau", "The model does not know something important"):
        assert words in text(page)
    assert "&lt;b&gt;about&lt;/b&gt;" in page.content.decode()
    assert "to be decided" not in text(page)


def test_a_correction_shows_both_and_which_counts(answer: Prediction, desk: Client, decider: User) -> None:
    first = verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    page = desk.get(page_of(answer))
    assert "Correct this decision" in text(page)
    assert f'name="replaces" value="{first.pk}"' in page.content.decode()
    desk.post(f"{page_of(answer)}decide", SENT | {"reason": "rule", "replaces": str(first.pk)})
    assert "Replaced by Dominique Moreau" in text(desk.get(page_of(answer)))
    assert [found.replaces_id for found in Decision.objects.order_by("id")] == [None, first.pk]


def test_a_correction_begins_with_what_it_corrects(answer: Prediction, desk: Client, decider: User) -> None:
    verbs.decide(prediction=answer, by=decider, verdict="disagree", reason="rule", comment="Her contract ends.")
    form = desk.get(page_of(answer)).content.decode().partition('id="decide"')[2].partition("</form>")[0]
    assert re.findall(r'value="(\w+)"[^>]* checked', form) == ["disagree", "rule"]
    assert "Her contract ends.</textarea>" in form


def test_after_need_more_the_form_is_empty(answer: Prediction, desk: Client, decider: User) -> None:
    verbs.decide(prediction=answer, by=decider, verdict="need_more", reason="second_look")
    form = desk.get(page_of(answer)).content.decode().partition('id="decide"')[2].partition("</form>")[0]
    assert " checked" not in form


def test_the_same_sent_as_a_correction_changes_nothing(answer: Prediction, desk: Client, decider: User) -> None:
    first = verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    response = desk.post(f"{page_of(answer)}decide", SENT | {"replaces": str(first.pk)}, follow=True)
    assert ("Nothing changed" in text(response), Decision.objects.count()) == (True, 1)


def test_a_double_click_is_one_decision(answer: Prediction, desk: Client) -> None:
    assert [desk.post(f"{page_of(answer)}decide", SENT).status_code for _ in range(2)] == [302, 302]
    assert Decision.objects.count() == 1


def test_who_comes_second_sees_what_the_first_decided(answer: Prediction, desk: Client) -> None:
    other = member("other", roles.DECISION_MAKER, first_name="Camille", last_name="Petit")
    first = verbs.decide(prediction=answer, by=other, verdict="disagree", reason="wrong_data", comment="Old wage.")
    response = desk.post(f"{page_of(answer)}decide", SENT | {"comment": "Mine."})
    assert response.status_code == 409
    for words in ("Somebody decided about this answer meanwhile", "Camille Petit", "Old wage."):
        assert words in text(response)
    assert "Mine." in response.content.decode()
    assert f'name="replaces" value="{first.pk}"' in response.content.decode()
    assert Decision.objects.get() == first


def test_a_form_that_names_no_decision_of_this_answer_came_too_late(answer: Prediction, desk: Client) -> None:
    elsewhere = SENT | {"replaces": "00000000-0000-7000-8000-000000000000"}
    assert desk.post(f"{page_of(answer)}decide", elsewhere).status_code == 409
    assert Decision.objects.count() == 0


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose whether you agree, disagree or need more information."),
        (SENT | {"reason": "wrong_data"}, "Choose another reason: this one does not go with that decision."),
        (SENT | {"reason": "other"}, "Write the other reason down."),
        (SENT | {"comment": "x" * 2001}, "Shorten the comment to 2000 characters; it has 2001."),
        (SENT | {"comment": "a\x00b"}, "Null characters are not allowed."),
        (SENT | {"replaces": "x"}, "The form came back incomplete."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    answer: Prediction, desk: Client, sent: dict[str, str], sentence: str
) -> None:
    response = desk.post(f"{page_of(answer)}decide", sent | {"verdict": sent.get("verdict", "")})
    page = response.content.decode()
    assert (response.status_code, Decision.objects.count()) == (400, 0)
    assert sentence in text(response)
    assert "<title>Error:" in re.sub(r"\s+", " ", page).replace("<title> ", "<title>")
    assert ('value="agree" id="id_verdict_0" checked' in re.sub(r"\s+", " ", page)) is ("verdict" in sent)


def test_another_language_keeps_what_was_typed(answer: Prediction, desk: Client) -> None:
    response = desk.post(f"{page_of(answer)}decide", SENT | {"comment": "Half a", "language": "fr"})
    assert (response.status_code, response.wsgi_request.LANGUAGE_CODE) == (200, "fr")
    assert "Half a" in response.content.decode()


def test_the_address_of_the_form_leads_to_the_page(answer: Prediction, desk: Client) -> None:
    for name in ("decide", "estimate"):
        assert desk.get(f"{page_of(answer)}{name}")["Location"] == page_of(answer)


@pytest.mark.parametrize("name", ["decide", "estimate"])
def test_what_somebody_may_not_see_they_cannot_decide_about(answer: Prediction, stranger: User, name: str) -> None:
    assert browser(stranger).post(f"{page_of(answer)}{name}", SENT).status_code == 404


@pytest.mark.parametrize("name", ["decide", "estimate"])
def test_who_asked_may_not_decide_without_the_role(answer: Prediction, analyst: User, name: str) -> None:
    assert browser(analyst).post(f"{page_of(answer)}{name}", SENT | {"label": "leaves"}).status_code == 403


# An estimate first


def test_the_switch_leads_back_to_where_it_stood(answer: Prediction, desk: Client) -> None:
    response = desk.post("/decisions/", {"estimate_first": "on", "record": str(answer.pk)})
    assert (response["Location"], desk.cookies["estimate_first"].value) == (page_of(answer), "1")
    assert desk.cookies["estimate_first"]["httponly"]
    assert desk.post("/decisions/", {"estimate_first": "off"})["Location"] == "/decisions/"
    assert desk.cookies["estimate_first"].value == ""


@pytest.mark.parametrize("sent", [{}, {"estimate_first": "maybe"}, {"estimate_first": "on", "record": "x"}])
def test_an_odd_switch_is_refused(answer: Prediction, desk: Client, sent: dict[str, str]) -> None:
    assert desk.post("/decisions/", sent).status_code in {400, 404}


def test_the_hidden_page_asks_before_it_shows(answer: Prediction, desk: Client) -> None:
    page = hiding(desk).get(page_of(answer))
    for words in ("What do you expect?", "What was entered", "Works overtime", str(answer.pk)):
        assert words in text(page)
    assert "About the record E-1" in text(page)


def test_nothing_of_the_answer_is_in_the_hidden_page(answer: Prediction, desk: Client, decider: User) -> None:
    other = member("other", roles.DECISION_MAKER)
    verbs.estimate(prediction=answer, by=other, label="leaves")
    verbs.decide(prediction=answer, by=other, verdict="need_more", reason="second_look", comment="I doubt it.")
    page = hiding(desk).get(page_of(answer)).content.decode()
    shown = RecordPage(answer, decider)
    without_choices = re.sub(r'<label class="choice".*?</label>', "", page, flags=re.DOTALL)
    for word in (shown.label, "Stays", "Leaves", "leaves", "stays"):
        assert word not in without_choices
    digits = [
        str(answer.score)[:5],
        f"{100 * answer.score:.0f}%",
        shown.shown_score,
        f"{100 - 100 * answer.score:.0f}%",
    ]
    for leak in [*digits, "outputs", "probabilities", "I doubt it.", "Main factors", "second", "threshold", "raised"]:
        assert leak not in page
    assert page.count("Leaves") == page.count("Stays") == 1


def test_the_hidden_page_is_the_same_whatever_was_answered(answer: Prediction, decider: User) -> None:
    def shown() -> str:
        request = RequestFactory().get(page_of(answer))
        request.user = decider
        page = RecordPage(answer, decider)
        context = {"page": page, "case": CaseFile(page, estimate_first=True), "form": EstimateForm(page.signature)}
        return re.sub(
            r'name="csrf\w+" value="\w+"', "", render_to_string("predictions/decisions/hidden.html", context, request)
        )

    before = shown()
    answer.label, answer.score, answer.explanation, answer.warnings = "stays", 0.0123, None, [{"field": "age"}]
    answer.outputs = {"label": "stays", "score": 0.0123, "probabilities": {"stays": 0.9877, "leaves": 0.0123}}
    assert shown() == before


def test_after_the_estimate_the_page_says_both(answer: Prediction, desk: Client, decider: User) -> None:
    response = hiding(desk).post(f"{page_of(answer)}estimate", {"label": "stays"}, follow=True)
    label = RecordPage(answer, decider).label
    assert f"You expected “Stays”, the model answered “{label}”." in text(response)
    assert "Main factors" in text(response)
    desk.post(f"{page_of(answer)}decide", SENT)
    assert Decision.objects.get().estimate == Estimate.objects.get()


def test_an_estimate_of_nothing_is_asked_for_again_and_shows_nothing(answer: Prediction, desk: Client) -> None:
    response = hiding(desk).post(f"{page_of(answer)}estimate", {})
    assert (response.status_code, Estimate.objects.count()) == (400, 0)
    assert "Choose what you expect." in text(response)
    assert "Main factors" not in text(response)


def test_a_number_is_estimated_with_either_decimal_sign(price: ModelVersion, analyst: User, desk: Client) -> None:
    columns: dict[str, Any] = {"surface": [155], "rooms": [3]}
    number = actions.predict(model="house", columns=columns, rows=1, source=Source.FORM, by=analyst).request_id
    assert "In EUR." in text(hiding(desk).get(f"/history/{number}/"))
    assert desk.post(f"/history/{number}/estimate", {"value": "much"}).status_code == 400
    response = desk.post(f"/history/{number}/estimate", {"value": "170 500,0"}, follow=True)
    assert "You expected “170 500 EUR”, the model answered" in text(response)


def test_it_can_be_shown_without_an_estimate(answer: Prediction, desk: Client) -> None:
    assert f'href="{page_of(answer)}?shown=1"' in hiding(desk).get(page_of(answer)).content.decode()
    assert "Main factors" in text(desk.get(f"{page_of(answer)}?shown=1"))


def test_who_decided_already_sees_it(answer: Prediction, desk: Client, decider: User) -> None:
    verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    assert "Main factors" in text(hiding(desk).get(page_of(answer)))
    late = desk.post(f"{page_of(answer)}estimate", {"label": "stays"}, follow=True)
    assert "an estimate counts only before" in text(late)


def test_the_cookie_hides_nothing_from_who_may_not_decide(answer: Prediction, analyst: User) -> None:
    assert "Main factors" in text(hiding(browser(analyst)).get(page_of(answer)))


@pytest.mark.parametrize("path", ["/decisions/", "/history/{}/", "/"])
def test_pages_are_french(answer: Prediction, decider: User, path: str) -> None:
    page = text(browser(decider, **{"accept-language": "fr"}).get(path.format(answer.pk)))
    assert "décider" in page.lower() or "décision" in page.lower()
    for english in ("decided", "Decision", "What happened", "What needs you", "waits", "My own"):
        assert english not in page
