"""A file is checked before anything is asked: what is wrong, where, and what the model never saw."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from predictions.batches import checking, running, turns
from predictions.exceptions import ChunkTaken
from predictions.models import Batch, Prediction, RejectedRow
from registry import serving
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import checked, later, refused, work_off


def findings(batch: Batch) -> dict:
    (found,) = batch.chunks.values_list("findings", flat=True)
    return found


def test_errors_are_grouped_with_their_rows_and_examples(iris: ModelVersion, analyst: User) -> None:
    wrong = {number: {"sepal_width": "wide"} for number in range(12)} | {
        13: {"sepal_width": "broad", "petal_width": ""},
        14: {"sepal_width": "large"},
        15: {"sepal_width": "huge"},
    }
    batch = checked(iris, analyst, 20, changes=wrong)
    assert findings(batch)["errors"] == [
        {
            "field": "sepal_width",
            "code": "not_a_number",
            "count": 15,
            "lines": list(range(2, 12)),
            "examples": ["wide", "broad", "large"],
        },
        {"field": "petal_width", "code": "missing", "count": 1, "lines": [15], "examples": []},
    ]
    assert refused(batch)[15] == [
        {"field": "sepal_width", "code": "not_a_number"},
        {"field": "petal_width", "code": "missing"},
    ]
    assert batch.chunks.get().rejected == 15
    assert not Prediction.objects.exists()


def test_a_rejected_row_keeps_its_own_cells(iris: ModelVersion, analyst: User) -> None:
    checked(iris, analyst, 3, changes={1: {"sepal_width": "wide"}})
    kept = RejectedRow.objects.get()
    assert (kept.first, kept.line, kept.cells[0], kept.cells[2]) == (1, 3, "F-1", "wide")


def test_values_the_model_never_saw_are_warnings(iris: ModelVersion, analyst: User) -> None:
    unseen = {4: {"petal_width": 9, "petal_length": 9}, 5: {"petal_width": 8, "sepal_width": "wide"}}
    found = findings(checked(iris, analyst, 20, changes=unseen))
    assert [(item["field"], item["code"], item["lines"], item["examples"]) for item in found["warnings"]] == [
        ("petal_length", "out_of_range", [6], ["9"]),
        ("petal_width", "out_of_range", [6], ["9"]),
    ]
    assert found["warned"] == 1


def test_numbers_are_counted_over_what_the_model_learned_from(iris: ModelVersion, analyst: User) -> None:
    (feature,) = [item for item in iris.parsed_signature().features if item.name == "petal_width"]
    low, high = feature.train_range
    values = {
        0: {"petal_width": low},
        1: {"petal_width": high},
        2: {"petal_width": high + 1},
        3: {"petal_width": low - 0.1},
    }
    spread = findings(checked(iris, analyst, 4, changes=values))["columns"]["petal_width"]
    assert spread == {"below": 1, "above": 1, "bins": [1, *[0] * 18, 1]}


def test_what_is_wrong_with_the_row_itself(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 5, changes={1: {"petal_width": "1\x00"}, 2: {"flower": "F" * 201}})
    work_off()
    assert refused(batch) == {
        3: [{"field": "", "code": "bad_character"}],
        4: [{"field": "", "code": "cell_too_long"}],
    }
    assert {(item["field"], item["code"]) for item in findings(batch)["errors"]} == {
        ("", "bad_character"),
        ("", "cell_too_long"),
    }


def test_a_field_without_a_column_is_no_error_where_it_may_be_missing(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 5)
    running.do(turns.take(timezone.now()))
    piece, known = turns.take(timezone.now()), serving.signature_of(iris)
    signature = replace(known, features=tuple(replace(feature, nullable=True) for feature in known.features))
    del piece.batch.mapping["fields"]["sepal_width"]
    checking.check_chunk(piece.chunk, piece.batch, signature)
    assert findings(batch)["errors"] == []
    assert findings(batch)["columns"]["sepal_width"]["bins"] == [0] * 20


def test_all_rows_bad(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 5, changes={number: {"sepal_width": "wide"} for number in range(5)})
    assert (len(refused(batch)), findings(batch)["warnings"]) == (5, [])


@pytest.mark.django_db(transaction=True)
def test_the_second_check_of_a_chunk_is_rolled_back(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 5, changes={1: {"sepal_width": "wide"}})
    running.do(turns.take(timezone.now()))
    slow = turns.take(timezone.now())
    later(batch)
    fast = turns.take(timezone.now())
    signature = serving.signature_of(iris)
    checking.check_chunk(fast.chunk, fast.batch, signature)
    with pytest.raises(ChunkTaken):
        checking.check_chunk(slow.chunk, slow.batch, signature)
    assert len(refused(batch)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_check_stores_all_or_nothing(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 5, changes={1: {"sepal_width": "wide"}})
    running.do(turns.take(timezone.now()))
    piece = turns.take(timezone.now())
    RejectedRow.objects.create(batch=batch, first=1, line=3, cells=[], errors=[])  # which is refused twice
    with pytest.raises(IntegrityError):
        checking.check_chunk(piece.chunk, piece.batch, serving.signature_of(iris))
    assert batch.chunks.get().status == "cut"


def test_a_row_that_kills_its_checker_is_rejected(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 5)
    while piece := turns.take(timezone.now()):
        chunk = piece.chunk
        if chunk is not None and chunk.first <= 3 < chunk.first + chunk.rows and chunk.attempts <= running.MAX_ATTEMPTS:
            later(batch)
        else:
            running.do(piece)
    batch.refresh_from_db()
    assert (batch.status, refused(batch)) == (Batch.Status.CHECKED, {5: [{"field": "", "code": "crashed"}]})
