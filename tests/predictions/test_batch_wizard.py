"""The wizard of a file of rows, page by page and without JavaScript: file, columns, check, and off it runs."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.batches import running
from predictions.models import Batch, BatchChunk
from registry import promotions, serving
from registry.models import ModelVersion
from tests.predictions.test_bad_uploads import UPLOADS
from tests.predictions.wizard import NEW, flower_file, posted, sent
from tests.worlds import member

# The file


def test_a_file_is_sent_for_a_model(person: Client, at_columns: Any, analyst: User) -> None:
    batch, page = at_columns()
    assert (batch.user, batch.model.name, batch.status) == (analyst, "iris", "mapping")
    assert page.request["PATH_INFO"] == f"/batches/{batch.pk}/columns/"


def test_the_model_of_the_address_is_chosen_else_the_default(promoted: Any, person: Client) -> None:
    promoted("iris")
    promoted("attrition")
    for address, name in ((NEW, "attrition"), (f"{NEW}?model=iris", "iris"), (f"{NEW}?model=nothing", "attrition")):
        text = person.get(address).content.decode()
        assert re.search(rf'value="{name}"[^>]* checked', text), address


def test_models_of_pictures_are_not_offered(promoted: Any, person: Client) -> None:
    promoted("iris")
    promoted("digits")
    assert [card.name for card in person.get(NEW).context["page"].cards] == ["iris"]
    assert "that is in the list" in sent(person, flower_file(), model="digits").content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "iris"}, "Select a CSV or Excel file."),
        ({"model": "iris", "file": "text"}, "Select a CSV or Excel file."),
        ({"model": "iris", "file": b""}, "The selected file is empty."),
        ({"model": "iris", "file": b"%PDF-1.7 x"}, "The selected file is a PDF."),
        ({"model": "\x00", "file": b"a;b"}, "that is in the list"),
        ({"file": b"a;b"}, "that is in the list"),
    ],
)
def test_the_upload_says_what_is_wrong(iris: ModelVersion, person: Client, fields: dict[str, Any], words: str) -> None:
    file = fields.get("file")
    known = {"file": SimpleUploadedFile("a.csv", file)} if isinstance(file, bytes) else {}
    refused = person.post(NEW, fields | known)
    text = refused.content.decode()
    assert (refused.status_code, words in text, "<title>Error: Ask about a file" in text) == (400, True, True)
    assert not Batch.objects.exists()


@pytest.mark.parametrize("name", UPLOADS)
def test_what_is_no_table_is_no_fault(iris: ModelVersion, person: Client, name: str) -> None:
    answer = sent(person, UPLOADS[name], "../../etc/passwd.csv")
    page = person.get(answer["Location"]) if answer.status_code == 302 else answer
    assert page.status_code in {200, 400}


def test_no_room_for_a_file_is_said(iris: ModelVersion, person: Client, settings: Any) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 10, "/nowhere"
    answer = sent(person, flower_file())
    assert answer.status_code == 503
    assert "there is no room for it" in answer.content.decode()
    assert not Batch.objects.exists()


def test_a_form_of_another_site_is_refused(iris: ModelVersion, analyst: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    assert sent(client, flower_file()).status_code == 403


def test_a_file_has_a_limit_of_its_own(iris: ModelVersion, person: Client, settings: Any) -> None:
    settings.MAX_BODY_BYTES, settings.MAX_BATCH_BYTES = 10_000, 50_000
    assert sent(person, flower_file(good=1_000)).status_code == 302
    assert "smaller than" in sent(person, flower_file(good=3_000)).content.decode()
    assert sent(person, flower_file(good=10_000)).status_code == 413


def test_the_same_file_again_is_noticed(person: Client, at_columns: Any) -> None:
    first, _page = at_columns()
    assert "You began with this file on" in at_columns()[1].content.decode()
    Batch.objects.filter(pk=first.pk).update(status="done")
    text = at_columns()[1].content.decode()
    assert "You sent this file on" in text
    assert f'href="/batches/{first.pk}/"' in text


def test_the_same_file_of_somebody_else_is_noticed_by_who_may_see_it(at_columns: Any, person: Client) -> None:
    first, _page = at_columns()
    Batch.objects.filter(pk=first.pk).update(status="done")
    for role, is_told in ((roles.BUSINESS_USER, False), (roles.DECISION_MAKER, True)):
        other = Client()
        other.force_login(member(f"other-{is_told}", role))
        text = other.get(sent(other, flower_file())["Location"]).content.decode()
        assert ("This file was sent on" in text) == is_told


def test_back_from_the_columns_the_file_is_still_there(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    (back,) = re.findall(r'href="(/batches/new/[^"]+)"', page.content.decode())
    assert f'href="/batches/{batch.pk}/columns/"' in person.get(back.replace("&amp;", "&")).content.decode()


# A file to fill in


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("model", ["attrition", "iris"])
def test_a_sample_file_can_be_run(promoted: Any, person: Client, model: str, language: str) -> None:
    promoted(model)
    person.cookies["django_language"] = language
    content = person.get(f"/batches/sample/{model}/").content
    page = person.get(sent(person, content, model=model)["Location"])
    batch = page.context["batch"]
    person.post(f"/batches/{batch.pk}/columns/", posted(page))
    running.work(seconds=60)
    found = person.get(f"/batches/{batch.pk}/check/").context["page"]
    assert (found.rows, found.rejected, found.warnings) == (2, 0, [])
    assert (found.batch.mapping["key"], len(found.batch.mapping["fields"])) == (0, len(found.signature.features))


def test_a_template_has_headings_alone(iris: ModelVersion, person: Client) -> None:
    template, sample = (person.get(f"/batches/sample/iris/{query}") for query in ("?rows=0", ""))
    assert template.content.decode().splitlines() == sample.content.decode().splitlines()[:1]
    assert 'filename="iris-template.csv"' in template["Content-Disposition"]


def test_samples_are_of_models_that_take_columns(promoted: Any, person: Client) -> None:
    promoted("digits")
    for name in ("digits", "nothing"):
        assert person.get(f"/batches/sample/{name}/").status_code == 404


# The check


def test_a_check_that_goes_on_says_how_far_it_is(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    answer = person.post(f"/batches/{batch.pk}/columns/", posted(page))
    assert "The rows are being counted." in person.get(answer["Location"]).content.decode()
    Batch.objects.update(rows=10_000)
    for first, status in ((0, "checked"), (2_500, "cut")):
        BatchChunk.objects.create(batch=batch, first=first, rows=2_500, offset=0, length=1, line=2, status=status)
    text = person.get(answer["Location"]).content.decode()
    assert "2\u202f500 of 10\u202f000 rows checked" in text
    assert 'value="2500"' in text


def test_what_the_check_found_is_grouped(checked: Any) -> None:
    _batch, page = checked(flower_file("8,abc,3.5,1.4,0.2,", "9,5.1,3.5,1.4,9,", "10,x,3.5,1.4,0.2,"))
    text = page.content.decode()
    for words in (
        "4 of 6 rows can be run",
        "2 rows: “Sepal length” is not a number",
        "Rows 5, 7.",
        ">abc</span>",
        "1 row: “Petal width” is outside of what the model saw",
        "Run the 4 good rows",
        "Rejected rows as a file",
    ):
        assert words in text
    shares = [(kind, count) for kind, count, _text, _words in page.context["page"].shares]
    assert shares == [("good", 3), ("warned", 1), ("rejected", 2)]


def test_rows_that_are_wrong_themselves_hide_nothing(checked: Any) -> None:
    text = checked(flower_file("9,1,1,1,1,blue,and more"))[1].content.decode()
    assert "The row has more cells than there are headings." in text
    assert "hidden: your role" not in text


def test_pictures_show_what_lies_outside(checked: Any) -> None:
    _batch, page = checked(flower_file("9,5.1,3.5,1.4,9,"))
    first, *others = page.context["page"].pictures
    assert (first.title, first.outside, len(others)) == ("Petal width", 1, 3)


def test_who_sent_a_file_sees_the_values_of_sensitive_fields_in_it(promoted: Any, person: Client) -> None:
    features = promoted("attrition").parsed_signature().features
    headings = [feature.name for feature in features]
    page = person.get(
        sent(person, ",".join(headings) + "\n" + ",".join(["secretive"] * len(headings)), model="attrition")["Location"]
    )
    batch = page.context["batch"]
    person.post(f"/batches/{batch.pk}/columns/", posted(page))
    running.work(seconds=60)
    found = person.get(f"/batches/{batch.pk}/check/")
    assert any(feature.sensitive for feature in features)
    assert all(repair.examples == ["secretive"] for repair in found.context["page"].errors)


def test_a_file_without_a_good_row_cannot_be_run(person: Client, checked: Any) -> None:
    batch, page = checked(flower_file("8,abc,3.5,1.4,0.2,", good=0))
    text = page.content.decode()
    assert "No row can be run" in text
    assert 'value="run"' not in text
    person.post(f"/batches/{batch.pk}/check/", {"verb": "run"})
    assert Batch.objects.get().status == "checked"


def test_the_good_rows_are_run(person: Client, checked: Any) -> None:
    batch, _page = checked(flower_file("8,abc,3.5,1.4,0.2,"))
    answer = person.post(f"/batches/{batch.pk}/check/", {"verb": "run"})
    assert answer["Location"] == f"/batches/{batch.pk}/"
    assert Batch.objects.get().status == "running"


def test_a_file_can_be_stopped(person: Client, checked: Any) -> None:
    batch, _page = checked()
    assert person.post(f"/batches/{batch.pk}/check/", {"verb": "stop"})["Location"] == f"/batches/{batch.pk}/"
    assert Batch.objects.get().status == "cancelled"


def test_back_at_the_columns_nothing_is_lost(person: Client, checked: Any) -> None:
    batch, page = checked(flower_file(), **{"x-petal_width": "2", "x-sepal_width": "4"})
    address = f"/batches/{batch.pk}/columns/"
    assert f'href="{address}"' in page.content.decode()
    form = person.get(address).context["page"].form
    assert [form[name].value() for name in ("x-petal_width", "x-sepal_width")] == ["2", "4"]
    assert Batch.objects.get().status == "checked"


@pytest.mark.parametrize("download", ["results", "rejected"])
def test_a_file_that_came_back_is_mapped_as_the_file_was(person: Client, checked: Any, download: str) -> None:
    batch, _page = checked(flower_file("8,abc,3.5,1.4,0.2,"), **{"x-petal_width": "2", "x-sepal_width": "4"})
    person.post(f"/batches/{batch.pk}/check/", {"verb": "run"})
    running.work(seconds=60)
    back = person.get(f"/batches/{batch.pk}/{download}", headers={"accept-language": "fr"}).getvalue()
    page = person.get(sent(person, back)["Location"]).context["page"]
    assert page.is_remembered
    assert [page.form[name].value() for name in ("x-petal_width", "x-sepal_width", "key")] == ["2", "4", "0"]
    assert page.unused == ["colour"]
    assert page.added[-1] == {"results": "Numéro de la réponse", "rejected": "Champ"}[download]


def test_another_champion_is_said_and_checked_for(
    person: Client, checked: Any, ready: Any, administrator: User, iris: ModelVersion
) -> None:
    batch, _page = checked()
    promotions.request(model=iris.model, version=ready("iris"), by=administrator, reason="a test needs it")
    serving.forget()
    answer = person.post(f"/batches/{batch.pk}/check/", {"verb": "run"}, follow=True)
    assert "Another version of the model answers by now" in answer.content.decode()
    assert Batch.objects.get().status == "checking"


def test_an_unknown_verb_is_said(person: Client, checked: Any) -> None:
    batch, _page = checked()
    answer = person.post(f"/batches/{batch.pk}/check/", {"verb": "?"})
    assert (answer.status_code, "Error: Check the rows" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("status", ["running", "done", "incomplete", "cancelled", "refused"])
@pytest.mark.parametrize("step", ["columns", "check"])
def test_a_file_that_went_on_has_its_own_page(person: Client, at_columns: Any, status: str, step: str) -> None:
    batch, page = at_columns()
    Batch.objects.update(status=status)
    for answer in (
        person.get(f"/batches/{batch.pk}/{step}/"),
        person.post(f"/batches/{batch.pk}/{step}/", posted(page)),
    ):
        assert answer["Location"] == f"/batches/{batch.pk}/"


def test_the_check_takes_as_many_queries_for_a_thousand_chunks(person: Client, checked: Any) -> None:
    batch, _page = checked(flower_file("8,abc,3.5,1.4,0.2,"))
    (chunk,) = BatchChunk.objects.values("findings", "status", "rows", "rejected")
    counts = []
    for many in (10, 1_000):
        more = range(BatchChunk.objects.count(), many)
        new = (BatchChunk(batch=batch, first=100 * n, offset=0, length=1, line=2, **chunk) for n in more)
        BatchChunk.objects.bulk_create(new)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = person.get(f"/batches/{batch.pk}/check/")
        assert page.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert page.context["page"].errors[0].count == 1_000


def test_in_french(person: Client, checked: Any) -> None:
    person.cookies["django_language"] = "fr"
    _batch, page = checked(flower_file("8,abc,3.5,1.4,0.2,"))
    text = page.content.decode()
    for words in (
        "Traiter les 3 lignes correctes",
        "n’est pas un nombre",
        "Saisissez un nombre.",
        "Revenir aux colonnes",
    ):
        assert words in text


def test_steps_that_are_done_are_links(checked: Any) -> None:
    _batch, page = checked()
    (steps,) = re.findall(r'<nav class="steps".*?</nav>', page.content.decode(), re.DOTALL)
    assert [re.sub(r"<[^>]+>", "", item) for item in re.findall(r"<li[^>]*>(.*?)</li>", steps)] == [
        "File",
        "Columns",
        "Check",
        "Run",
    ]
    assert steps.count("<a ") == 2
    assert '<li aria-current="step">Check' in steps


# Who may


def test_a_file_of_somebody_else_is_not_found(at_columns: Any, administrator: User) -> None:
    batch, _page = at_columns()
    boss = Client()
    boss.force_login(administrator)
    for step in ("columns", "check"):
        address = f"/batches/{batch.pk}/{step}/"
        assert boss.get(address).status_code == boss.post(address).status_code == 404


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.VISITOR, roles.APPROVER])
def test_who_may_not_send_files_is_refused(db: None, role: str) -> None:
    client = Client()
    client.force_login(member("other", role))
    assert client.get(NEW).status_code == sent(client, flower_file()).status_code == 403
