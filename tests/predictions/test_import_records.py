"""Importing records: by key, all or nothing, and at once only once. The command does what the page does."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from futurisys.accounts import roles
from predictions.imports import verbs
from predictions.imports.csv_files import FileRefused
from predictions.imports.verbs import Imported, SetInUse, import_records, keep_upload
from predictions.listing import lists
from predictions.models import Dataset, Record, RecordColumn, Upload
from registry.exceptions import NotAllowed
from registry.models import ModelVersion
from tests.worlds import member

PEOPLE = "id;name;age;team\n1;Éva Roy;31;A\n2;Tom;45;B\n3;Ana;28;A\n4;Zoé;51;A\n5;Max;39;B\n"


def bring(by: User, text: str = PEOPLE, **more: Any) -> Imported:
    given = {"name": "people", "key_column": "id", "content": text.encode(), "by": by}
    return import_records(**(given | more))


def counts(done: Imported) -> tuple[int, int, int]:
    return done.created, done.changed, done.unchanged


def test_a_set_holds_what_the_file_holds(analyst: User) -> None:
    dataset = bring(analyst, title="People").dataset
    assert (dataset.title, dataset.size, dataset.key_column, dataset.updated_by) == ("People", 5, "id", analyst)
    assert dataset.columns[2] == {"name": "age", "kind": "integer", "low": 28, "high": 51}
    record = Record.objects.get(dataset=dataset, key="1")
    assert record.data == {"id": "1", "name": "Éva Roy", "age": 31, "team": "A"}
    assert record.search == "1 eva roy"


def test_a_second_import_changes_by_key(analyst: User) -> None:
    bring(analyst)
    Record.objects.update(updated_at="2020-01-01T00:00Z")
    text = PEOPLE.replace("Tom;45", "Tom;46").replace("5;Max", "6;Max")
    assert counts(bring(analyst, text)) == (1, 1, 3)
    assert Record.objects.get(key="2").data["age"] == 46
    assert set(Record.objects.filter(updated_at__year=2020).values_list("key", flat=True)) == {"1", "3", "4", "5"}


def test_the_table_finds_what_the_last_import_said(analyst: User) -> None:
    dataset = bring(analyst).dataset
    assert RecordColumn.objects.filter(dataset=dataset).count() == 6  # three columns, ids, keys and search texts
    changed = bring(analyst, "id;name;age;team\n2;Tim;46;B\n9;Lou;60;C\n").dataset
    looks = {"q=tom": 0, "q=tim": 1, "from.age=46": 3, "to.age=45": 3}
    assert {query: len(lists.matching(changed, query, analyst)) for query in looks} == looks
    assert RecordColumn.objects.count() == 6


def test_records_that_the_file_lacks_stay(analyst: User) -> None:
    bring(analyst)
    dataset = bring(analyst, "id;name;age;team\n9;Lou;60;C\n").dataset
    assert dataset.size == 6
    assert dataset.columns[2] == {"name": "age", "kind": "integer", "low": 28, "high": 60}


def test_the_same_file_again_changes_nothing(analyst: User) -> None:
    bring(analyst)
    assert counts(bring(analyst)) == (0, 0, 5)


def test_ids_of_records_stay_when_they_change(analyst: User) -> None:
    bring(analyst)
    number = Record.objects.get(key="2").pk
    bring(analyst, PEOPLE.replace("Tom", "Tim"))
    assert Record.objects.get(key="2").pk == number


def test_many_records_come_in_parts_and_together(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "AT_ONCE", 2)
    assert counts(bring(analyst)) == (5, 0, 0)
    assert Record.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_all_or_nothing(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(analyst)
    monkeypatch.setattr(verbs, "_describe", lambda *a, **k: connection.cursor().execute("SELECT 1/0"))
    with pytest.raises(DatabaseError):
        bring(analyst, PEOPLE.replace("Tom", "Tim") + "6;Lou;20;A\n")
    assert set(Record.objects.values_list("data__name", flat=True)) == {"Éva Roy", "Tom", "Ana", "Zoé", "Max"}


@pytest.mark.django_db(transaction=True)
def test_a_second_import_at_once_is_told_to_wait(analyst: User) -> None:
    bring(analyst)
    refused: list[Exception] = []

    def other() -> None:
        try:
            connection.cursor().execute("SET lock_timeout = '50ms'")
            bring(analyst)
        except SetInUse as busy:
            refused.append(busy)
        finally:
            connection.close()

    with transaction.atomic():
        Dataset.objects.select_for_update().get(name="people")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert "right now" in str(refused[0])


def test_the_key_of_a_set_stays(analyst: User) -> None:
    bring(analyst)
    with pytest.raises(FileRefused, match="told apart by “id”"):
        bring(analyst, key_column="name")


@pytest.mark.parametrize("name", ["import", "", "a b", "é", "x" * 81, "../x"])
def test_a_name_that_is_no_address_is_refused(analyst: User, name: str) -> None:
    with pytest.raises(FileRefused, match="needs a name"):
        bring(analyst, name=name)


def test_a_new_set_is_never_mixed_with_somebody_elses(analyst: User, stranger: User) -> None:
    bring(analyst, fresh=True)
    assert counts(bring(analyst, fresh=True)) == (0, 0, 5)  # a second click
    with pytest.raises(FileRefused, match="Somebody else"):
        bring(stranger, fresh=True)


def test_importing_takes_the_right_to(db: None) -> None:
    with pytest.raises(NotAllowed):
        bring(member("viewer", roles.AUDITOR))
    assert not Dataset.objects.exists()


def test_a_new_set_gets_a_name_of_its_own(analyst: User) -> None:
    assert verbs.free_name("Salariés 2026") == "salaries-2026"
    assert verbs.free_name("Import") == "import-2"
    assert verbs.free_name("人") == "records"
    bring(analyst)
    assert verbs.free_name("People") == "people-2"


def test_the_model_types_the_columns(iris: ModelVersion, analyst: User, example: Any) -> None:
    content = (example("iris") / "test_set.csv").read_bytes()
    done = import_records(name="flowers", content=content, key_column="row", model=iris.model, by=analyst)
    kinds = {column["name"]: column["kind"] for column in done.dataset.columns}
    assert (kinds["petal_width"], kinds["outcome"], kinds["row"]) == ("number", "category", "text")
    assert done.dataset.model == iris.model


def test_what_a_model_calls_sensitive_cannot_be_searched(promoted: Any, analyst: User) -> None:
    version = promoted("attrition")
    done = bring(analyst, "id;genre;note\n1;F;Hello\n2;M;World\n", model=version.model)
    assert list(Record.objects.filter(dataset=done.dataset).order_by("key").values_list("search", flat=True)) == [
        "1 hello",
        "2 world",
    ]


# Uploads


def test_old_uploads_go_when_a_new_one_comes(analyst: User, stranger: User) -> None:
    old = keep_upload(name="old.csv", content=b"a;b", by=stranger)
    Upload.objects.update(created_at="2020-01-01T00:00Z")
    keep_upload(name="new.csv", content=b"a;b", by=analyst)
    assert not Upload.objects.filter(pk=old.pk).exists()


def test_somebody_keeps_three_files_at_most(analyst: User, stranger: User) -> None:
    keep_upload(name="x", content=b"a;b", by=stranger)
    for number in range(5):
        keep_upload(name=str(number), content=b"a;b", by=analyst)
    assert set(Upload.objects.filter(user=analyst).values_list("name", flat=True)) == {"2", "3", "4"}
    assert Upload.objects.filter(user=stranger).exists()


# The command


def run(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("import_records", *args)
    return capsys.readouterr().out


def test_the_command_says_what_it_guessed_and_did(analyst: User, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)
    said = run(capsys, str(file), "--dataset", "people", "--title", "People", "--by", "analyst")
    assert "semicolons between cells" in said
    assert "key id." in said
    assert "5 new, 0 changed, 0 unchanged, 0 not in the file." in said
    file.write_text("id;name;age;team\n1;Éva Roy;32;A\n")
    assert "0 new, 1 changed, 0 unchanged, 4 not in the file." in run(
        capsys, str(file), "--dataset", "people", "--by", "analyst"
    )
    assert Dataset.objects.get().title == "People"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--by", "nobody"], "no active user"),
        (["--by", "analyst", "--model", "nothing"], "no model"),
        (["--by", "analyst", "--key", "no"], "no column"),
        (["--by", "viewer"], "may not"),
        (["--by", "analyst", "--delimiter", "tab"], "one column only"),
    ],
)
def test_the_command_refuses_with_a_sentence(analyst: User, tmp_path: Path, options: list[str], words: str) -> None:
    member("viewer", roles.AUDITOR)
    (tmp_path / "people.csv").write_text(PEOPLE)
    with pytest.raises(CommandError, match=words):
        call_command("import_records", str(tmp_path / "people.csv"), "--dataset", "people", *options)
    assert not Record.objects.exists()


@pytest.mark.parametrize(("name", "key"), [("iris", "row"), ("digits", "row"), ("attrition", "id_employee")])
def test_the_test_set_of_each_example_comes_in(analyst: User, example: Any, name: str, key: str) -> None:
    call_command("import_records", str(example(name) / "test_set.csv"), "--dataset", name, "--by", "analyst")
    dataset = Dataset.objects.get()
    assert (dataset.key_column, dataset.columns[-1]["name"]) == (key, "outcome")
    assert dataset.size >= 30
