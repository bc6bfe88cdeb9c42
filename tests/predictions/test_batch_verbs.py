"""What a person does with a file: check, run, back, stop; who may, and when."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from predictions.batches import running, turns, verbs
from predictions.batches.progress import progress_of
from predictions.exceptions import Changed, NotAllowed, NotNow
from predictions.models import Batch, BatchChunk, BatchPart, RejectedRow
from registry import promotions
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import answers, checked, sent, submitted, work_off

Status = Batch.Status


@pytest.fixture(autouse=True)
def _small_chunks(settings) -> None:
    settings.BATCH_ROWS = 7


def now(batch: Batch) -> Batch:
    batch.refresh_from_db()
    return batch


def test_check_pins_the_version_and_its_entry(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 20)
    assert (batch.version, batch.ledger_entry.to_version, batch.rows) == (iris, iris, 20)


def test_checking_again_forgets_what_was_found(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 20, changes={1: {"sepal_width": "wide"}})
    other = files.mapping()
    other["fields"]["sepal_width"] = other["fields"]["sepal_length"]
    verbs.start_check(batch=batch, mapping=other, dataset=None, by=analyst)
    assert (batch.status, batch.rows) == (Status.CHECKING, None)
    assert not BatchChunk.objects.exists()
    assert not RejectedRow.objects.exists()
    work_off()
    assert now(batch).status == Status.CHECKED
    assert not RejectedRow.objects.exists()


def test_a_check_that_was_begun_before_arrives_too_late(iris: ModelVersion, analyst: User) -> None:
    batch = sent(iris, analyst, 20, changes={1: {"sepal_width": "wide"}})
    running.do(turns.take(timezone.now()))
    late = turns.take(timezone.now())
    verbs.map_again(batch=batch, by=analyst)
    running.do(late)
    assert batch.status == Status.MAPPING
    assert not RejectedRow.objects.exists()
    assert not BatchChunk.objects.exists()


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"fields": {"sepal_width": 0}, "key": None}, "Choose a column for"),
        ({**files.mapping(), "key": 5}, "The file has not all of these columns"),
        ({"fields": {**files.mapping()["fields"], "sepal_width": -1}, "key": None}, "The file has not all"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(iris: ModelVersion, analyst: User, mapping, sentence: str) -> None:
    batch = checked(iris, analyst, 5)
    with pytest.raises(NotNow, match=sentence):
        verbs.start_check(batch=batch, mapping=mapping, dataset=None, by=analyst)
    assert now(batch).status == Status.CHECKED


def test_another_champion_sends_back_to_the_check(iris: ModelVersion, promoted, analyst: User) -> None:
    batch = checked(iris, analyst, 20)
    second = promoted("iris")
    with pytest.raises(Changed, match="checked again"):
        verbs.submit(batch=batch, by=analyst)
    assert (batch.status, batch.version) == (Status.CHECKING, second)
    work_off()
    verbs.submit(batch=now(batch), by=analyst)
    work_off()
    assert now(batch).status == Status.DONE


def test_a_resumed_model_needs_no_second_check(iris, analyst: User, administrator: User) -> None:
    batch = checked(iris, analyst, 20)
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    with pytest.raises(NotNow, match="is suspended"):
        verbs.submit(batch=batch, by=analyst)
    promotions.resume(model=iris.model, by=administrator, reason="settled")
    verbs.submit(batch=batch, by=analyst)
    assert (batch.status, batch.ledger_entry.kind) == (Status.RUNNING, "resume")


def test_nothing_is_run_twice(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    with pytest.raises(NotNow, match="the file is running"):
        verbs.submit(batch=batch, by=analyst)
    work_off()
    with pytest.raises(NotNow, match="the file is done"):
        verbs.submit(batch=batch, by=analyst)
    with pytest.raises(NotNow):
        verbs.cancel(batch=batch, by=analyst)
    assert len(answers(batch)) == 20


def test_a_file_without_a_good_row_is_not_run(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 3, changes={number: {"sepal_width": "wide"} for number in range(3)})
    with pytest.raises(NotNow, match="nothing to run"):
        verbs.submit(batch=batch, by=analyst)


def test_only_who_sent_a_file_may_run_it(iris, analyst: User, stranger: User, auditor: User) -> None:
    batch = checked(iris, analyst, 5)
    for by in (stranger, auditor):
        with pytest.raises(NotAllowed):
            verbs.submit(batch=batch, by=by)
        with pytest.raises(NotAllowed):
            verbs.map_again(batch=batch, by=by)
        with pytest.raises(NotAllowed):
            verbs.start_check(batch=batch, mapping=files.mapping(), dataset=None, by=by)
        with pytest.raises(NotAllowed):
            verbs.cancel(batch=batch, by=by)
    assert now(batch).status == Status.CHECKED


def test_a_set_that_one_may_not_see_cannot_be_named(iris: ModelVersion, flowers, analyst: User) -> None:
    dataset = flowers(2)[0].dataset
    batch = checked(iris, analyst, 5)
    analyst.groups.clear()
    with pytest.raises(NotAllowed):
        verbs.start_check(batch=batch, mapping=files.mapping(), dataset=dataset, by=User.objects.get(pk=analyst.pk))


def test_cancel_in_the_middle_keeps_what_was_answered(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    running.do(turns.take(timezone.now()))
    at_work = turns.take(timezone.now())
    verbs.cancel(batch=batch, by=analyst)
    assert (batch.status, batch.is_cancelled) == (Status.RUNNING, True)
    assert turns.take(timezone.now()) is None  # it is over when nobody is at it any more
    running.do(at_work)
    work_off()
    assert (now(batch).status, len(answers(batch))) == (Status.CANCELLED, 14)
    assert BatchPart.objects.exists()  # it comes back beside the answers
    assert batch.finished_at


def test_cancel_does_not_wait_for_a_suspended_model(iris, analyst: User, administrator: User) -> None:
    batch = submitted(iris, analyst, 20)
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    work_off()
    verbs.cancel(batch=batch, by=analyst)
    work_off()
    assert (now(batch).status, batch.reason) == (Status.CANCELLED, "")


def test_cancel_before_the_run_leaves_nothing_of_the_file(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 20, changes={1: {"sepal_width": "wide"}})
    verbs.cancel(batch=batch, by=analyst)
    assert batch.status == Status.CANCELLED
    for kept in (BatchChunk, BatchPart, RejectedRow):
        assert not kept.objects.exists()


def test_an_administrator_may_stop_the_file_of_another(iris, analyst: User, administrator: User) -> None:
    batch = submitted(iris, analyst, 20)
    verbs.cancel(batch=batch, by=administrator)
    assert batch.is_cancelled


def test_back_to_the_columns_keeps_them(iris: ModelVersion, analyst: User) -> None:
    batch = checked(iris, analyst, 20)
    verbs.map_again(batch=batch, by=analyst)
    assert (batch.status, batch.mapping) == (Status.MAPPING, files.mapping())
    assert BatchPart.objects.exists()


# -- progress


def test_progress_while_it_is_checked(iris: ModelVersion, analyst: User) -> None:
    batch = sent(iris, analyst, 20, changes={1: {"sepal_width": "wide"}, 19: {"sepal_width": "wide"}})
    for _ in range(2):
        running.do(turns.take(timezone.now()))
    found = progress_of(now(batch), timezone.now())
    assert (found.rows, found.done, found.rejected, found.rate) == (20, 7, 1, None)
    assert (found.chunks_done, found.chunks) == (1, 3)


def test_progress_while_it_runs(iris: ModelVersion, analyst: User, django_assert_num_queries) -> None:
    batch = submitted(iris, analyst, 20, changes={1: {"sepal_width": "wide"}, 19: {"sepal_width": "wide"}})
    assert progress_of(batch, timezone.now()).rate is None
    for _ in range(2):
        running.do(turns.take(timezone.now()))
    at = now(batch).submitted_at + timedelta(seconds=10)
    with django_assert_num_queries(1):
        found = progress_of(batch, at)
    assert (found.rows, found.done, found.predicted, found.rejected) == (20, 14, 13, 1)
    assert (found.rate, found.seconds_left, found.share) == (1.4, pytest.approx(6 / 1.4), 0.7)
    assert progress_of(batch, at + timedelta(minutes=5)).rate is None


def test_progress_at_the_end(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20, changes={1: {"sepal_width": "wide"}})
    work_off()
    found = progress_of(now(batch), timezone.now())
    assert (found.done, found.predicted, found.rejected, found.seconds_left) == (20, 19, 1, None)
