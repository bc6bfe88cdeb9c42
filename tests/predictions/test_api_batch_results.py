"""The files that programs get back: the same names and values in every language, and nothing is cut off."""

import io
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from predictions.batches import parts
from predictions.batches.added import end_of_own, first_added
from predictions.models import Batch, BatchChunk, Outcome, Prediction, RejectedRow
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import work_off
from tests.predictions.programs import Program, rows
from tests.predictions.test_batch_xlsx import saved
from tests.worlds import IRIS

CLASSES = ["setosa", "versicolor", "virginica"]
ANSWER = ["row", "prediction_id", "label", "score", *(f"probability_{name}" for name in CLASSES), "warnings"]
WRONG = ["row", "field", "code", "reason"]


def text(program: Program, path: str, **headers: str) -> str:
    response = program.get(path, **headers)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


@pytest.fixture
def done(taken: Any) -> Callable[..., str]:
    """`done(content)`: the path of a file that is over."""

    def path(content: bytes | None = None, **form: Any) -> str:
        found: str = taken(content, **form)["links"]["self"]
        work_off()
        return found

    return path


# The answers


def test_answers_have_fixed_names_and_all_digits(program: Program, done: Any) -> None:
    path = done(files.content(5, {1: {"petal_width": "wide"}, 3: {"sepal_width": "29"}}))
    found = rows(program.get(f"{path}/results.csv"))
    assert [*found[0]] == [*files.HEADINGS, *ANSWER]
    assert [line["row"] for line in found] == ["1", "3", "4", "5"]
    for line, stored in zip(found, Prediction.objects.order_by("id"), strict=True):
        assert (line["prediction_id"], line["label"], line["flower"]) == (str(stored.pk), stored.label, stored.key)
        assert float(line["score"]) == stored.score
        assert {name: float(line[f"probability_{name}"]) for name in CLASSES} == stored.outputs["probabilities"]
    assert [line["warnings"] for line in found] == ["", "", "sepal_width:out_of_range", ""]


def test_answers_are_the_same_in_every_language(program: Program, done: Any) -> None:
    path = done()
    english, french = (text(program, f"{path}/results.csv", accept_language=code) for code in ("en", "fr"))
    assert english == french
    assert not english.startswith("\ufeff")
    parts.remove(Batch.objects.get().pk)
    english, french = (text(program, f"{path}/results.csv", accept_language=code) for code in ("en", "fr"))
    assert english == french


def test_pandas_reads_answers_without_being_told_anything(program: Program, done: Any) -> None:
    path = done(files.content(30, {7: {"sepal_width": "29"}}))
    found = pd.read_csv(io.StringIO(text(program, f"{path}/results.csv")))
    assert found["row"].tolist() == [*range(1, 31)]
    assert found["score"].tolist() == [*Prediction.objects.order_by("id").values_list("score", flat=True)]
    assert abs(found[[f"probability_{name}" for name in CLASSES]].sum(axis=1) - 1).max() < 1e-9


def test_labels_are_sent_back_as_outcomes(program: Program, done: Any) -> None:
    found = rows(program.get(f"{done()}/results.csv"))
    today = timezone.localdate().isoformat()
    told = [{"prediction": line["prediction_id"], "label": line["label"], "observed_date": today} for line in found]
    headers = {"authorization": program.key}
    sent = program.client.post("/api/v1/outcomes", json.dumps({"outcomes": told}), "application/json", headers=headers)
    assert sent.status_code in {200, 201}, sent.content
    assert Outcome.objects.count() == 5


def test_empty_lines_do_not_count(program: Program, done: Any) -> None:
    head, *lines = files.content(3, {1: {"petal_width": "wide"}}).splitlines(keepends=True)
    path = done(b"".join([head, b"\r\n", lines[0], b"\r\n\r\n", *lines[1:]]))
    assert [line["row"] for line in rows(program.get(f"{path}/results.csv"))] == ["1", "3"]
    assert [line["row"] for line in rows(program.get(f"{path}/rejected.csv"))] == ["2"]


def test_numbers_have_the_decimal_sign_of_the_file(program: Program, done: Any) -> None:
    content = files.content(4).replace(b",", b";").replace(b".", b",")
    path = done(content, key_column=None)
    found = pd.read_csv(io.StringIO(text(program, f"{path}/results.csv")), sep=";", decimal=",")
    assert found["score"].tolist() == [*Prediction.objects.order_by("id").values_list("score", flat=True)]
    assert found["sepal_width"].tolist() == [3.5] * 4


def test_a_workbook_comes_back_with_commas_and_points(program: Program, done: Any) -> None:
    path = done(saved([["flower", *IRIS], *([f"F-{row}", *IRIS.values()] for row in range(3))]), name="flowers.xlsx")
    found = text(program, f"{path}/results.csv", accept_language="fr")
    assert pd.read_csv(io.StringIO(found))["sepal_length"].tolist() == [IRIS["sepal_length"]] * 3


def test_values_have_a_column_of_their_own(program: Program, price: ModelVersion) -> None:
    path = program.send(b"surface,rooms\n100.5,4\n80,2\n", model=None, key_column=None).json()["links"]["self"]
    work_off()
    found = rows(program.get(f"{path}/results.csv"))
    assert [*found[0]] == ["surface", "rooms", "row", "prediction_id", "value", "warnings"]
    assert [float(line["value"]) for line in found] == [
        *Prediction.objects.order_by("id").values_list("score", flat=True)
    ]


