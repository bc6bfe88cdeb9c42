"""The waist: what it stores, refuses, replays and falls back to."""

import hashlib
from pathlib import Path

import onnx
import pytest
from django.conf import settings
from django.contrib.auth.models import User

from predictions import actions
from predictions.exceptions import InvalidInput, KeyReused, ModelSuspended, NotAnswered, UnknownModel
from predictions.models import IdempotencyKey, Prediction, PredictionFailure, Source
from registry import promotions, runtimes
from registry.facts import canonical
from registry.models import Artifact, ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.worlds import IRIS


def ask(by: User, model: str = "iris", row: dict | None = None, **options) -> actions.Answer:
    columns = {name: [value] for name, value in (IRIS if row is None else row).items()}
    return actions.predict(model=model, columns=columns, rows=1, source=Source.API, by=by, **options)


def test_answer_is_the_stored_row(iris: ModelVersion, analyst: User) -> None:
    answer = ask(analyst)
    stored = Prediction.objects.for_page().get(pk=answer.request_id)
    assert (stored.label, stored.version, stored.user, stored.source) == ("setosa", iris, analyst, "api")
    assert stored.inputs == IRIS
    assert stored.outputs == answer.predictions[0].outputs
    assert stored.ledger_entry.to_version == iris


def test_many_rows_are_copied_in_order(iris: ModelVersion, analyst: User) -> None:
    columns = {name: [value] * 120 for name, value in IRIS.items()} | {"petal_width": [i / 50 for i in range(120)]}
    answer = actions.predict(model="iris", columns=columns, rows=120, source=Source.API, by=analyst)
    stored = list(Prediction.objects.of_request(answer.request_id, 120))
    assert [row.inputs["petal_width"] for row in stored] == columns["petal_width"]
    assert [row.created_at for row in stored] == [row.created_at for row in answer.predictions]
    assert [row.row for row in stored] == list(range(120))


def test_out_of_range_is_a_warning_on_the_record(iris: ModelVersion, analyst: User) -> None:
    answer = ask(analyst, row=IRIS | {"petal_width": 9})
    assert [(w["field"], w["code"]) for w in answer.predictions[0].warnings] == [("petal_width", "out_of_range")]


def test_invalid_input_names_each_field_and_stores_nothing(iris: ModelVersion, analyst: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(analyst, row={"sepal_length": "tall", "sepal_width": None, "petal_length": 1.4, "petal_width": 1, "x": 1})
    found = {(error["field"], error["code"]) for error in refused.value.errors}
    assert found == {("sepal_length", "not_a_number"), ("sepal_width", "missing"), ("x", "unknown_field")}
    assert "tall" not in str(refused.value.errors)
    assert not Prediction.objects.exists()
    assert not PredictionFailure.objects.exists()


def test_unknown_and_suspended_models_are_refused(iris: ModelVersion, analyst: User, administrator: User) -> None:
    with pytest.raises(UnknownModel):
        ask(analyst, model="nothing")
    with pytest.raises(UnknownModel):
        ask(analyst, version=7)
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    with pytest.raises(ModelSuspended):
        ask(analyst)
    with pytest.raises(ModelSuspended):
        ask(analyst, version=1)
    promotions.resume(model=iris.model, by=administrator, reason="settled")
    assert ask(analyst).predictions[0].ledger_entry.kind == "resume"


def test_same_key_and_request_replays_also_after_a_promotion(iris: ModelVersion, promoted, analyst: User) -> None:
    first = ask(analyst, idempotency_key="k1")
    promoted("iris")
    again = ask(analyst, idempotency_key="k1")
    assert again.replayed
    assert [row.pk for row in again.predictions] == [row.pk for row in first.predictions]
    assert again.version == iris
    assert Prediction.objects.count() == 1


def test_same_key_with_another_request_is_refused(iris: ModelVersion, analyst: User, stranger: User) -> None:
    ask(analyst, idempotency_key="k1")
    with pytest.raises(KeyReused):
        ask(analyst, row=IRIS | {"petal_width": 0.3}, idempotency_key="k1")
    assert not ask(stranger, idempotency_key="k1").replayed


def test_invalid_input_does_not_use_up_the_key(iris: ModelVersion, analyst: User) -> None:
    with pytest.raises(InvalidInput):
        ask(analyst, row={}, idempotency_key="k1")
    assert not IdempotencyKey.objects.exists()
    assert not ask(analyst, idempotency_key="k1").replayed


def test_failure_of_the_runtime_is_recorded(iris: ModelVersion, analyst: User, monkeypatch) -> None:
    def fail(columns: object, rows: int) -> None:
        raise RuntimeFailed("The model took too long.", kind="deadline")

    monkeypatch.setattr(runtimes.load(iris), "predict", fail)
    with pytest.raises(NotAnswered) as failed:
        ask(analyst)
    stored = PredictionFailure.objects.get(pk=failed.value.failure_id)
    assert (stored.kind, stored.inputs, stored.version) == ("deadline", IRIS, iris)
    assert not Prediction.objects.exists()


def damage(version: ModelVersion) -> None:
    """Change the stored bytes of a version's graph behind the product's back."""
    digest = version.files.get(path=version.report["serving"]["graph"]).artifact_id
    Artifact.objects.filter(sha256=digest).update(content=b"damaged")
    Path(settings.ARTIFACT_CACHE, digest[:2], digest).unlink(missing_ok=True)


def with_note(graph: bytes) -> bytes:
    """The same graph in other bytes."""
    changed = onnx.load_model_from_string(graph)
    changed.doc_string = "the second version"
    return bytes(changed.SerializeToString())


def test_a_champion_that_cannot_be_loaded_falls_back_and_says_so(iris, promoted, examined, analyst: User) -> None:
    second = promoted("iris", graph=with_note(examined("iris").graph))
    damage(second)
    answer = ask(analyst)
    assert (answer.version, answer.predictions[0].fallback_from) == (iris, second)
    assert answer.predictions[0].ledger_entry.to_version == second
    with pytest.raises(NotAnswered):
        ask(analyst, version=2)


def test_a_child_that_cannot_be_started_falls_back_too(iris, unstartable: ModelVersion, analyst: User) -> None:
    answers = [ask(analyst) for _ in range(4)]  # a child that never starts is not even tried again after the third
    assert [(each.version, each.predictions[0].fallback_from) for each in answers] == [(iris, unstartable)] * 4


def test_without_a_version_before_it_a_damaged_champion_answers_nothing(iris: ModelVersion, analyst: User) -> None:
    damage(iris)
    with pytest.raises(NotAnswered) as failed:
        ask(analyst)
    assert failed.value.kind == "load"
    assert not Prediction.objects.exists()


def test_the_seal_can_be_checked_from_the_stored_row(iris: ModelVersion, analyst: User) -> None:
    stored = Prediction.objects.for_page().get(pk=ask(analyst, row=IRIS | {"petal_width": 9}, explain=True).request_id)
    number, version = str(stored.pk), stored.version
    who = [number, number, "api", analyst.pk, version.commit, version.number, str(stored.ledger_entry_id)]
    payload = canonical([*who, stored.inputs, stored.outputs, stored.warnings, stored.explanation])
    assert stored.explanation is not None
    assert hashlib.sha256(bytes(stored.salt) + payload).digest() == bytes(stored.digest)
