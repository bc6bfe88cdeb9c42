"""The answers of one call: who sees them, what they add up to, the table of them, and the file."""

import csv
import io
import re
import uuid
from collections.abc import Callable
from copy import deepcopy
from itertools import islice
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions import actions
from predictions.imports.verbs import import_records
from predictions.models import Dataset, Prediction, Record, Source
from predictions.spreadsheets import plain_quotes, safe
from registry.models import ModelVersion
from tests.predictions import employees
from tests.predictions.test_pages import browser, text
from tests.worlds import IRIS, member

Flowers = Callable[..., list[Record]]


def asked(by: User, records: list[Record], model: str = "iris") -> str:
    """The address of the answers about these records."""
    columns = {name: [record.data[name] for record in records] for name in IRIS}
    numbers = [record.pk for record in records]
    answer = actions.predict(
        model=model, columns=columns, rows=len(records), source=Source.RECORDS, by=by, records=numbers
    )
    return f"/answers/{answer.request_id}/"


def keys(response: HttpResponse) -> list[str]:
    """The records of the table, from top to bottom."""
    return re.findall(r'href="/records/flowers/\d+/">([^<]+)<', response.content.decode())


# Who sees what


def test_answers_are_their_askers_and_of_those_who_may_see_all(
    flowers: Flowers, analyst: User, stranger: User, auditor: User
) -> None:
    path = asked(analyst, flowers(3))
    decider = member("decider", "decision maker")
    found = [browser(user).get(path).status_code for user in (analyst, stranger, auditor, decider)]
    assert found == [200, 404, 200, 200]
    assert browser(stranger).get(f"{path}?format=csv").status_code == 404
    assert Client().get(path)["Location"] == f"/login?next={path}"


@pytest.mark.parametrize("number", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.uuid4()])
def test_a_number_that_no_call_has_is_not_found(analyst: User, iris: ModelVersion, number: uuid.UUID) -> None:
    assert browser(analyst).get(f"/answers/{number}/").status_code == 404


def test_the_number_of_another_row_is_not_a_call(flowers: Flowers, analyst: User) -> None:
    asked(analyst, flowers(3))
    last = Prediction.objects.latest("id")
    assert browser(analyst).get(f"/answers/{last.pk}/").status_code == 404


def test_one_answer_is_shown_on_its_own_page(flowers: Flowers, analyst: User) -> None:
    path = asked(analyst, flowers(1))
    assert browser(analyst).get(path)["Location"] == path.replace("answers", "history")


def test_the_page_takes_no_post(flowers: Flowers, analyst: User) -> None:
    assert browser(analyst).post(asked(analyst, flowers(2))).status_code == 405


# What they add up to


def test_several_classes_are_counted(flowers: Flowers, analyst: User) -> None:
    found = text(browser(analyst).get(asked(analyst, flowers(30))))
    wanted = ["Of 30 records, 20 are answered “Iris setosa”", "That is 67% of them", "How often each answer was given"]
    assert [words for words in wanted if words not in found] == []


def test_two_classes_tell_the_positive_one(
    promoted: Callable[..., ModelVersion], example: Callable[[str], Any], analyst: User
) -> None:
    signature = promoted("attrition").parsed_signature()
    with (example("attrition") / "test_set.csv").open(newline="") as file:
        rows = list(islice(csv.DictReader(file), 40))
    columns = {feature.name: [row[feature.name] for row in rows] for feature in signature.features}
    answer = actions.predict(model="attrition", columns=columns, rows=40, source=Source.API, by=analyst)
    leaving = sum(row.label == signature.class_names[signature.positive] for row in answer.predictions)
    found = text(browser(analyst).get(f"/answers/{answer.request_id}/"))
    assert f"Of 40 records, {leaving} are answered “Leaves”" in found
    assert ("Scores for “Leaves”" in found, "Row 40" in found, "Threshold:" in found) == (True, True, True)
    expected = round(sum(row.score for row in answer.predictions))
    assert f"Going by the scores together, expect “Leaves” for about {expected} of these 40." in found


def test_too_few_scores_to_add_up_say_how_often_the_answer_was_right(
    promoted: Callable[..., ModelVersion], analyst: User
) -> None:
    made = employees.dataset(promoted("attrition"), analyst, [{}, {}])
    numbers = list(made.record_set.values_list("pk", flat=True))
    columns = {name: [value, value] for name, value in (employees.PERSON | {"age": 20}).items()}
    named: dict[str, Any] = {"model": "attrition", "source": Source.RECORDS, "by": analyst, "records": numbers}
    answer = actions.predict(columns=columns | {"heure_supplementaires": ["Oui"] * 2}, rows=2, **named)
    page = browser(analyst).get(f"/answers/{answer.request_id}/")
    assert "Going by the scores" not in text(page)
    assert "Of 100 that the model named “Leaves” when it was tested" in text(page)


