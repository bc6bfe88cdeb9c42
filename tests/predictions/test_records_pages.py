"""The page of the sets, and the page of one record."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.listing.fields import Field
from predictions.listing.last_answers import AT_ONCE
from predictions.models import Dataset, Record
from registry.models import ModelVersion
from registry.signature import Feature
from tests.predictions.employees import ask_about, dataset
from tests.predictions.test_pages import browser, text
from tests.worlds import member

INCOME = "4\u202f321"


@pytest.fixture
def attrition(promoted) -> ModelVersion:
    return promoted("attrition")


@pytest.fixture
def person(attrition: ModelVersion, administrator: User) -> Record:
    """One employee, of whom the file said more than the model asks."""
    made = dataset(attrition, administrator, [{"key": "E-7", "name": "Zoé Petit", "revenu_mensuel": 4321}])
    return Record.objects.get(dataset=made)


@pytest.fixture
def office(person: Record, analyst: User) -> Client:
    """The browser of a business user."""
    return browser(analyst)


def path(record: Record) -> str:
    return f"/records/employees/{record.pk}/"


# The sets


def test_a_set_says_how_large_it_is_and_who_can_be_asked(office: Client) -> None:
    page = text(office.get("/records/"))
    for words in ("Employees", "1 record", "by administrator", "Attrition can be asked about them."):
        assert words in page


def test_without_sets_who_may_import_is_told_to(db: None, analyst: User) -> None:
    page = browser(analyst).get("/records/").content.decode()
    assert 'href="/records/import/"' in page
    assert "No records yet." in page


def test_without_sets_others_are_told_who_can_import(auditor: User) -> None:
    page = browser(auditor).get("/records/").content.decode()
    assert "A business user or a decision maker can import a list." in page
    assert 'href="/records/import/"' not in page


def test_a_set_that_no_model_takes_says_why(office: Client) -> None:
    Dataset.objects.update(columns=[{"name": "age", "kind": "integer"}])
    page = text(office.get("/records/"))
    assert "Attrition needs columns that they lack: Gender," in page
    assert "and 21 more." in page


def test_as_many_queries_for_many_sets_as_for_one(office: Client, person: Record, settings) -> None:
    settings.CHAMPION_CACHE_SECONDS, found = 60, []
    for name in ("one", "two"):
        office.get("/records/")
        with CaptureQueriesContext(connection) as queries:
            office.get("/records/")
        found.append(len(queries))
        for number in range(10):
            person.dataset.pk, person.dataset.name = None, f"{name}-{number}"
            person.dataset.save(force_insert=True)
    assert found[0] == found[1]


# One record


def test_the_record_is_shown_in_the_sections_of_the_model(office: Client, person: Record) -> None:
    page = text(office.get(path(person)))
    for words in ("Employee E-7", "Department Consulting", "Last raise 11 %", "Other columns", "Zoé Petit"):
        assert words in page


def test_what_is_sensitive_is_masked(office: Client, person: Record) -> None:
    page = office.get(path(person)).content.decode()
    assert INCOME not in page
    assert page.count("•••") == 6 + 1  # what it means is said once
    assert INCOME in browser(member("decider", roles.DECISION_MAKER)).get(path(person)).content.decode()


def test_the_button_asks_about_this_record(office: Client, person: Record, auditor: User) -> None:
    link = f'href="/predict/attrition/?record={person.pk}"'
    assert link in office.get(path(person)).content.decode()
    assert link not in browser(auditor).get(path(person)).content.decode()


def test_a_colleagues_answer_is_told_without_a_link(office, person, analyst, stranger, auditor) -> None:
    mine = ask_about(person, analyst).predictions[0].pk
    theirs = ask_about(person, stranger).predictions[0].pk
    page = office.get(path(person)).content.decode()
    assert (f"/history/{mine}/" in page, str(theirs) in page, "stranger" in page) == (True, False, False)
    assert f"/history/{theirs}/" in browser(auditor).get(path(person)).content.decode()


def test_older_answers_are_on_another_page(office: Client, person: Record, analyst: User) -> None:
    asked = [f"/history/{ask_about(person, analyst).predictions[0].pk}/" for _ in range(AT_ONCE + 2)]
    first = office.get(path(person)).content.decode()
    assert [number in first for number in asked] == [False] * 2 + [True] * AT_ONCE
    older = office.get(f"{path(person)}?before={asked[2][9:-1]}").content.decode()
    assert [number in older for number in asked] == [True] * 2 + [False] * AT_ONCE


def test_a_record_nobody_asked_about_says_so(office: Client, person: Record) -> None:
    assert "Nobody asked about this record yet." in text(office.get(path(person)))


def test_what_is_not_there_is_not_found(office: Client, person: Record) -> None:
    numbers = [person.pk + 1, 0, "9" * 19, "9" * 5000]
    assert {office.get(f"/records/employees/{number}/").status_code for number in numbers} == {404}
    assert office.get(f"/records/other/{person.pk}/").status_code == 404


def test_an_odd_address_or_value_is_no_fault(office: Client, person: Record) -> None:
    Record.objects.update(data={name: [10**400, {"a": True}] for name in person.data})
    odd = ["", "x", "9" * 999, "%ED%A0%80", "00000000-0000-0000-0000-000000000000"]
    assert {office.get(f"{path(person)}?before={before}").status_code for before in odd} == {200}
    assert office.post(path(person)).status_code == 405


def test_as_many_queries_for_ten_answers_as_for_one(office, person, analyst, settings) -> None:
    settings.CHAMPION_CACHE_SECONDS, found = 60, []
    for _ in range(2):
        for _ in range(9):
            ask_about(person, analyst)
        office.get(path(person))
        with CaptureQueriesContext(connection) as queries:
            office.get(path(person))
        found.append(len(queries))
    assert found[0] == found[1] <= 8


@pytest.mark.parametrize(
    ("title", "heading"), [("Years in the company", "Years in the company"), ("Age", "Age (years)")]
)
def test_a_heading_says_the_unit_once(title: str, heading: str) -> None:
    feature = Feature(name="x", dtype="integer", label=title, unit="years")
    assert Field(name="x", kind="integer", is_hidden=False, feature=feature).heading == heading
