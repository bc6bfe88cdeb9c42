"""Calls of many rows are stored as columns, by COPY: the rows are those that an INSERT writes."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from predictions import actions, sealing
from predictions.models import Awaited, Prediction, Source
from predictions.models.prediction import writing
from registry.facts import canonical
from registry.models import ModelVersion, RegisteredModel
from registry.signature import Feature, InvalidInput, Signature
from tests.worlds import IRIS, member

pytestmark = pytest.mark.django_db

AWKWARD = ["back\\slash", "tab\there", "two\nlines", "\\N", "é — 漢字 🙂", "\\.", 'quo"te', "carriage\rreturn"]


def asked(by: User, rows: int, **more: Any) -> actions.Answer:
    columns = {name: [value] * rows for name, value in IRIS.items()}
    return actions.predict(**{"model": "iris", "columns": columns, "rows": rows, "source": Source.API, "by": by} | more)


def stored(answer: actions.Answer) -> list[dict[str, Any]]:
    own = {"id", "request_id", "created_at", "salt", "digest", "duration", "row"}
    found = Prediction.objects.of_call(answer.request_id)
    return [{name: value for name, value in row.items() if name not in own} for row in found.values()]


def test_copy_writes_what_insert_writes(iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = len(AWKWARD)
    by_insert = stored(asked(analyst, rows, cases=AWKWARD))
    monkeypatch.setattr(writing, "COPY_FROM", 1)
    by_copy = stored(asked(analyst, rows, cases=AWKWARD))
    assert by_copy == by_insert
    assert [row["key"] for row in by_copy] == AWKWARD


def test_awkward_json_is_copied_as_it_is(iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "COPY_FROM", 1)
    template = asked(analyst, 1).predictions[0]
    made = asked(analyst, 1)
    monkeypatch.setattr(writing, "_insert", None)  # COPY or nothing
    shared = {name: getattr(template, name) for name in ("version", "ledger_entry", "source", "user", "duration")}
    ids = [sealing.numbers(1)[0] for _ in AWKWARD]
    own = {
        "id": ids,
        "request_id": ids,
        "row": range(len(ids)),
        "inputs": [{text: text, "n": 0.1} for text in AWKWARD],
        "outputs": [{"label": text} for text in AWKWARD],
        "label": AWKWARD,
        "score": [1e-300, -0.0, 1e300, 0.1, 1 / 3, 5.0, 2.0**-1074, 1e22],
        "salt": [b"\\\x00\n\t"] * len(ids),
        "digest": [b"\xff" * 32] * len(ids),
    }
    writing.write(connection, writing.Rows(shared, own))
    found = {row.pk: row for row in Prediction.objects.filter(pk__in=ids)}
    for index, number in enumerate(ids):
        row = found[number]
        assert (row.inputs, row.outputs, row.label) == tuple(
            own[name][index] for name in ("inputs", "outputs", "label")
        )
        assert (row.score, bytes(row.salt), bytes(row.digest)) == (own["score"][index], b"\\\x00\n\t", b"\xff" * 32)
    assert made.size == 1


def test_each_row_has_a_seal_of_its_own(iris: ModelVersion, analyst: User) -> None:
    import hashlib

    answer = asked(analyst, 60, cases=[f"E{number}" for number in range(60)])
    for row in answer.predictions:
        who = [
            str(row.pk),
            str(answer.request_id),
            "api",
            analyst.pk,
            iris.commit,
            iris.number,
            str(row.ledger_entry_id),
        ]
        payload = [*who, row.inputs, row.outputs, row.warnings, row.explanation, {"key": row.key}]
        assert hashlib.sha256(bytes(row.salt) + canonical(payload)).digest() == bytes(row.digest)
    assert len({bytes(row.salt) for row in answer.predictions}) == 60


def test_a_high_risk_answer_awaits_a_decision_and_later_its_outcome(iris: ModelVersion, analyst: User) -> None:
    RegisteredModel.objects.update(is_high_risk=True, outcome_days=30)
    answer = asked(analyst, 60)
    found = Awaited.objects.values_list("kind", "prediction", "user", "model")
    for kind in Awaited.Kind.values:
        expected = {(kind, row.pk, analyst.pk, iris.model_id) for row in answer.predictions}
        assert {each for each in found if each[0] == kind} == expected
    waited = Awaited.objects.get(kind="outcome", prediction=answer.request_id).due_date
    assert (waited - answer.predictions[0].created_at.date()).days == 30


@pytest.mark.parametrize("source", [Source.API, Source.CHANGED])
def test_what_was_tried_out_awaits_nothing(iris: ModelVersion, analyst: User, source: str) -> None:
    RegisteredModel.objects.update(is_high_risk=True)
    asked(analyst, 1, source=source)
    assert Awaited.objects.exists() == (source == Source.API)


def test_nor_what_a_visitor_asked(iris: ModelVersion) -> None:
    RegisteredModel.objects.update(is_high_risk=True)
    asked(member("guest", "visitor"), 1)
    assert not Awaited.objects.exists()


def test_what_is_remembered_of_texts_changes_no_verdict() -> None:
    signature = Signature(
        task="tabular-classification",
        features=(
            Feature(name="n", dtype="integer", min=0, max=9, train_range=(0, 5)),
            Feature(name="b", dtype="boolean"),
        ),
    )
    for _again in range(2):  # the second time from memory
        table = signature.clean({"n": ["1", "7", "1"], "b": ["1", "yes", "0"]}, 3)
        assert (table.values["n"], table.values["b"]) == ([1, 7, 1], [True, True, False])
        assert [each["row"] for each in table.warnings] == [1]
        with pytest.raises(InvalidInput) as refused:
            signature.clean({"n": ["1", "x", "10"], "b": ["1", "1", ""]}, 3)
        assert [(each["row"], each["field"]) for each in refused.value.errors] == [(1, "n"), (2, "n"), (2, "b")]
    # 1, 1.0 and True are one key of a dict, and mean different things.
    assert signature.clean({"n": [1, 1.0], "b": [True, 1]}, 2).values == {"n": [1, 1], "b": [True, True]}


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_an_answer_is_told_as_it_is_stored(
    iris: ModelVersion, analyst: User, rows: int, django_assert_num_queries: Any
) -> None:
    answer = asked(analyst, rows)
    told = answer.predictions
    found = list(Prediction.objects.of_call(answer.request_id))
    for field in Prediction._meta.concrete_fields:
        values = [getattr(row, field.attname) for row in told]
        kept = [getattr(row, field.attname) for row in found]
        if field.get_internal_type() == "BinaryField":
            kept = [bytes(value) for value in kept]
        assert values == kept, field.attname
    with django_assert_num_queries(0):  # what a door says of each row is there
        assert {(row.version, row.user, row.ledger_entry.number, row.fallback_from) for row in told} == {
            (iris, analyst, 1, None)
        }


def test_of_more_rows_nobody_makes_instances(
    iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "INSTANCES_TO", 4)
    monkeypatch.setattr(writing.Rows, "instances", None)
    monkeypatch.setattr(writing, "COPY_FROM", 1)
    assert [row.row for row in asked(analyst, 5).predictions] == [0, 1, 2, 3, 4]