def test_values_are_told_by_their_spread(price: ModelVersion, analyst: User) -> None:
    columns = {"surface": [100.0, 20.0, 200.0], "rooms": [1.0, 1.0, 1.0]}
    answer = actions.predict(model="house", columns=columns, rows=3, source=Source.API, by=analyst)
    found = text(browser(analyst).get(f"/answers/{answer.request_id}/"))
    assert "The answers about 3 records go from 25 000 EUR to 205 000 EUR, half of them up to 105 000 EUR" in found
    assert "Highest first" in found


def test_where_they_come_from_is_said(flowers: Flowers, analyst: User, iris: ModelVersion) -> None:
    path = asked(analyst, flowers(2))
    found = text(browser(analyst).get(f"{path}?replayed=1"))
    wanted = ["Flowers", "version 1", iris.commit[:12], "analyst", path.split("/")[2], "You already sent this form"]
    assert [words for words in wanted if words not in found] == []


# The table


def test_the_most_likely_come_first_or_the_order_of_the_records(flowers: Flowers, analyst: User) -> None:
    sure = {0: {"petal_width": 1.7, "petal_length": 5.0}}
    path, page = asked(analyst, flowers(3, sure)), browser(analyst)
    assert keys(page.get(path))[-1] == "F-0"
    assert keys(page.get(f"{path}?order=record")) == ["F-0", "F-1", "F-2"]


def test_one_answer_or_the_warned_ones_can_be_looked_at(flowers: Flowers, analyst: User) -> None:
    path, page = asked(analyst, flowers(6, {4: {"petal_width": 9}})), browser(analyst)
    assert keys(page.get(f"{path}?answer=virginica&order=record")) == ["F-0", "F-3", "F-4"]
    assert keys(page.get(f"{path}?warned=1")) == ["F-4"]


def test_a_call_is_paged(flowers: Flowers, analyst: User) -> None:
    path, page = asked(analyst, flowers(120)), browser(analyst)
    found = [keys(page.get(f"{path}?order=record&page={number}")) for number in (1, 2, 3)]
    assert [len(part) for part in found] == [50, 50, 20]
    assert [key for part in found for key in part] == [f"F-{row}" for row in range(120)]
    assert "?order=record&amp;page=3" in page.get(f"{path}?order=record&page=2").content.decode()


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", f"page={'9' * 400}", "page=٣", "page=99", "answer=x",
                                   "order=%00x", "answer=a&answer=b", "warned=2", "page=1&page=x", "format=pdf"])  # fmt: skip
def test_what_an_address_cannot_mean_is_the_whole(flowers: Flowers, analyst: User, query: str) -> None:
    response = browser(analyst).get(f"{asked(analyst, flowers(2))}?{query}")
    assert response.status_code == (400 if "%00" in query else 200)
    assert len(keys(response)) == (0 if "%00" in query else 2)


def test_a_row_leads_to_its_record_its_answer_and_an_explanation(flowers: Flowers, analyst: User) -> None:
    records = flowers(2)
    content = browser(analyst).get(asked(analyst, records)).content.decode()
    assert f'href="/predict/iris/?record={records[0].pk}"' in content
    assert len(re.findall(r'href="/history/[0-9a-f-]{36}/"', content)) == 2


@pytest.mark.parametrize(
    ("source", "cases", "told", "heading"),
    [
        (Source.BATCH, ["E-7"], "E-7", "Key"),
        (Source.BATCH, None, "–", "Key"),
        (Source.API, ["E-7"], "E-7", "Key"),
        (Source.API, None, "Row 1", "Row"),
    ],
)
def test_a_row_is_called_by_its_key_and_no_row_of_a_file_is_guessed(
    analyst: User, iris: ModelVersion, source: Source, cases: list[str] | None, told: str, heading: str
) -> None:
    columns = {name: [3.0, 3.0] for name in IRIS}
    known = {"source": source, "cases": cases and [*cases, "E-8"]}
    answer = actions.predict(model="iris", columns=columns, rows=2, by=analyst, **known)
    page = browser(analyst).get(f"/answers/{answer.request_id}/?order=row").content.decode()
    assert f'role="rowheader">{told}</th>' in page
    assert f'role="columnheader">{heading}</th>' in page


def test_as_many_queries_for_1000_answers_as_for_10(flowers: Flowers, analyst: User) -> None:
    page, counts = browser(analyst), []
    for many in (10, 990):
        path = asked(analyst, flowers(many))
        page.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert page.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


# The file


def lines(response: HttpResponse, delimiter: str = ",") -> list[list[str]]:
    content = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(content), delimiter=delimiter))


def test_the_file_holds_every_answer_and_what_it_was_made_from(flowers: Flowers, analyst: User) -> None:
    response = browser(analyst).get(f"{asked(analyst, flowers(60))}?format=csv&page=2&answer=setosa")
    found = lines(response)
    titles = ["Sepal length", "Sepal width", "Petal length", "Petal width"]
    assert found[0] == ["Key of the record", "Answer", "Probability", "Warnings", "Number of the answer", *titles]
    assert [line[0] for line in found[1:]] == [f"F-{row}" for row in range(60)]
    assert found[2][1] == "Iris setosa"
    assert re.fullmatch(r"[01]\.\d{4}", found[2][2])
    assert found[2][5:] == [str(value) for value in IRIS.values()]
    assert response["Content-Disposition"].startswith('attachment; filename="iris-')


