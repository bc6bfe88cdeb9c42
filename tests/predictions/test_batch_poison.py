"""Rows that nobody can answer cost no other row its answer; a model that is away costs none."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from predictions.batches import running, turns
from predictions.models import Batch, Prediction, PredictionFailure, RejectedRow
from registry import promotions, runtimes
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions.files import answers, later, refused, submitted, work_off

Status = Batch.Status


@pytest.fixture(autouse=True)
def _small_chunks(settings) -> None:
    settings.BATCH_ROWS = 7


def now(batch: Batch) -> Batch:
    batch.refresh_from_db()
    return batch


# -- rows that cannot be answered


def poisoned(version: ModelVersion, monkeypatch: pytest.MonkeyPatch, *, at: float, kind: str) -> list[int]:
    """The model fails whenever it is asked about a sepal of that width; the sizes of the calls that failed."""
    runtime, sizes = runtimes.load(version), []
    predict = runtime.predict

    def fail(columns, rows):
        if (columns["sepal_width"] == at).any():
            sizes.append(rows)
            raise RuntimeFailed("The model failed.", kind=kind)
        return predict(columns, rows)

    monkeypatch.setattr(runtime, "predict", fail)
    return sizes


@pytest.mark.parametrize("kind", ["model", "deadline"])
def test_poison_rows_are_rejected_and_the_rest_is_answered(iris, analyst: User, settings, monkeypatch, kind) -> None:
    settings.BATCH_ROWS = 1000
    poison = {number: {"sepal_width": 9.25} for number in (0, 700, 1900)}
    batch = submitted(iris, analyst, 2000, changes=poison)
    sizes = poisoned(iris, monkeypatch, at=9.25, kind=kind)
    work_off()
    assert now(batch).status == Status.DONE
    assert refused(batch) == {number + 2: [{"field": "", "code": "not_answered"}] for number in poison}
    assert len(answers(batch)) == 1997
    tries = 1 if kind == "model" else running.MAX_ATTEMPTS
    assert {size: sizes.count(size) for size in sizes} == {1000: 2 * tries, 31: 3 * tries, 1: 3 * tries}
    assert PredictionFailure.objects.filter(batch=batch).count() == 3 * tries


def test_a_row_that_kills_its_worker_is_rejected_after_the_third_time(iris, analyst: User) -> None:
    batch = submitted(iris, analyst, 10)
    deaths = 0
    while piece := turns.take(timezone.now()):
        chunk = piece.chunk
        is_deadly = chunk is not None and chunk.first <= 4 < chunk.first + chunk.rows
        if is_deadly and chunk.attempts <= running.MAX_ATTEMPTS:
            deaths += 1  # as SIGKILL does: nothing is given back
            later(batch)
        else:
            running.do(piece)
    assert now(batch).status == Status.DONE
    assert refused(batch) == {6: [{"field": "", "code": "crashed"}]}
    assert (len(answers(batch)), deaths, batch.resumed) == (9, 6, 6)


def test_what_the_waist_refuses_at_the_last_moment_is_rejected(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 10, changes={4: {"sepal_width": "wide"}})
    RejectedRow.objects.filter(batch=batch).delete()
    batch.chunks.update(rejected=0)
    work_off()
    assert now(batch).status == Status.DONE
    assert refused(batch) == {6: [{"field": "sepal_width", "code": "not_a_number"}]}
    assert len(answers(batch)) == 9


def test_an_unforeseen_error_does_not_stop_the_other_chunks(iris, analyst: User, monkeypatch, caplog) -> None:
    batch = submitted(iris, analyst, 21)
    keys = running.keys

    def fail(rows, batch, kept):
        found = keys(rows, batch, kept)
        if "F-8" in found:
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(running, "keys", fail)
    work_off()
    assert "ZeroDivisionError" in caplog.text
    assert refused(batch) == {10: [{"field": "", "code": "not_answered"}]}
    assert (now(batch).status, len(answers(batch))) == (Status.DONE, 20)


# -- a model that is away


def test_a_suspended_model_makes_the_batch_wait(iris: ModelVersion, analyst: User, administrator: User) -> None:
    batch = submitted(iris, analyst, 20)
    running.do(turns.take(timezone.now()))
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert work_off(most=5) == 1
    assert (now(batch).status, len(answers(batch))) == (Status.RUNNING, 7)
    assert "is suspended since" in batch.reason
    promotions.resume(model=iris.model, by=administrator, reason="settled")
    assert work_off() == 0
    later(batch)
    work_off()
    assert (now(batch).status, batch.reason, len(answers(batch)), batch.resumed) == (Status.DONE, "", 20, 0)
    assert set(Prediction.objects.values_list("ledger_entry__kind", flat=True)) == {"promote"}


def test_of_a_row_that_waits_for_its_model_no_failure_is_recorded(iris, analyst: User, monkeypatch) -> None:
    submitted(iris, analyst, 1)
    poisoned(iris, monkeypatch, at=3.5, kind="stopped")
    assert work_off(most=5) == 1
    assert not PredictionFailure.objects.exists()


@pytest.mark.parametrize("kind", ["busy", "stopped", "load"])
def test_a_model_that_is_away_costs_no_row_its_answer(iris, analyst: User, monkeypatch, kind: str) -> None:
    batch = submitted(iris, analyst, 20)
    with monkeypatch.context() as patch:
        poisoned(iris, patch, at=3.5, kind=kind)
        for _ in range(5):
            assert work_off(most=5) == 1
            later(batch)
    assert now(batch).reason == "The model cannot answer at the moment. It is asked again."
    work_off()
    assert (now(batch).status, len(answers(batch)), batch.reason) == (Status.DONE, 20, "")


def test_who_lost_the_right_to_ask_is_not_answered(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    running.do(turns.take(timezone.now()))
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    work_off()
    assert (now(batch).status, len(answers(batch))) == (Status.CANCELLED, 7)
    assert batch.reason == "Whoever sent the file may no longer ask this model."
