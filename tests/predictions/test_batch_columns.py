"""The page on which somebody says what the columns of a file mean, and what it makes of nonsense."""

from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions.batches import running
from predictions.models import Batch, ColumnMapping, Dataset
from registry.models import ModelVersion
from tests.predictions.wizard import FLOWERS, flower_file, posted, sent
from tests.worlds import IRIS


def test_how_the_file_is_read_is_shown(at_columns: Any) -> None:
    content = "id;sepal length;sepal width\n1;5,1;3,5\né;4,9;3,0\n".encode("cp1252")
    text = at_columns(content)[1].content.decode()
    for words in ("Semicolon ( ; )", "Comma, as in 1234,5", "Windows-1252", "Names in the first row"):
        assert words in text


def test_how_the_file_is_read_can_be_changed(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    answer = person.post(
        f"/batches/{batch.pk}/columns/", posted(page) | {"read": "1", "header": "no", "decimal": "comma"}
    )
    assert answer.status_code == 302
    batch.refresh_from_db()
    assert (batch.dialect["header"], batch.dialect["decimal"]) == (False, "comma")
    assert "No names in the first row" in person.get(answer["Location"]).content.decode()


def test_reading_in_another_way_keeps_what_was_chosen(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    changes = {"x-petal_width": "2", "x-sepal_width": "4", "key": "5", "read": "1", "decimal": "comma"}
    person.post(f"/batches/{batch.pk}/columns/", posted(page) | changes)
    form = person.get(f"/batches/{batch.pk}/columns/").context["page"].form
    assert [form[name].value() for name in ("x-petal_width", "x-sepal_width", "key")] == ["2", "4", "5"]


def test_three_values_stand_beside_the_chosen_column(at_columns: Any) -> None:
    _batch, page = at_columns(FLOWERS + "".join(f"{n},{n}.5,3,1,1,\n" for n in range(9)))
    lines = {bound.feature.name: bound.samples for bound in page.context["page"].form.lines()}
    assert lines["sepal_length"] == ["0.5", "1.5", "2.5"]
    assert lines["petal_width"] == ["1"]


def test_columns_that_are_not_used_are_listed(at_columns: Any) -> None:
    _batch, page = at_columns()
    assert page.context["page"].unused == ["colour"]
    assert "kept and returned, not used" in page.content.decode()


def test_duplicate_headings_force_a_choice(person: Client, at_columns: Any) -> None:
    batch, page = at_columns("id,sepal length,sepal length,petal length,petal width,sepal width\n1,1,2,3,4,5\n")
    assert "sepal length (Column 3)" in page.content.decode()
    refused = person.post(f"/batches/{batch.pk}/columns/", posted(page))
    assert refused.status_code == 400
    assert "Choose the column of “Sepal length”" in refused.content.decode()
    assert person.post(f"/batches/{batch.pk}/columns/", posted(page) | {"x-sepal_length": "2"}).status_code == 302


def test_what_is_wrong_with_the_columns_comes_first(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    refused = person.post(f"/batches/{batch.pk}/columns/", posted(page) | {"x-petal_width": "1"})
    text = refused.content.decode()
    assert refused.status_code == 400
    assert "<title>Error: Choose the columns" in text
    assert '<a href="#id_x-petal_width">' in text
    assert Batch.objects.get().status == "mapping"


def test_the_mapping_is_remembered(person: Client, checked: Any, at_columns: Any) -> None:
    checked(flower_file(), **{"x-petal_width": "2", "x-sepal_width": "4", "key": ""})
    _batch, page = at_columns(flower_file(good=5))
    assert "Chosen as the last time" in page.content.decode()
    form = page.context["page"].form
    assert [form[name].value() for name in ("x-petal_width", "x-sepal_width", "key")] == ["2", "4", ""]
    assert ColumnMapping.objects.count() == 1


def test_the_records_of_the_key_are_proposed(
    person: Client, at_columns: Any, iris: ModelVersion, analyst: User
) -> None:
    Dataset.objects.create(name="flowers", title="Flowers", model=iris.model, key_column="ID", updated_by=analyst)
    batch, page = at_columns()
    assert page.context["page"].form["dataset"].value() == "flowers"
    person.post(f"/batches/{batch.pk}/columns/", posted(page))
    assert Batch.objects.get().dataset.name == "flowers"


def test_two_hundred_columns(person: Client, at_columns: Any) -> None:
    names = [f"c{number}" for number in range(195)]
    text = FLOWERS.strip() + "," + ",".join(names[:194]) + "\n" + "1,5.1,3.5,1.4,0.2,blue" + ",x" * 194 + "\n"
    batch, page = at_columns(text)
    assert len(page.context["page"].columns) == 200
    assert person.post(f"/batches/{batch.pk}/columns/", posted(page)).status_code == 302


def test_another_language_keeps_what_was_chosen(person: Client, at_columns: Any) -> None:
    batch, page = at_columns()
    answer = person.post(f"/batches/{batch.pk}/columns/", posted(page) | {"x-petal_width": "5", "language": "fr"})
    assert answer.status_code == 200
    assert "Choisir les colonnes" in answer.content.decode()
    assert answer.context["page"].form["x-petal_width"].value() == "5"


def test_an_excel_file_is_waited_for(person: Client, iris: ModelVersion) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book, file = openpyxl.Workbook(), BytesIO()
    for row in (["id", *IRIS], [1, *IRIS.values()]):
        book.active.append(row)
    book.save(file)
    address = sent(person, file.getvalue(), "flowers.xlsx")["Location"]
    assert "The file is being read" in person.get(address).content.decode()
    assert person.get(address.replace("columns", "check"))["Location"] == address
    running.work(seconds=60)
    text = person.get(address).content.decode()
    assert "Excel" in text
    assert 'name="delimiter"' not in text


# Nonsense


CHOICE = st.sampled_from(["", "-", "0", "1", "5", "6", "-1", "x", "99999999", "²", "\x00"])


@given(
    st.dictionaries(st.sampled_from([*(f"x-{name}" for name in IRIS), "key", "dataset", "headings"]), CHOICE),
    st.fixed_dictionaries(
        {},
        optional={
            "delimiter": st.sampled_from(["comma", "semicolon", "tab", "x"]),
            "decimal": st.sampled_from(["comma", "point", ""]),
            "encoding": st.sampled_from(["utf-8", "cp1252", "utf-16"]),
            "header": st.sampled_from(["yes", "no", "maybe"]),
            "read": st.just("1"),
            "language": st.sampled_from(["fr", "xx"]),
        },
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_choice_is_a_fault(person: Client, at_columns: Any, chosen: dict[str, str], read: dict[str, str]) -> None:
    batch = Batch.objects.first() or at_columns()[0]
    address = f"/batches/{batch.pk}/columns/"
    page = person.get(address)
    answer = person.post(address, posted(page) | chosen | read)
    assert answer.status_code in {200, 302, 400, 409}
    assert person.get(address).status_code == 200