def test_a_french_file_has_semicolons_and_decimal_commas(flowers: Flowers, analyst: User) -> None:
    response = browser(analyst, accept_language="fr").get(f"{asked(analyst, flowers(2))}?format=csv")
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeffClé de la fiche;Réponse;Probabilité;")
    assert content.splitlines()[2].endswith(";5,1;3,5;1,4;0,2")


@pytest.mark.parametrize("text_", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_no_text_becomes_a_formula(text_: str) -> None:
    assert safe(text_) == f"'{text_}"
    assert safe(f"a{text_}") == f"a{text_}"


def test_a_key_that_would_be_a_formula_is_none_in_the_file(flowers: Flowers, analyst: User) -> None:
    records = flowers(2)
    Record.objects.filter(pk=records[0].pk).update(key="=cmd|'/C calc'!A0")
    found = lines(browser(analyst).get(f"{asked(analyst, records)}?format=csv"))
    assert found[1][0] == "'=cmd|'/C calc'!A0"


def test_numbers_below_zero_stay_numbers(price: ModelVersion, analyst: User) -> None:
    columns = {"surface": [-100.0, 20.0], "rooms": [1.0, 1.0]}
    answer = actions.predict(model="house", columns=columns, rows=2, source=Source.API, by=analyst)
    found = lines(browser(analyst).get(f"/answers/{answer.request_id}/?format=csv"))
    assert found[0][1:3] == ["Answer", "Warnings"]
    assert (float(found[1][1]), found[1][2], found[1][-2]) == (-95000.0, "surface", "-100")


def test_hidden_fields_are_not_in_the_file(
    flowers: Flowers, analyst: User, promoted: Callable[..., ModelVersion], examined: Callable[[str], Any]
) -> None:
    described = deepcopy(examined("iris").signature_json)
    described["inputs"]["features"][3]["sensitive"] = "personal"
    promoted("iris", signature_json=described)
    path, decider = asked(analyst, flowers(2)), member("decider", "decision maker")
    headings = [lines(browser(user).get(f"{path}?format=csv"))[0] for user in (analyst, decider)]
    assert ["Petal width" in found for found in headings] == [False, True]
    said = ["fields that you may not see are left out" in text(browser(user).get(path)) for user in (analyst, decider)]
    assert said == [True, False]


def test_a_file_has_a_byte_order_mark_in_every_language(flowers: Flowers, analyst: User) -> None:
    path = asked(analyst, flowers(2))
    pages = [browser(analyst, accept_language=code).get(f"{path}?format=csv") for code in ("en", "fr")]
    assert [next(iter(page.streaming_content)).startswith(b"\xef\xbb\xbf") for page in pages] == [True, True]


@pytest.mark.parametrize(
    "heading", ["Score for “Leaves”", "Score for «\u202fLeaves\u202f»", "Score for «\u00a0Leaves\u00a0»"]
)
def test_headings_have_plain_quotes(heading: str) -> None:
    assert plain_quotes(heading) == 'Score for "Leaves"'


# The file comes in again


def downloaded(made: Dataset, language: str) -> bytes:
    """The file of the answers about a set of employees, for somebody who sees all of it."""
    records = Record.objects.filter(dataset=made).order_by("key")
    columns = {name: [record.data[name] for record in records] for name in employees.PERSON}
    named: dict[str, Any] = {"source": Source.RECORDS, "by": made.updated_by, "records": [row.pk for row in records]}
    answer = actions.predict(model="attrition", columns=columns, rows=len(records), **named)
    decider = User.objects.get(username="decider")
    page = browser(decider, accept_language=language).get(f"/answers/{answer.request_id}/?format=csv")
    return b"".join(page.streaming_content)


@pytest.fixture
def people(promoted: Callable[..., ModelVersion], analyst: User) -> Dataset:
    """Two employees of different risk."""
    member("decider", "decision maker")
    return employees.dataset(promoted("attrition"), analyst, [{}, {"age": 20, "heure_supplementaires": "Non"}])


@pytest.mark.parametrize(("language", "words"), [("en", ',"Score for ""Leaves""",In a word,'), ("fr", '"";En un mot;')])
def test_scores_of_two_classes_are_said_in_words(people: Dataset, language: str, words: str) -> None:
    first, *rest = downloaded(people, language).decode().splitlines()
    assert words in first
    said = [line.split(";" if language == "fr" else ",")[3] for line in rest]
    known = {"en": {"low", "moderate", "raised", "high"}, "fr": {"faible", "modérée", "élevée", "très élevée"}}
    assert set(said) <= known[language]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_comes_in_again(people: Dataset, language: str) -> None:
    before = dict(Record.objects.values_list("key", "data"))
    done = import_records(
        name=people.name, content=downloaded(people, language), key_column=people.key_column, by=people.updated_by
    )
    assert (done.created, Record.objects.count()) == (0, 2)
    after = dict(Record.objects.values_list("key", "data"))
    names = employees.PERSON
    assert {key: [row[name] for name in names] for key, row in after.items()} == {
        key: [row[name] for name in names] for key, row in before.items()
    }
