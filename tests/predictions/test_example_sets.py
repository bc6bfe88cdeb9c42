"""What visitors of the demo see: sets of records that are examples, and of answers their own."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from futurisys.accounts import roles
from predictions.models import Dataset, Record
from tests.predictions.employees import ask_about, dataset
from tests.predictions.test_pages import browser, text
from tests.worlds import member


@pytest.fixture
def shown(promoted, administrator) -> Record:
    """A record of the set "employees", which visitors may see."""
    made = dataset(promoted("attrition"), administrator, [{"key": "E-1"}, {"key": "E-2"}])
    Dataset.objects.update(is_example=True)
    return made.record_set.earliest("pk")


@pytest.fixture
def private(shown, administrator) -> Record:
    """A record of another set."""
    return dataset(shown.dataset.model.versions.get(), administrator, [{"key": "P-1"}] * 1, "staff").record_set.get()


@pytest.fixture
def visitor(shown) -> Client:
    return browser(member("visitor-1", roles.VISITOR))


def addresses(record: Record) -> list[str]:
    """Every page that shows something of a record, or begins with it."""
    there = f"/records/{record.dataset.name}/"
    asks = f"{there}ask?model=attrition&all=1", f"/predict/attrition/?record={record.pk}"
    return [there, f"{there}?q=e", f"{there}{record.pk}/", *asks]


def test_a_visitor_sees_examples_alone(visitor: Client, shown: Record, private: Record) -> None:
    assert {visitor.get(path, follow=True).status_code for path in addresses(shown)} == {200}
    assert {visitor.get(path).status_code for path in addresses(private)} == {404}
    for path in ("/", "/records/", "/predict/attrition/"):
        page = visitor.get(path).content.decode()
        assert ("/records/employees/" in page, "/records/staff/" in page) == (True, False)


def test_a_visitor_sends_no_question_about_other_sets(visitor: Client, private: Record) -> None:
    sent = {"record": str(private.pk), "idempotency_key": "k", "confirm": "1"}
    assert visitor.post("/predict/attrition/", sent).status_code == 404
    assert visitor.post("/records/staff/ask", sent).status_code == 404


def test_a_visitor_does_not_learn_what_others_were_answered(visitor: Client, shown: Record, analyst) -> None:
    ask_about(shown, analyst)
    assert "Nobody asked about this record yet." in text(visitor.get(addresses(shown)[2]))
    assert visitor.get("/records/employees/").content.decode().count("Not asked yet") == 2
    assert browser(analyst).get("/records/employees/").content.decode().count("Not asked yet") == 1


def test_a_visitors_own_answers_are_the_last_ones(shown: Record, analyst) -> None:
    me = member("visitor-2", roles.VISITOR)
    mine = ask_about(shown, me).predictions[0]
    ask_about(shown, analyst)
    for path in ("/records/employees/", addresses(shown)[2]):
        assert f"/history/{mine.pk}/" in browser(me).get(path).content.decode()


def test_colleagues_see_every_set(private: Record, analyst) -> None:
    assert {browser(analyst).get(path, follow=True).status_code for path in addresses(private)} == {200}


@pytest.mark.parametrize("more", [["--example"], []])
def test_an_import_says_whether_visitors_may_see_it(analyst, tmp_path: Path, more: list[str]) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id;name\n1;Ana\n2;Max\n")
    given = ["import_records", str(file), "--dataset", "people", "--by", "analyst"]
    call_command(*given, "--example")
    call_command(*given, *more)
    assert Dataset.objects.get().is_example is bool(more)
