"""The table of a set of records: what is found, in which order, a page at a time, and who sees what."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.listing import columns, lists
from predictions.models import Dataset, Record, RecordColumn
from registry import promotions
from registry.models import ModelVersion
from tests.predictions.employees import ask_about, dataset
from tests.predictions.test_pages import browser, text
from tests.worlds import member

PATH = "/records/employees/"
KEY = re.compile(r'<th scope="row"[^>]*><a [^>]*>([^<]*)</a>')
PEOPLE: list[dict[str, Any]] = [
    {"key": "E-1", "name": "Zoé Petit", "revenu_mensuel": 900, "departement": "Consulting", "age": 30},
    {"key": "E-2", "name": "Émile 50%_Roux", "revenu_mensuel": 10_000, "departement": "Commercial", "age": 50},
    {"key": "E-3", "name": "Eva Durand", "revenu_mensuel": None, "departement": "Consulting", "age": "unknown"},
    {"key": "E-4", "name": None, "revenu_mensuel": 2500.5, "departement": "Ressources Humaines", "age": 40},
]


@pytest.fixture
def attrition(promoted) -> ModelVersion:
    return promoted("attrition")


@pytest.fixture
def people(attrition: ModelVersion, administrator: User) -> Dataset:
    return dataset(attrition, administrator, PEOPLE)


@pytest.fixture
def office(people: Dataset, analyst: User) -> Client:
    """The browser of a business user, who may not see what is sensitive."""
    return browser(analyst)


@pytest.fixture
def decider(people: Dataset) -> Client:
    """The browser of somebody who may."""
    return browser(member("decider", roles.DECISION_MAKER))


def keys(response: HttpResponse) -> list[str]:
    """The keys of the records on the page, in its order."""
    assert response.status_code == 200, text(response)
    return KEY.findall(response.content.decode())


# What is found


FOUND = {
    "": ["E-1", "E-2", "E-3", "E-4"],
    "q=ZOE": ["E-1"],
    "q=petit+zo%C3%A9": ["E-1"],
    "q=E-4": ["E-4"],
    "q=50%25_": ["E-2"],
    "q=%25": ["E-2"],
    "q=%5C": [],
    "q=sales": ["E-2"],
    "q=human+resour": ["E-4"],
    "q=eva+consult": ["E-3"],
    "q=esources": [],
    "q=2": ["E-2"],
    "is.departement=Consulting": ["E-1", "E-3"],
    "is.departement=Consulting&is.departement=Commercial": ["E-1", "E-2", "E-3"],
    "is.departement=Nowhere": [],
    "is.remote=true": ["E-2", "E-4"],
    "from.revenu_mensuel=2+500,5": ["E-2", "E-4"],
    "from.revenu_mensuel=1%E2%80%AF000&to.revenu_mensuel=9+999.9": ["E-4"],
    "to.age=45": ["E-1", "E-4"],
    "q=e-&is.departement=Consulting&to.age=45&utm_source=mail": ["E-1"],
}


def test_search_and_filters_find(decider: Client) -> None:
    assert {query: keys(decider.get(f"{PATH}?{query}")) for query in FOUND} == FOUND


def test_filters_are_told_in_words_and_can_be_taken_off(decider: Client) -> None:
    response = decider.get(PATH + "?is.departement=Consulting&from.revenu_mensuel=900&sort=age")
    for words in ("Department: Consulting", "Monthly income: at least 900 €", "1 of 4 records"):
        assert words in text(response)
    assert 'href="/records/employees/?from.revenu_mensuel=900&amp;sort=age"' in response.content.decode()


def test_in_french_titles_and_values_are_french(people: Dataset) -> None:
    client = browser(member("decider", roles.DECISION_MAKER), accept_language="fr")
    response = client.get(PATH + "?is.departement=Commercial&to.revenu_mensuel=10 000,5")
    for words in (
        "Département\u202f: Commercial",
        "Revenu mensuel\u202f: au plus 10\u202f000,5 €",
        "Fiches\u202f: 1 sur 4",
    ):
        assert words in response.content.decode()


def test_nothing_found_is_said_with_a_way_back(office: Client) -> None:
    response = office.get(PATH + "?q=nobody&sort=departement")
    assert "No record matches." in text(response)
    assert 'href="/records/employees/?sort=departement"' in response.content.decode()


# In which order


ORDERED = {
    "sort=revenu_mensuel": ["E-1", "E-4", "E-2", "E-3"],
    "sort=revenu_mensuel&order=desc": ["E-2", "E-4", "E-1", "E-3"],
    "sort=age": ["E-3", "E-1", "E-4", "E-2"],
    "sort=name": ["E-3", "E-2", "E-1", "E-4"],
    "sort=name&order=desc": ["E-1", "E-2", "E-3", "E-4"],
    "sort=departement": ["E-1", "E-3", "E-4", "E-2"],
    "sort=remote&order=desc": ["E-4", "E-2", "E-3", "E-1"],
    "sort=id_employee&order=desc": ["E-4", "E-3", "E-2", "E-1"],
    "sort=revenu_mensuel&is.departement=Consulting": ["E-1", "E-3"],
}


def test_sorted_with_what_is_missing_last(decider: Client) -> None:
    assert {query: keys(decider.get(f"{PATH}?{query}")) for query in ORDERED} == ORDERED


def test_a_set_that_was_imported_before_there_was_an_index_reads_the_same(decider: Client) -> None:
    RecordColumn.objects.all().delete()
    wanted = FOUND | ORDERED
    assert {query: keys(decider.get(f"{PATH}?{query}")) for query in wanted} == wanted


def test_which_records_are_found_is_read_from_the_index_in_one_query(people: Dataset, administrator: User) -> None:
    asked = lists.ask(people, QueryDict("q=e-&is.departement=Consulting&to.age=45&sort=name"), administrator)
    with CaptureQueriesContext(connection) as queries:
        lists.page(asked)
    found, shown = (query["sql"] for query in queries)
    assert ('FROM "predictions_record"' in found, 'FROM "predictions_record"' in shown) == (False, True)


def test_keys_that_are_numbers_are_sorted_as_numbers(attrition, administrator, analyst) -> None:
    dataset(attrition, administrator, [{"key": key} for key in (10, 9, 100)])
    assert keys(browser(analyst).get(PATH + "?sort=id_employee")) == ["9", "10", "100"]


def through(client: Client, address: str) -> list[str]:
    """The keys of all pages, by their links."""
    page = client.get(address)
    following = re.search(r'href="([^"]*)" rel="next"', page.content.decode())
    return keys(page) + (through(client, following[1].replace("&amp;", "&")) if following else [])


PAGED = ["", "sort=revenu_mensuel", "sort=revenu_mensuel&order=desc", "sort=departement", "sort=name&order=desc"]


def test_pages_follow_each_other_without_a_gap(attrition, administrator, monkeypatch) -> None:
    incomes = [500, None, 700, 700, 700, 700, None, 500, 900, None]
    dataset(attrition, administrator, [{"revenu_mensuel": income} for income in incomes])
    client, queries = browser(administrator), [f"{PATH}?{query}{more}" for query in PAGED for more in ("", "&q=person")]
    whole = {query: keys(client.get(query)) for query in queries}
    monkeypatch.setattr(lists, "PAGE", 3)
    assert {query: through(client, query) for query in queries} == whole
    assert {len(found) for found in whole.values()} == {10}


def test_the_sorted_column_says_so_and_is_turned_by_a_second_click(office: Client) -> None:
    page = office.get(PATH + "?sort=departement").content.decode()
    assert re.findall(r'aria-sort="(\w+)"', page) == ["ascending"]
    assert 'href="/records/employees/?sort=departement&amp;order=desc"' in page


# Who sees what


def test_sensitive_columns_are_not_shown_and_cannot_be_asked_for(office: Client, decider: Client) -> None:
    for client in (office, decider):
        client.post(PATH, {"column": ["age", "departement"], "query": ""})
    page = office.get(PATH).content.decode()
    assert ("unknown" in page, 'value="age"' in page, "6 columns are hidden from you." in page) == (False, False, True)
    assert [office.get(f"{PATH}?{query}").status_code for query in ("sort=age", "from.age=1", "to.age=x")] == [400] * 3
    assert "unknown" in decider.get(PATH).content.decode()


def test_choices_of_sensitive_columns_are_not_searched(office: Client, decider: Client) -> None:
    assert [len(keys(client.get(f"{PATH}?q=single"))) for client in (office, decider)] == [0, 4]
    assert "Marital status" not in text(office.get(PATH))


def test_choices_are_searched_in_the_readers_language(people: Dataset, analyst: User) -> None:
    french = browser(analyst, accept_language="fr")
    assert [keys(french.get(f"{PATH}?q={word}")) for word in ("conseil", "sales")] == [["E-1", "E-3"], []]


def test_more_than_can_be_asked_about_at_once_is_not_offered(office: Client, settings) -> None:
    settings.RECORDS_PER_CALL = 3
    page = office.get(PATH).content.decode()
    assert ('name="all"' in page, "narrow the search or the filters to at most 3 records" in page) == (False, True)
    assert 'name="all"' in office.get(f"{PATH}?is.departement=Consulting").content.decode()


def test_long_texts_are_cut_in_the_table_and_whole_on_their_page(office: Client, people: Dataset) -> None:
    record = people.record_set.earliest("pk")
    Record.objects.filter(pk=record.pk).update(data=record.data | {"name": "Long name " * 30})
    assert "Long name " * 9 not in office.get(PATH).content.decode()
    assert ("Long name " * 30).strip() in office.get(f"{PATH}{record.pk}/").content.decode()


def test_an_unknown_column_reads_like_one_that_is_hidden(office: Client) -> None:
    assert text(office.get(PATH + "?sort=age")) == text(office.get(PATH + "?sort=nosuch"))


def test_without_the_right_to_see_records_there_are_none(people: Dataset) -> None:
    manager = browser(member("manager", roles.MODEL_MANAGER))
    assert {manager.get(path).status_code for path in ("/records/", PATH, f"{PATH}1/")} == {403}
    assert Client().get(PATH).status_code == 302


def test_who_may_not_ask_gets_no_boxes(people: Dataset, auditor: User) -> None:
    page = browser(auditor).get(PATH).content.decode()
    assert ('name="record"' in page, "Ask Attrition" in page) == (False, False)


# Asking


def test_the_form_that_asks_carries_the_search(office: Client) -> None:
    page = office.get(PATH + "?q=e-1&sort=departement&after=7").content.decode()
    assert 'action="/records/employees/ask"' in page
    assert '<input type="hidden" name="query" value="q=e-1&amp;sort=departement">' in page
    assert '<input type="hidden" name="model" value="attrition">' in page


def test_matching_finds_what_the_page_finds(people: Dataset, analyst: User) -> None:
    found = lists.matching(people, "is.departement=Consulting&sort=name", analyst)
    assert sorted(record.key for record in Record.objects.filter(pk__in=found.tolist())) == ["E-1", "E-3"]
    assert lists.in_words(people, "q=zo%C3%A9&is.departement=Consulting", analyst) == [
        "Search: “zoé”",
        "Department: Consulting",
    ]


def test_a_query_that_is_not_understood_matches_nothing(people: Dataset, analyst: User) -> None:
    for query in ("from.age=1", "is.nosuch=1", "q=%00", "is.departement=%00", "from.revenu_mensuel=many"):
        assert not len(lists.matching(people, query, analyst))


def test_a_suspended_model_is_said_and_cannot_be_asked(office: Client, attrition, administrator) -> None:
    promotions.suspend(model=attrition.model, by=administrator, reason="a test needs it")
    response = office.get(PATH)
    assert "Attrition is suspended: it answers no questions for the moment." in text(response)
    assert 'name="record"' not in response.content.decode()


def test_a_set_that_no_model_takes_says_what_is_missing(office: Client, people: Dataset) -> None:
    Dataset.objects.update(columns=[column for column in people.columns if column["name"] != "poste"])
    assert "Attrition needs columns that they lack: Job." in text(office.get(PATH))


def test_the_last_answer_stands_in_the_row(office: Client, people: Dataset, analyst: User, stranger: User) -> None:
    first, second, *_ = Record.objects.order_by("pk")
    ask_about(first, analyst)
    mine = ask_about(first, analyst).predictions[0]
    theirs = ask_about(second, stranger, revenu_mensuel=3000).predictions[0]
    page = office.get(PATH).content.decode()
    assert f'href="/history/{mine.pk}/"' in page
    assert str(theirs.pk) not in page
    assert page.count("Not asked yet") == 2


# What goes wrong


REFUSED = [
    "sort=data",
    "is.=x",
    "from.departement=3",
    "is.revenu_mensuel=3",
    "from.niveau_education=1,234",
    "from.niveau_education=" + "9" * 400,
    "from.niveau_education=nan",
    "from.niveau_education=5&to.niveau_education=4",
    "q=" + "x" * 5000,
    "q=" + "a+" * 50,
]


def test_what_cannot_be_asked_for_is_a_sentence(office: Client) -> None:
    for query in REFUSED:
        response = office.get(f"{PATH}?{query}")
        assert response.status_code == 400
        assert "There is a problem" in text(response)
        assert 'name="record"' not in response.content.decode()


def test_an_odd_page_address_shows_records_or_that_there_are_none(office: Client) -> None:
    odd = ["", "x", "-1", "0", "9" * 18, "9" * 5000, "1.5", "%ED%A0%80"]
    found = {
        office.get(f"{PATH}?sort={sort}&after={after}&q=&order=x") for after in odd for sort in ("", "departement")
    }
    assert {response.status_code for response in found} == {200}


def test_values_of_any_shape_are_shown(office: Client, people: Dataset) -> None:
    odd = [10**400, -1e300, [1, {"a": "<b>"}], {"x": None}, True, "=1+1", "x" * 9000, ""]
    names = ["niveau_education", "departement", "name", "remote"]
    office.post(PATH, {"column": names})
    for value in odd:
        Record.objects.update(data=dict.fromkeys(names, value))
        columns.rebuild(people)
        for sort in ("", *names):
            assert len(keys(office.get(f"{PATH}?sort={sort}"))) == 4
    assert "<b>" not in office.get(PATH).content.decode()


def test_columns_that_are_chosen_are_remembered(office: Client) -> None:
    sent = {"column": ["poste", "nosuch", "name", "name"], "query": "q=e&after=3"}
    assert office.post(PATH, sent)["Location"] == PATH + "?q=e&after=3"
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', office.get(PATH).content.decode())
    assert [head.strip() for head in heads[:4]] == ["Employee", "Job", "Name", "Last answer"]
    office.post(PATH, {})
    assert "Works overtime" in text(office.get(PATH))


def test_an_unknown_set_is_not_found(office: Client) -> None:
    assert office.get("/records/nosuch/").status_code == 404
    assert office.put(PATH).status_code == 405


def test_as_many_queries_for_ten_records_as_for_a_thousand(attrition, administrator, analyst, settings) -> None:
    settings.CHAMPION_CACHE_SECONDS = 60
    few = dataset(attrition, administrator, [{}] * 10, name="few")
    many = dataset(attrition, administrator, [{}] * 1000, name="many")
    client, found = browser(analyst), {}
    for made in (few, many):
        for record in Record.objects.filter(dataset=made)[:50]:
            ask_about(record, analyst)
        client.get(f"/records/{made.name}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/records/{made.name}/?q=person&sort=departement")
        found[made.name] = len(queries)
    assert found["few"] == found["many"] <= 10
