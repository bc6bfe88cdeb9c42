"""Files of rows by API: taken once, checked, run by themselves, whatever happens in between."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from predictions.models import Batch, BatchPart, ColumnMapping, Prediction
from registry import promotions, serving
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import answers, work_off
from tests.predictions.programs import PATH, Program, rows
from tests.predictions.test_batch_xlsx import saved
from tests.worlds import IRIS

# From the file to its answers


def test_ten_thousand_rows_and_three_hundred_bad_ones(program: Program, taken: Any, settings: Any) -> None:
    settings.BATCH_ROWS = 2_000
    bad = {33 * number: {"petal_width": "wide"} for number in range(300)}
    begun = taken(files.content(10_000, bad))
    assert (begun["status"], begun["is_over"], begun["start"]) == ("checking", False, "run")
    assert program.get(begun["links"]["self"] + "/results.csv").status_code == 409
    work_off()
    done = program.get(begun["links"]["self"]).json()
    assert (done["status"], done["is_over"], done["reason"]) == ("done", True, None)
    assert done["rows"] == {"total": 10_000, "checked": 10_000, "predicted": 9_700, "rejected": 300}
    assert done["findings"] == {
        "errors": [{"field": "petal_width", "code": "not_a_number", "count": 300}],
        "warnings": done["findings"]["warnings"],
    }
    told = rows(program.get(done["links"]["results"]))
    stored = answers(Batch.objects.get())
    assert {row["flower"]: (row["label"], float(row["score"])) for row in told} == stored
    assert [int(row["row"]) for row in told] == [number + 1 for number in range(10_000) if number not in bad]
    assert len(told) == 9_700
    refused = rows(program.get(done["links"]["rejected"]))
    assert [(row["flower"], row["petal_width"]) for row in refused] == [(f"F-{number}", "wide") for number in bad]
    assert [int(row["row"]) for row in refused] == [number + 1 for number in bad]
    assert {(row["field"], row["code"], row["reason"]) for row in refused} == {
        ("petal_width", "not_a_number", "Enter a number.")
    }
    assert done["version"] == 1
    assert done["created_at"] < done["submitted_at"] < done["finished_at"]


def test_a_taken_file_is_told_with_its_address(program: Program, iris: ModelVersion) -> None:
    response = program.send(files.content(3))
    body = response.json()
    assert (response.status_code, response["Location"]) == (202, f"{PATH}/{body['id']}")
    assert body["mapping"] == {"fields": {name: name for name in IRIS}, "key": "flower"}
    assert body["dialect"] == {"delimiter": "comma", "encoding": "utf-8", "decimal": "point", "header": True}
    assert (body["model"], body["version"], body["commit"], body["by"]) == ("iris", 1, iris.commit, "analyst")
    assert program.get(response["Location"]).json() == body


def test_it_may_stop_after_the_check(program: Program, taken: Any, analyst: User) -> None:
    begun = taken(start="check")
    work_off()
    body = program.get(begun["links"]["self"]).json()
    assert (body["status"], body["start"], body["rows"]["predicted"]) == ("checked", "check", 0)
    assert rows(program.get(body["links"]["rejected"])) == []
    browser = Client()
    browser.force_login(analyst)
    assert browser.get(f"/batches/{body['id']}/", follow=True).status_code == 200
    assert browser.post(f"/batches/{body['id']}/check/", {"verb": "run"}).status_code == 302
    work_off()
    assert Batch.objects.get().status == "done"


def test_the_default_model_is_asked(program: Program, price: ModelVersion) -> None:
    body = program.send(b"surface;rooms\n100,5;4\n", model=None, key_column=None).json()
    assert (body["model"], body["dialect"]["delimiter"], body["dialect"]["decimal"]) == ("house", "semicolon", "comma")
    work_off()
    assert Prediction.objects.get().inputs == {"surface": 100.5, "rooms": 4}


def test_what_is_said_of_the_writing_counts(taken: Any) -> None:
    lines = b"1,5;3,5;1,4;0,2\n1,234;3,5;1,4;0,2\n"
    named = {name: f"column_{number}" for number, name in enumerate(IRIS, 1)}
    said = {"delimiter": "semicolon", "decimal": "comma", "encoding": "cp1252", "header": "false"}
    body = taken(lines, mapping=json.dumps(named), key_column=None, **said)
    work_off()
    assert body["dialect"] == said | {"header": False}
    assert [found.inputs["sepal_length"] for found in Prediction.objects.order_by("id")] == [1.5, 1.234]


def test_a_file_without_a_good_row_is_refused_with_its_rows(program: Program, taken: Any) -> None:
    begun = taken(files.content(3, {number: {"petal_width": "wide"} for number in range(3)}))
    work_off()
    body = program.get(begun["links"]["self"]).json()
    assert (body["status"], "nothing to run" in body["reason"]) == ("refused", True)
    assert [row["field"] for row in rows(program.get(body["links"]["rejected"]))] == ["petal_width"] * 3
    assert rows(program.get(body["links"]["results"])) == []
    assert not Prediction.objects.exists()


def test_what_is_wrong_with_a_row_itself_is_of_no_field(program: Program, taken: Any) -> None:
    begun = taken(files.content(3) + b"F-9,1,1,1,1,1,1\n")
    work_off()
    (error,) = program.get(begun["links"]["self"]).json()["findings"]["errors"]
    assert (error["field"], error["count"]) == (None, 1)


def test_a_file_that_breaks_off_says_why_and_that_nothing_was_kept(
    program: Program, taken: Any, problem: Callable[..., dict[str, Any]]
) -> None:
    begun = taken(files.content(3) + b'"F-9,1,1,1,1\n')
    work_off()
    body = program.get(begun["links"]["self"]).json()
    assert (body["status"], "quotation mark" in body["reason"], body["links"]["results"]) == ("refused", True, None)
    for file in ("results.csv", "rejected.csv"):
        assert "refused, or stopped" in problem(program.get(f"{PATH}/{body['id']}/{file}"), 410, "gone")["detail"]
    assert not BatchPart.objects.exists()


def test_a_workbook_is_read_first(program: Program, taken: Any) -> None:
    sheet = saved([["flower", *IRIS], *([f"F-{number}", *IRIS.values()] for number in range(3))])
    begun = taken(sheet, name="flowers.xlsx")
    assert (begun["status"], begun["kind"], begun["mapping"]) == ("reading", "xlsx", None)
    work_off()
    body = program.get(begun["links"]["self"]).json()
    assert (body["status"], body["mapping"]["key"], len(answers(Batch.objects.get()))) == ("done", "flower", 3)


def test_a_workbook_may_stop_after_the_check_too(taken: Any) -> None:
    taken(saved([["flower", *IRIS], ["F-1", *IRIS.values()]]), name="flowers.xlsx", start="check")
    work_off()
    batch = Batch.objects.get()
    assert (batch.status, batch.wishes) == ("checked", None)


def test_a_workbook_without_a_needed_column_is_refused_with_the_reason(taken: Any) -> None:
    taken(saved([["flower", "sepal_length"], ["F-1", 5]]), name="flowers.xlsx")
    work_off()
    batch = Batch.objects.get()
    assert (batch.status, "mapping.petal_width: Choose the column" in batch.reason) == ("refused", True)


# Between the check and the run


def checked(batch: Batch) -> Callable[[], bool]:
    return lambda: Batch.objects.filter(pk=batch.pk, status="checked").exists()


def test_a_promotion_in_between_is_checked_for_by_itself(taken: Any, promoted: Callable[..., ModelVersion]) -> None:
    taken(files.content(8))
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    second = promoted("iris")
    serving.forget()
    work_off()
    batch.refresh_from_db()
    assert (batch.status, batch.version, len(answers(batch))) == ("done", second, 8)


def test_a_promoted_version_may_need_a_column_that_was_not_used(
    taken: Any, promoted: Callable[..., ModelVersion]
) -> None:
    taken(files.content(8))
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    without = {name: place for name, place in batch.mapping["fields"].items() if name != "sepal_width"}
    Batch.objects.update(mapping={"fields": without, "key": 0})
    promoted("iris")
    serving.forget()
    work_off()
    batch.refresh_from_db()
    assert (batch.status, len(batch.mapping["fields"]), len(answers(batch))) == ("done", 4, 8)


def test_a_suspended_model_is_waited_for(taken: Any, iris: ModelVersion, administrator: User) -> None:
    taken()
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    serving.forget()
    assert work_off() == 1
    batch.refresh_from_db()
    assert (batch.status, "is suspended" in batch.reason) == ("checked", True)
    promotions.resume(model=iris.model, by=administrator, reason="settled")
    serving.forget()
    files.later(batch)
    work_off()
    batch.refresh_from_db()
    assert (batch.status, batch.reason) == ("done", "")


def test_who_may_not_ask_any_more_gets_no_answers(taken: Any, analyst: User) -> None:
    taken()
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    analyst.groups.clear()
    work_off()
    batch.refresh_from_db()
    assert (batch.status, "no longer ask" in batch.reason) == ("refused", True)


def test_a_person_who_takes_over_is_not_overtaken(taken: Any, analyst: User) -> None:
    taken()
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    browser = Client()
    browser.force_login(analyst)
    browser.post(f"/batches/{batch.pk}/columns/", {"read": "", "header": "yes"})
    batch.refresh_from_db()
    assert (batch.status, batch.wishes, batch.runs_after_check) == ("mapping", None, False)
    assert work_off() == 0


def test_a_start_that_fails_again_and_again_comes_to_an_end(taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken()
    batch = Batch.objects.get()
    work_off(until=checked(batch))
    monkeypatch.setattr("predictions.batches.unattended.verbs.submit", lambda **_named: 1 / 0)
    assert work_off() == 3
    batch.refresh_from_db()
    assert (batch.status, "3 attempts" in batch.reason) == ("refused", True)


# Which column is what


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"mapping": {"sepal_width": None}}, ("mapping.sepal_width", "missing_column")),
        ({"mapping": {"sepal_width": "nothing"}}, ("mapping.sepal_width", "unknown_column")),
        ({"mapping": {"colour": "flower"}}, ("mapping.colour", "unknown_field")),
        ({"mapping": {"sepal_width": "petal_width"}}, ("mapping.petal_width", "missing_column")),
        (
            {"mapping": {"sepal_width": "flower", "petal_width": "flower"}},
            ("mapping.petal_width", "column_twice"),
        ),
        ({"key_column": "nothing"}, ("key", "unknown_column")),
        ({"dataset": "nothing"}, ("dataset", "unknown_dataset")),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_field(
    program: Program, iris: ModelVersion, problem: Any, form: dict[str, Any], wrong: tuple[str, str]
) -> None:
    form = form | ({"mapping": json.dumps(form["mapping"])} if "mapping" in form else {})
    told = problem(program.send(files.content(3), **form), 400, "invalid_input")
    assert wrong in [(error["field"], error["code"]) for error in told["errors"]]
    assert not Batch.objects.exists()
    assert not BatchPart.objects.exists()


def test_every_needed_field_without_a_column_is_named_at_once(
    program: Program, iris: ModelVersion, problem: Any
) -> None:
    told = problem(program.send(b"flower,sepal_length\n1,2\n"), 400, "invalid_input")
    assert {error["field"] for error in told["errors"]} == {f"mapping.{name}" for name in [*IRIS][1:]}


def test_several_columns_of_one_name_are_ambiguous(program: Program, iris: ModelVersion, problem: Any) -> None:
    content = b"flower,flower,sepal_length,Sepal length,sepal_width,petal_length,petal_width\n1,1,2,3,4,5,6\n"
    told = problem(program.send(content), 400, "invalid_input")
    assert {(error["field"], error["code"]) for error in told["errors"]} == {
        ("key", "ambiguous_column"),
        ("mapping.sepal_length", "ambiguous_column"),
    }
    said = json.dumps({"sepal_length": "Sepal length"})
    assert program.send(content, key_column="", mapping=said).status_code == 202


def test_a_mapping_is_remembered_for_the_next_file(taken: Any, program: Program) -> None:
    content = files.content(3).replace(b"sepal_width", b"w")
    taken(content, mapping=json.dumps({"sepal_width": "w"}))
    assert taken(content, key_column=None)["mapping"] == {
        "fields": {**{name: name for name in IRIS}, "sepal_width": "w"},
        "key": "flower",
    }
    assert ColumnMapping.objects.count() == 1


def test_the_keys_of_a_set_lead_to_its_records(taken: Any, flowers: Any, program: Program, analyst: User) -> None:
    records = flowers(3)
    assert taken(key_column="flower")["dataset"] == "flowers"
    assert taken(dataset="flowers")["dataset"] == "flowers"
    assert taken(dataset="")["dataset"] is None
    work_off()
    assert Prediction.objects.filter(record=records[0]).count() == 2
    assert program.send(files.content(3), dataset="flowers", key_column="").json()["errors"][0]["field"] == "key"
