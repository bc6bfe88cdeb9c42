"""The pages of an import: a file, a check of how it is read, and the records; without JavaScript."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.actions import predict
from predictions.imports.verbs import import_records
from predictions.models import Dataset, Record, Source, Upload
from tests.worlds import member

IMPORT = "/records/import/"
PEOPLE = "id;name;age\n1;Éva Roy;31\n2;Tom;45\n3;Ana;28\n"
NOT_THERE = "/records/import/00000000-0000-4000-8000-000000000000/"


@pytest.fixture
def person(analyst: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(analyst)
    return client


def sent(person: Client, content: str | bytes = PEOPLE, name: str = "people.csv", **fields: str) -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    return person.post(IMPORT, {"file": SimpleUploadedFile(name, data), "title": "People"} | fields)


@pytest.fixture
def checked(person: Client) -> Callable[..., tuple[str, HttpResponse]]:
    """`checked(text)`: the address of the page that checks a file, and the page."""

    def page(content: str | bytes = PEOPLE, **fields: str) -> tuple[str, HttpResponse]:
        address = sent(person, content, **fields)["Location"]
        return address, person.get(address)

    return page


def action(page: HttpResponse, address: str) -> str:
    """Where the button that imports sends the form."""
    query = re.search(r'<form method="post" action="(\?[^"]+)"', page.content.decode())
    assert query is not None
    return urlsplit(address).path + query[1].replace("&amp;", "&")


def test_a_file_is_checked_and_imported(person: Client, checked: Any) -> None:
    address, page = checked()
    assert "Import 3 records" in page.content.decode()
    assert not Record.objects.exists()
    done = person.post(action(page, address))
    assert done["Location"] == "/records/people/"
    assert (Dataset.objects.get().title, Record.objects.count()) == ("People", 3)
    (said,) = person.get("/").context["messages"]
    assert str(said) == "Imported into People. New: 3, changed: 0, unchanged: 0."


def test_how_the_file_is_read_is_shown(checked: Any) -> None:
    content = "id;nom;salaire\n1;Éva;1 234,5\n2;Tom;2 000,5\n".encode("cp1252")
    text = checked(content)[1].content.decode()
    for words in ("Semicolon ( ; )", "Comma, as in 1234,5", "Windows-1252", "Names in the first row", "1234.5"):
        assert words in text


def test_how_the_file_is_read_can_be_changed(person: Client, checked: Any) -> None:
    address, _page = checked("id;note\n1;1,5\n2;2,5\n")
    page = person.get(address, {"decimal": "point", "key": "note"}).context["page"]
    assert (page.reading.dialect.decimal, page.reading.key) == ("point", "note")
    assert [line.kind for line in page.lines] == ["Whole number", "Text"]


def test_what_is_imported_is_what_was_checked(person: Client, checked: Any) -> None:
    address, _page = checked("id;note\n1;1.5\n2;2.5\n")
    page = person.get(address, {"decimal": "comma", "title": "Others"})
    person.post(action(page, address))
    assert Record.objects.get(key="1").data["note"] == "1.5"
    assert Dataset.objects.get().title == "Others"


def test_a_second_click_makes_no_second_set(person: Client, checked: Any) -> None:
    address, page = checked()
    for _click in range(2):
        assert person.post(action(page, address)).status_code == 302
    assert (Dataset.objects.count(), Record.objects.count()) == (1, 3)


def test_problems_come_first_and_nothing_can_be_imported(checked: Any) -> None:
    text = checked("id;name\n1;secretive;more\n")[1].content.decode()
    assert "<title>Error: Check the file" in text
    assert "A row has more cells than the first row. Row 2." in text
    assert "secretive" not in text
    assert "Import" not in re.findall(r"<button[^>]*>([^<]*)</button>", text)


def test_an_import_of_what_has_problems_is_refused(person: Client, checked: Any) -> None:
    address, page = checked()
    refused = person.post(action(page, address).replace("key=id", "key=nothing"))
    assert refused.status_code == 400
    assert "no column of the name" in refused.content.decode()
    assert not Dataset.objects.exists()


def test_an_existing_set_says_what_changes(person: Client, checked: Any, analyst: User) -> None:
    import_records(name="people", title="People", content=PEOPLE.encode(), key_column="id", by=analyst)
    _address, page = checked("id;name\n2;Tim\n9;Lou\n", set="people")
    assert [number for _title, number in page.context["page"].effects] == ["1", "1", "2"]
    assert page.context["page"].dropped == ["age"]


def test_what_the_model_would_refuse_is_counted_by_row(promoted: Any, checked: Any, person: Client) -> None:
    promoted("attrition")
    text = "id;age;genre\n1;31;F\n2;999;M\n3;30;Z\n"
    address, _page = checked(text)
    found = person.get(address, {"model": "attrition"}).context["page"]
    assert found.refused_records == "2"
    assert sorted(refusal.rows for refusal in found.refusals) == ["Row 3.", "Row 4."]
    assert "Job" in found.missing


def test_the_model_that_fits_is_guessed(promoted: Any, person: Client, example: Any) -> None:
    promoted("attrition")
    promoted("iris")
    page = person.get(sent(person, (example("iris") / "test_set.csv").read_bytes())["Location"])
    assert page.context["page"].reading.model.name == "iris"
    assert "Petal length" in page.content.decode()


def test_the_model_that_fits_best_is_guessed_from_the_words_of_pages(promoted: Any, checked: Any) -> None:
    promoted("attrition")
    promoted("iris")
    page = checked("Matricule;ÂGE;monthly income;Works overtime\n7;41;3000;Oui\n8;33;2000;no\n")[1].context["page"]
    assert page.reading.model.name == "attrition"
    assert [line.name for line in page.lines] == ["Matricule", "age", "revenu_mensuel", "heure_supplementaires"]
    assert (page.lines[3].heading, page.lines[3].samples) == ("Works overtime", ["Yes", "No"])
    assert "Sepal length" not in page.missing


def test_one_column_that_a_model_knows_may_be_there_by_chance(promoted: Any, checked: Any) -> None:
    promoted("attrition")
    assert checked()[1].context["page"].reading.model is None


def test_what_is_imported_has_the_names_of_the_model(promoted: Any, checked: Any, person: Client) -> None:
    promoted("attrition")
    address, page = checked("Matricule;Gender;Job;note\n7;Woman;Manager;x\n8;Homme;consultant;y\n")
    person.post(action(page, address))
    assert Record.objects.get(key="8").data == {"Matricule": "8", "genre": "M", "poste": "Consultant", "note": "y"}


def test_what_a_choice_may_be_is_listed(promoted: Any, person: Client, checked: Any) -> None:
    promoted("attrition")
    text = checked("id;Age;Gender\n1;31;F\n2;30;Z\n3;33;\n")[1].content.decode()
    assert re.findall(r"It may be: ([^<]*)</li>", text) == ["Woman, Man."]


def test_what_is_not_listed_is_counted(promoted: Any, checked: Any) -> None:
    signature = promoted("attrition").parsed_signature()
    headings, cells = [f.title for f in signature.features], ["?"] * len(signature.features)
    text = f"id;{';'.join(headings)}\n1;{';'.join(cells)}\n"
    assert "<li>and 17 more.</li>" in checked(text)[1].content.decode()


def test_rows_of_one_key_are_said(checked: Any) -> None:
    text = checked("id;name\n1;Éva\n2;Tom\n2;Ana\n")[1].content.decode()
    assert "“id” is the same in several rows" in text
    assert "Rows 3, 4." in text


# A title that there is already


def test_a_second_set_of_a_title_is_refused(person: Client, analyst: User) -> None:
    import_records(name="people", title="People", content=PEOPLE.encode(), key_column="id", by=analyst)
    refused = sent(person, title="péople")
    assert refused.status_code == 400
    assert "There is a set “People” already: import into that one" in refused.content.decode()


def test_a_title_that_was_taken_meanwhile_offers_the_set(person: Client, checked: Any, analyst: User) -> None:
    address, page = checked()
    import_records(name="other", title="People", content=PEOPLE.encode(), key_column="id", by=analyst)
    refused = person.post(action(page, address))
    assert refused.status_code == 400
    assert 'href="?set=other">Import into “People”</a>' in refused.content.decode()
    assert Dataset.objects.count() == 1


# A file to fill in


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("model", ["attrition", "iris"])
def test_a_sample_file_comes_back_and_can_be_asked(
    promoted: Any, person: Client, checked: Any, analyst: User, model: str, language: str
) -> None:
    promoted(model)
    person.cookies["django_language"] = language
    address, page = checked(person.get(f"/records/import/sample/{model}/").content)
    found = page.context["page"]
    assert (found.missing, found.refusals, found.reading.model.name) == ([], [], model)
    person.post(action(page, address))
    records = list(Record.objects.order_by("key"))
    columns = {name: [record.data[name] for record in records] for name in records[0].data if name != found.reading.key}
    assert len(predict(model=model, columns=columns, rows=2, source=Source.API, by=analyst).predictions) == 2


def test_a_sample_file_is_written_as_its_reader_writes(iris: Any, person: Client) -> None:
    found = {}
    for language in ("en", "fr"):
        person.cookies["django_language"] = language
        found[language] = person.get("/records/import/sample/iris/").content.decode().splitlines()[0]
    assert found["en"].startswith("\ufeffKey of the record,Sepal length,")
    assert found["fr"].startswith("\ufeffClé de la fiche;Longueur")


def test_the_upload_offers_a_sample_of_each_table(promoted: Any, person: Client) -> None:
    promoted("iris")
    promoted("digits")
    assert re.findall(r'href="/records/import/sample/(\w+)/"', person.get(IMPORT).content.decode()) == ["iris"]
    for name in ("digits", "nothing"):
        assert person.get(f"/records/import/sample/{name}/").status_code == 404


# What is sent wrongly


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Select a CSV file."),
        ({"file": SimpleUploadedFile("a.csv", b"")}, "The selected file is empty."),
        ({"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04x")}, "The selected file is a ZIP file."),
        ({"file": "text"}, "Select a CSV file."),
        ({"file": SimpleUploadedFile("a.csv", b"a;b"), "title": ""}, "Enter a title"),
        ({"file": SimpleUploadedFile("a.csv", b"a;b"), "title": "x" * 121}, "Shorten the title"),
        ({"file": SimpleUploadedFile("a.csv", b"a;b"), "title": "a\u2028b"}, "cannot be stored"),
        ({"file": SimpleUploadedFile("a.csv", b"a;b"), "set": "unknown"}, "that is in the list"),
    ],
)
def test_the_upload_says_what_is_wrong(person: Client, fields: dict[str, Any], words: str) -> None:
    for file in fields.values():
        if not isinstance(file, str):
            file.seek(0)
    refused = person.post(IMPORT, {"title": "People"} | fields)
    assert refused.status_code == 400
    assert words in refused.content.decode()
    assert "<title>Error: Import records" in refused.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "delimiter=x&encoding=utf-16&decimal=",
        "key=%ED%A0%80&model=nothing&set=nothing",
        "header=maybe&header=no&title=" + "x" * 5_000,
        "name=../x&title=%0a",
        "key=" + "9" * 400,
    ],
)
def test_an_address_with_nonsense_is_a_guess(person: Client, checked: Any, query: str) -> None:
    address, _page = checked()
    path = urlsplit(address).path
    assert person.get(f"{path}?{query}").status_code == 200
    assert person.post(f"{path}?{query}").status_code in {302, 400}


def test_nonsense_in_a_file_never_fails(person: Client) -> None:
    for content in (
        b"\xff;\xfe\n1;2\n",
        b'"',
        b"\n\n;\n",
        b"a;b\n\x1a;\x81\n",
        b"=1;+2\n@3;-4\n",
        b"\xef\xbb\xbfa\r\rb",
    ):
        answer = sent(person, content)
        page = person.get(answer["Location"]) if answer.status_code == 302 else answer
        assert page.status_code in {200, 400}


def test_a_large_file_has_a_limit_of_its_own(person: Client, settings: Any) -> None:
    settings.MAX_BODY_BYTES, settings.MAX_UPLOAD_BYTES = 10_000, 50_000
    assert sent(person, "a;b\n" + "1;2\n" * 10_000).status_code == 302
    assert "smaller than" in sent(person, "a;b\n" + "1;2\n" * 13_000).content.decode()
    assert sent(person, "a;b\n" + "1;2\n" * 50_000).status_code == 413


@pytest.mark.parametrize("path", [IMPORT, NOT_THERE])
def test_other_methods_are_refused(person: Client, path: str) -> None:
    assert person.delete(path).status_code == 405


# Who may


def test_nobody_sees_the_file_of_somebody_else(checked: Any, stranger: User) -> None:
    address, _page = checked()
    other = Client()
    other.force_login(stranger)
    assert other.get(address).status_code == other.post(address).status_code == 404


def test_a_file_that_is_gone_is_not_found(person: Client) -> None:
    assert person.get(NOT_THERE).status_code == 404


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.VISITOR, roles.APPROVER])
def test_who_may_not_import_is_refused(db: None, role: str) -> None:
    client = Client()
    client.force_login(member("other", role))
    assert client.get(IMPORT).status_code == sent(client).status_code == client.get(NOT_THERE).status_code == 403
    assert not Upload.objects.exists()


def test_the_check_asks_as_often_for_many_records(checked: Any, person: Client) -> None:
    few, _page = checked()
    many, _page = checked("id;name\n" + "".join(f"{n};n{n}\n" for n in range(1_000)))
    asked = []
    for address in (few, many):
        with CaptureQueriesContext(connection) as queries:
            person.get(address)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 10


def test_the_pages_speak_french(person: Client) -> None:
    person.cookies["django_language"] = "fr"
    page = person.get(sent(person)["Location"]).content.decode()
    assert "Importer 3 fiches" in page
    assert "Point-virgule" in page
