"""The pages of outcomes: what is due, the form of one, and a file in two steps; without JavaScript."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions.models import Outcome, Prediction, Upload
from predictions.outcomes.verbs import record_outcome
from registry.models import ModelVersion
from tests.predictions.past import answered, today
from tests.predictions.test_pages import browser, text

OUTCOMES, IMPORT, TEMPLATE = "/outcomes/", "/outcomes/import/", "/outcomes/template/"


@pytest.fixture
def answer(iris: ModelVersion, analyst: User) -> Prediction:
    return answered(iris, analyst, 10, due=2, key="F-1")


@pytest.fixture
def page(answer: Prediction, analyst: User) -> Client:
    return browser(analyst)


def form_of(answer: Prediction) -> str:
    return f"/history/{answer.pk}/outcome"


SAID = {"label": "setosa", "observed_date": today(1).isoformat(), "comment": "", "replaces": "", "back": ""}


# By hand


def test_what_happened_is_reported_on_the_page_of_the_answer(page: Client, answer: Prediction) -> None:
    shown = page.get(form_of(answer)).content.decode()
    assert 'type="date"' in shown
    assert "Iris versicolor" in shown
    sent = page.post(form_of(answer), SAID)
    assert (sent.status_code, sent["Location"]) == (302, f"/history/{answer.pk}/#outcome")
    assert Outcome.objects.get().label == "setosa"
    assert "The outcome is recorded." in text(page.get(OUTCOMES))


@pytest.mark.parametrize(("due", "is_early"), [(-3, True), (0, False), (2, False), (None, False)])
def test_before_the_period_is_over_the_form_says_so(iris, analyst, due: int | None, is_early: bool) -> None:
    asked = answered(iris, analyst, 10, due=due)
    for path in (form_of(asked), f"/history/{asked.pk}/"):
        found = text(browser(analyst).get(path))
        assert ("The period is not over (it is on" in found) == is_early, path
    assert browser(analyst).post(form_of(asked), SAID).status_code == 302


def test_the_list_is_where_it_leads_back_to(page: Client, answer: Prediction) -> None:
    shown = page.get(OUTCOMES).content.decode()
    assert f"{form_of(answer)}?back=list" in shown
    assert 'name="back" value="list"' in page.get(f"{form_of(answer)}?back=list").content.decode()
    assert page.post(form_of(answer), SAID | {"back": "list"})["Location"] == OUTCOMES


@pytest.mark.parametrize("written", [f"{today(1):%d/%m/%Y}", f"{today(1):%d.%m.%Y}"])
def test_a_day_may_be_written_by_hand(page: Client, answer: Prediction, written: str) -> None:
    page.post(form_of(answer), SAID | {"observed_date": written, "label": "Iris Setosa"})
    assert Outcome.objects.values_list("label", "observed_date").get() == ("setosa", today(1))


@pytest.mark.parametrize(
    ("changes", "where", "sentence"),
    [
        ({"label": ""}, "outcome_label_0", "Choose what happened."),
        ({"label": "rose"}, "outcome_label_0", "Choose what happened."),
        ({"observed_date": ""}, "outcome_observed_date", "Enter the day on which it was observed."),
        ({"observed_date": "soon"}, "outcome_observed_date", "Write the day as 31/12/2025 or 2025-12-31."),
        ({"observed_date": today(-1).isoformat()}, "outcome_observed_date", "lies in the future"),
        ({"observed_date": today(11).isoformat()}, "outcome_observed_date", "enter that day or a later one."),
        ({"comment": "x" * 2001}, "outcome_comment", "Shorten the comment to 2000 characters."),
        ({"comment": "a\0b"}, "outcome_comment", "Null characters are not allowed."),
        ({"replaces": "x"}, "", "The form came back incomplete."),
        ({"withdraw": "1"}, "", "There is nothing to withdraw."),
    ],
)
def test_problems_come_first_and_nothing_is_lost(page, answer, changes, where: str, sentence: str) -> None:
    response = page.post(form_of(answer), SAID | {"comment": "a note"} | changes)
    content = response.content.decode()
    assert (response.status_code, "<title>Error: " in content, sentence in content) == (400, True, True)
    assert f'href="#{where}"' in content or not where
    assert "a note" in content or "comment" in changes or "withdraw" in changes
    assert not Outcome.objects.exists()


def test_a_correction_begins_with_what_was_said(page: Client, answer: Prediction, analyst: User) -> None:
    page.post(form_of(answer), SAID | {"comment": "in the garden"})
    first = Outcome.objects.get()
    shown = page.get(form_of(answer)).content.decode()
    assert f'name="replaces" value="{first.pk}"' in shown
    assert [
        words for words in ("in the garden", f'value="{today(1).isoformat()}"', "checked") if words not in shown
    ] == []
    page.post(form_of(answer), SAID | {"label": "virginica", "replaces": str(first.pk)})
    page.post(form_of(answer), {"withdraw": "1", "replaces": str(Outcome.objects.get(label="virginica").pk)})
    assert list(Outcome.objects.order_by("id").values_list("label", "is_withdrawn")) == [
        ("setosa", False),
        ("virginica", False),
        ("", True),
    ]
    found = text(page.get(form_of(answer)))
    assert "Not known: what was reported was withdrawn." in found
    assert found.count("replaced") >= 2


def test_the_same_sent_again_changes_nothing(page: Client, answer: Prediction) -> None:
    page.post(form_of(answer), SAID)
    again = page.post(form_of(answer), SAID | {"replaces": str(Outcome.objects.get().pk)}, follow=True)
    assert "Nothing changed" in text(again)
    assert Outcome.objects.count() == 1


def test_a_double_click_reports_once(page: Client, answer: Prediction) -> None:
    for _click in range(2):
        assert page.post(form_of(answer), SAID).status_code == 302
    assert Outcome.objects.count() == 1


def test_who_comes_too_late_sees_what_is_there_now(page: Client, answer: Prediction, administrator: User) -> None:
    said = {"origin": "hand", "label": "versicolor", "observed_date": today(2)}
    first = record_outcome(prediction=answer, by=administrator, **said)
    response = page.post(form_of(answer), SAID | {"comment": "mine"})
    content = response.content.decode()
    assert (response.status_code, "Somebody reported this outcome meanwhile." in content) == (409, True)
    assert [words for words in (f'value="{first.pk}"', "mine", "Iris versicolor") if words not in content] == []
    assert Outcome.objects.count() == 1


def test_the_language_button_keeps_what_was_typed(page: Client, answer: Prediction) -> None:
    content = page.post(form_of(answer), SAID | {"comment": "mine", "language": "fr"}).content.decode()
    assert [
        words for words in ('<html lang="fr">', "mine", f'value="{today(1).isoformat()}"') if words not in content
    ] == []
    assert not Outcome.objects.exists()


def test_a_value_is_typed_as_people_do(price: ModelVersion, analyst: User) -> None:
    asked = answered(price, analyst, 3, label="")
    said = {"value": "250 000,5", "observed_date": today(1).isoformat()}
    assert browser(analyst).post(form_of(asked), said).status_code == 302
    assert Outcome.objects.get().value == 250000.5
    assert 'value="250000.5"' in browser(analyst).get(form_of(asked)).content.decode()
    refused = browser(analyst).post(form_of(asked), said | {"value": "much"})
    assert (refused.status_code, "Enter a number." in text(refused)) == (400, True)


def test_others_answers_are_not_there(answer: Prediction, stranger: User) -> None:
    for verb in ("get", "post"):
        assert getattr(browser(stranger), verb)(form_of(answer)).status_code == 404


# What is due


def test_the_list_says_how_many_are_due(page: Client, iris, analyst: User) -> None:
    answered(iris, analyst, 400, due=300, count=40)
    response = page.get(OUTCOMES)
    assert "Outcome due for 41 cases" in text(response)
    assert len(response.context["page"].lines) == 41


def test_pages_of_the_list_follow_each_other(page: Client, iris, analyst: User) -> None:
    answered(iris, analyst, 400, due=300, count=60)
    first = page.get(OUTCOMES).context["page"]
    second = page.get(f"{OUTCOMES}?after={first.next}").context["page"]
    assert (len(first.lines), len(second.lines), second.next) == (50, 11, "")


@pytest.mark.parametrize("after", ["x", "2025-01-01", "2025-01-01.x", "%00", "9" * 5000])
def test_an_odd_place_is_not_found(page: Client, after: str) -> None:
    assert page.get(f"{OUTCOMES}?after={after}").status_code in {400, 404}


def test_who_only_looks_is_offered_nothing(answer: Prediction, auditor: User) -> None:
    content = browser(auditor).get(OUTCOMES).content.decode()
    assert ("F-1" in content, "/outcome?" in content, TEMPLATE in content) == (True, False, False)


def test_as_many_queries_for_a_thousand_as_for_ten(page: Client, iris, analyst: User) -> None:
    counts = []
    for count in (10, 1000):
        first = answered(iris, analyst, 30, due=5, count=count)
        for number in Prediction.objects.filter(request_id=first.request_id).values_list("pk", flat=True)[:10]:
            said = {"origin": "hand", "label": "setosa", "observed_date": today(1)}
            record_outcome(prediction=Prediction.objects.for_page().get(pk=number), by=analyst, **said)
        page.get(OUTCOMES)
        with CaptureQueriesContext(connection) as queries:
            page.get(OUTCOMES)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_file_to_fill_in_is_a_download(page: Client, answer: Prediction) -> None:
    response = page.get(TEMPLATE)
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    assert content.splitlines()[0] == (
        "\ufeffNumber of the answer,Key of the record,Model,Answered on,What really happened,Observed on"
    )
    assert content.splitlines()[1] == f"{answer.pk},F-1,Iris,{today(10).isoformat()},,"


# A file


def sent(page: Client, content: str | bytes, name: str = "outcomes.csv") -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    return page.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def pressed(page: Client, checked: HttpResponse, **ticks: str) -> HttpResponse:
    """What comes of the button of a page that checks a file."""
    content = checked.content.decode()
    query = re.search(r'<form method="post" action="(\?[^"]+)"', content)
    agreed = re.search(r'name="agreed" value="(\w+)"', content)
    assert query
    assert agreed
    return page.post(IMPORT + query[1].replace("&amp;", "&"), {"agreed": agreed[1]} | ticks)


def line(answer: Prediction, outcome: str = "setosa") -> str:
    return f"{answer.pk};{outcome};{today(1):%d/%m/%Y}\n"


HEAD = "prediction;outcome;observed\n"


def test_a_file_is_checked_and_reported(page: Client, answer: Prediction) -> None:
    checked = page.get(sent(page, HEAD + line(answer))["Location"])
    assert "Report 1 outcome" in text(checked)
    assert not Outcome.objects.exists()
    done = pressed(page, checked)
    assert (done.status_code, done["Location"]) == (302, OUTCOMES)
    assert "New: 1, corrected: 0, reported already: 0." in text(page.get(OUTCOMES))
    again = page.get(sent(page, HEAD + line(answer))["Location"])
    assert "Nothing new: everything that the file says was reported before." in text(again)
    assert "<button" not in re.findall(r"<aside.*?</aside>", again.content.decode(), re.DOTALL)[0]


def test_a_second_click_says_that_nothing_is_new(page: Client, answer: Prediction) -> None:
    checked = page.get(sent(page, HEAD + line(answer))["Location"])
    for _click in range(2):
        assert pressed(page, checked).status_code == 302
    assert "Nothing new: everything that the file says was reported before." in text(page.get(OUTCOMES))


def test_a_correction_needs_its_tick(page: Client, answer: Prediction) -> None:
    pressed(page, page.get(sent(page, HEAD + line(answer))["Location"]))
    checked = page.get(sent(page, HEAD + line(answer, "virginica"))["Location"])
    assert 'name="corrects"' in checked.content.decode()
    refused = pressed(page, checked)
    assert (refused.status_code, "Tick the box to correct" in text(refused)) == (400, True)
    assert pressed(page, checked, corrects="1").status_code == 302
    assert Outcome.objects.latest_only().get().label == "virginica"


def test_without_the_tick_only_the_new_ones_are_reported(page: Client, iris, answer, analyst: User) -> None:
    pressed(page, page.get(sent(page, HEAD + line(answer))["Location"]))
    both = HEAD + line(answer, "virginica") + line(answered(iris, analyst, 4))
    pressed(page, page.get(sent(page, both)["Location"]))
    assert "New: 1, corrected: 0, reported already: 0, left as reported before: 1." in text(page.get(OUTCOMES))


def test_what_changed_meanwhile_is_looked_at_again(page, answer, administrator: User) -> None:
    checked = page.get(sent(page, HEAD + line(answer, "virginica"))["Location"])
    said = {"origin": "hand", "label": "setosa", "observed_date": today(1)}
    record_outcome(prediction=answer, by=administrator, **said)
    response = pressed(page, checked, corrects="1")
    assert (response.status_code, "Something changed since this page was made." in text(response)) == (409, True)
    assert Outcome.objects.count() == 1


def test_bad_rows_are_grouped_and_the_good_ones_can_go(page: Client, answer: Prediction) -> None:
    bad = "".join(f"x{number};setosa;{today(1):%d/%m/%Y}\n" for number in range(3))
    checked = page.get(sent(page, HEAD + line(answer) + bad)["Location"])
    assert re.search(r"3 · This is no number of an answer[^.]*\. Rows 3, 4, 5\.", text(checked))
    assert pressed(page, checked).status_code == 302
    assert "New: 1, corrected: 0, reported already: 0. Rows that could not be taken: 3." in text(page.get(OUTCOMES))


@pytest.mark.parametrize(("first", "is_open"), [("", True), ("x", False)])
def test_what_can_be_chosen_lies_open_when_a_row_needs_it(page, answer, price, first: str, *, is_open: bool) -> None:
    row = f";F-1;setosa;{today(1)}\n" if is_open else f"{first};F-1;setosa;{today(1)}\n"
    good = f"{answer.pk};F-1;setosa;{today(1)}\n"
    checked = page.get(sent(page, "prediction;key;outcome;observed\n" + good + row)["Location"])
    assert ("choose the model that was asked" in text(checked)) is is_open
    assert ("<details open>" in checked.content.decode()) is is_open


def test_what_waits_for_an_estimate_is_not_told(answer: Prediction, administrator: User) -> None:
    client = browser(administrator)
    record_outcome(
        prediction=answered(answer.version, administrator, 4, label="versicolor"),
        by=administrator,
        origin="hand",
        label="virginica",
        observed_date=today(1),
    )
    assert "Iris setosa" in text(client.get(OUTCOMES))
    assert "it said “Iris versicolor”" in text(client.get(OUTCOMES))
    client.cookies["estimate_first"] = "1"
    shown = client.get(OUTCOMES).content.decode()
    assert "F-1" in shown
    assert ("Iris setosa" in shown, "Iris versicolor" in shown) == (False, False)


def test_how_the_file_is_read_is_shown_and_can_be_changed(page: Client, answer: Prediction) -> None:
    address = sent(page, f"a;b;c\n{answer.pk};soon;setosa\n")["Location"]
    found = text(page.get(address))
    assert [
        words for words in ("Semicolon ( ; )", "Day first, as in 31/12/2025", "not used") if words not in found
    ] == []
    assert "Choose the column with the days on which it was observed." in found
    changed = page.get(f"{address}&outcome=c&observed=b")
    assert "The day cannot be read" in text(changed)


def test_what_was_not_chosen_is_not_reported(page: Client, answer: Prediction) -> None:
    address = sent(page, "a;b\nx;y\n")["Location"]
    response = page.post(address, {"agreed": "x"})
    assert (response.status_code, "<title>Error: " in response.content.decode()) == (400, True)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\xff\xfea\x00"])
def test_another_kind_of_file_is_refused_at_once(page: Client, content: bytes) -> None:
    response = sent(page, content)
    assert (response.status_code, 'href="#id_file"' in response.content.decode()) == (400, True)
    assert not Upload.objects.exists()


def test_nobody_sees_the_file_of_somebody_else(page: Client, answer: Prediction, stranger: User) -> None:
    address = sent(page, HEAD + line(answer))["Location"]
    other = browser(stranger)
    assert [other.get(address).status_code, other.post(address).status_code] == [404, 404]
    assert page.get(f"{IMPORT}?file=x").status_code == 404


CELLS = st.sampled_from(
    ["", "F-1", "setosa", "31/12/2025", "2025-12-31", "99/99/9999", "1,5", "=1+1", '"', "é\u202f", "x" * 11_000, "\0"]
) | st.text(max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, max_size=5), max_size=5),
    mark=st.sampled_from([";", ",", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    head=st.sampled_from(["", "prediction id;key;outcome;observed\n", "key,outcome,date\n", "sep=;\n"]),
    chosen=st.dictionaries(
        st.sampled_from(["number", "key", "outcome", "observed", "dates", "model", "set", "delimiter", "header"]),
        st.sampled_from(["", "key", "outcome", "date", "column_1", "month", "iris", "comma", "no", "\0"]),
    ),
)
def test_no_file_breaks_a_page(
    page: Client, rows: list[list[str]], mark: str, encoding, head: str, chosen: Any
) -> None:
    content = (head + "\n".join(mark.join(row) for row in rows)).encode(encoding, "replace")
    response = sent(page, content)
    assert response.status_code in {302, 400}
    if response.status_code == 302:
        checked = page.get(response["Location"], {"file": response["Location"].partition("=")[2], **chosen})
        assert checked.status_code in {200, 400}  # no address has a NUL
        if 'name="agreed"' in checked.content.decode():
            assert pressed(page, checked).status_code in {302, 409}