def test_own_columns_keep_their_names(program: Program, done: Any) -> None:
    content = files.content(3, {1: {"petal_width": "wide"}}).replace(b"flower,", b"Label,", 1)
    path = done(content, key_column="Label")
    found = rows(program.get(f"{path}/results.csv"))
    assert [*found[0]] == ["Label", *IRIS, *(name.replace("label", "label_2") for name in ANSWER)]
    assert (found[0]["Label"], found[0]["label_2"] in CLASSES) == ("F-0", True)
    content = content.replace(b"Label,", b"code,", 1)
    again = rows(program.get(f"{done(content, key_column='code')}/rejected.csv"))
    assert [*again[0]] == ["code", *IRIS, "row", "field", "code_2", "reason"]


def test_a_field_of_the_model_keeps_its_name(
    program: Program, promoted: Callable[..., ModelVersion], examined: Callable[[str], Any]
) -> None:
    described = json.loads(json.dumps(examined("iris").signature_json))
    described["inputs"]["features"][0]["label"] = "Score"
    promoted("iris", signature_json=described)
    path = program.send(files.content(2)).json()["links"]["self"]
    work_off()
    assert "score_2" in rows(program.get(f"{path}/results.csv"))[0]


def test_without_the_file_the_fields_stand_there(program: Program, done: Any, token: Any) -> None:
    path = done(files.content(4, {1: {"petal_width": "wide"}}))
    parts.remove(Batch.objects.get().pk)
    found = rows(program.get(f"{path}/results.csv"))
    assert [*found[0]] == ["key", *IRIS, *ANSWER]
    assert [(line["key"], line["row"]) for line in found] == [("F-0", "1"), ("F-2", "3"), ("F-3", "4")]
    assert [float(line["sepal_width"]) for line in found] == [3.5] * 3


def test_who_may_not_see_a_field_is_not_told_of_its_warning_either(
    program: Program, promoted: Callable[..., ModelVersion], examined: Callable[[str], Any], token: Any
) -> None:
    described = json.loads(json.dumps(examined("iris").signature_json))
    described["inputs"]["features"][1]["sensitive"] = "personal"
    promoted("iris", signature_json=described)
    path = program.send(files.content(2, {1: {"sepal_width": "29"}})).json()["links"]["self"]
    work_off()
    looker = User.objects.create_user("looker")
    looker.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    (_first, line) = rows(Program(token(looker)).get(f"{path}/results.csv"))
    assert ("sepal_width" in line, line["warnings"]) == (False, ":out_of_range")


def test_a_row_whose_place_nobody_knows_has_no_number(program: Program, done: Any) -> None:
    path = done(files.content(4, {1: {"petal_width": "wide"}}))
    RejectedRow.objects.all().delete()
    found = rows(program.get(f"{path}/results.csv"))
    assert [(line["flower"], line["row"]) for line in found] == [("F-0", ""), ("F-2", ""), ("F-3", "")]
    assert BatchChunk.objects.count() == 1


# The rows without one


def test_every_error_of_a_row_has_its_field_and_code(program: Program, done: Any) -> None:
    content = files.content(4, {1: {"petal_width": "", "sepal_width": "99"}, 2: {"flower": "@x", "petal_width": "a"}})
    path = done(content + b"F-9,1,1,1,1,more,=even\r\nF-8,1\r\n")
    lines = text(program, f"{path}/rejected.csv")
    found = rows(program.get(f"{path}/rejected.csv"))
    assert [*found[0]] == [*files.HEADINGS, *WRONG]
    assert [(line["row"], line["field"], line["code"]) for line in found] == [
        ("2", "sepal_width;petal_width", "out_of_bounds;missing"),
        ("3", "petal_width", "not_a_number"),
        ("5", "", "ragged_long"),
        ("6", "", "ragged_short"),
    ]
    assert "more | =even" in found[2]["reason"]
    assert [*pd.read_csv(io.StringIO(lines))["row"]] == [2, 3, 5, 6]


def test_rejected_rows_are_mended_and_sent_again(program: Program, done: Any) -> None:
    path = done(files.content(6, {2: {"petal_width": "wide"}, 4: {"petal_width": "wide"}}))
    lines = text(program, f"{path}/rejected.csv")
    half = done(lines.replace("wide", "0.2", 1).encode())
    # What came from here does not come back twice, and leaves the names free.
    assert [*rows(program.get(f"{half}/rejected.csv"))[0]] == [*files.HEADINGS, *WRONG]
    (line,) = rows(program.get(f"{half}/results.csv"))
    assert ([*line], line["flower"], line["row"]) == ([*files.HEADINGS, *ANSWER], "F-2", "1")
    again = done(lines.replace("wide", "0.2").encode(), key_column=None)
    body = program.get(again).json()
    assert (body["status"], body["rows"]["predicted"], body["mapping"]["key"]) == ("done", 2, "flower")


@pytest.mark.parametrize(
    ("headings", "own"),
    [
        (["id", *ANSWER], 1),
        (["id", "a", *WRONG, *ANSWER], 2),
        (["id", "row", "prediction_id", "value", "warnings"], 1),
        (["id", *(name.replace("label", "label_2") for name in ANSWER)], 1),
        (["id", "label"], 2),
        (["id", "code"], 2),
        (["id", *ANSWER, "mine"], len(ANSWER) + 2),
        (WRONG, 4),
        ([], 0),
    ],
)
def test_columns_of_ours_are_known_all_together(headings: list[str], own: int) -> None:
    assert end_of_own(headings) == own
    assert first_added(headings) == (3 if headings == WRONG else own)  # “reason” is a word of the pages
