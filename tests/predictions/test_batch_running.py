"""A file is run: every row gets one answer or one reason, whoever dies, comes late or is asked twice."""

import io
import time
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from predictions import actions
from predictions.batches import closing, intake, running, turns, verbs
from predictions.exceptions import ChunkTaken
from predictions.models import Batch, BatchChunk, BatchPart, Prediction
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.files import answers, checked, later, refused, submitted, work_off

Status = Batch.Status


@pytest.fixture(autouse=True)
def _small_chunks(settings) -> None:
    settings.BATCH_ROWS = 7


def now(batch: Batch) -> Batch:
    batch.refresh_from_db()
    return batch


def test_every_row_gets_its_answer(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    work_off()
    assert now(batch).status == Status.DONE
    found = answers(batch)
    assert {key: label for key, (label, _score) in found.items()} == {
        f"F-{number}": "setosa" if number % 3 else "virginica" for number in range(20)
    }
    stored = Prediction.objects.filter(batch=batch).first()
    assert (stored.source, stored.user, stored.version) == ("batch", analyst, iris)
    assert list(batch.chunks.order_by("first").values_list("rows", "predicted", "rejected")) == [
        *[(7, 7, 0)] * 2,
        (6, 6, 0),
    ]


def test_rejected_rows_have_a_reason_and_the_others_an_answer(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20, changes={3: {"petal_width": "wide"}, 15: {"petal_length": ""}})
    work_off()
    assert now(batch).status == Status.DONE
    assert set(answers(batch)) == {f"F-{number}" for number in range(20)} - {"F-3", "F-15"}
    assert refused(batch) == {
        5: [{"field": "petal_width", "code": "not_a_number"}],
        17: [{"field": "petal_length", "code": "missing"}],
    }


def test_a_chunk_without_a_good_row_is_done(iris: ModelVersion, analyst: User) -> None:
    bad = {number: {"petal_width": "wide"} for number in range(7)}
    batch = submitted(iris, analyst, 10, changes=bad)
    work_off()
    assert (now(batch).status, len(answers(batch)), len(refused(batch))) == (Status.DONE, 3, 7)


def test_rows_are_about_the_records_of_a_set(iris: ModelVersion, administrator: User, flowers) -> None:
    records = flowers(3)
    batch = submitted(iris, administrator, 5, dataset=records[0].dataset)
    work_off()
    found = dict(Prediction.objects.filter(batch=batch).values_list("key", "record"))
    assert found == {"F-0": records[0].pk, "F-1": records[1].pk, "F-2": records[2].pk, "F-3": None, "F-4": None}


def test_records_of_a_chunk_are_found_in_one_query(iris, administrator, flowers, django_assert_num_queries) -> None:
    records = flowers(7)
    batch = submitted(iris, administrator, 7, dataset=records[0].dataset)
    with django_assert_num_queries(1):
        assert running._records(batch, ["F-0", "", "F-6"]) == [records[0].pk, None, records[6].pk]


# -- exactly once


@pytest.mark.django_db(transaction=True)
def test_the_second_answer_of_a_chunk_is_rolled_back(iris: ModelVersion, analyst: User, caplog) -> None:
    batch = submitted(iris, analyst, 7)
    slow = turns.take(timezone.now())
    later(batch)
    fast = turns.take(timezone.now())
    assert slow.chunk.pk == fast.chunk.pk
    running.do(fast)
    with caplog.at_level("INFO"):
        running.do(slow)
    assert "taken over" in caplog.text
    assert len(answers(batch)) == 7
    work_off()
    assert (now(batch).status, batch.resumed) == (Status.DONE, 1)


@pytest.mark.django_db(transaction=True)
def test_who_comes_late_answers_nothing_either(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 7)
    slow = turns.take(timezone.now())
    later(batch)
    turns.take(timezone.now())
    with pytest.raises(ChunkTaken):
        running._ask(slow.chunk, slow.batch)
    assert answers(batch) == {}


def test_two_workers_never_hold_the_same_chunk(iris: ModelVersion, analyst: User) -> None:
    submitted(iris, analyst, 20)
    held = [turns.take(timezone.now()) for _ in range(4)]
    assert [piece and piece.chunk.first for piece in held] == [0, 7, 14, None]


def test_a_lease_that_ran_out_is_counted_and_shown(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    for _ in range(2):
        turns.take(timezone.now())
        later(batch)
    work_off()
    assert (now(batch).status, batch.resumed) == (Status.DONE, 2)


def test_one_version_answers_the_whole_file(iris: ModelVersion, promoted, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    running.do(turns.take(timezone.now()))
    second = promoted("iris")
    work_off()
    assert second.model == iris.model
    assert set(Prediction.objects.filter(batch=batch).values_list("version", flat=True)) == {iris.pk}
    assert now(batch).status == Status.DONE


# -- the end


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
@pytest.mark.parametrize("table", ["predictions_prediction", "predictions_rejectedrow"])
def test_a_batch_with_a_row_missing_is_never_done(iris: ModelVersion, analyst: User, table: str) -> None:
    batch = submitted(iris, analyst, 20, changes={3: {"petal_width": "wide"}})
    work_off(until=lambda: not batch.chunks.exclude(status="done").exists())
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"DELETE FROM {table} WHERE id = (SELECT id FROM {table} LIMIT 1)")
        cursor.execute("SET session_replication_role = DEFAULT")
    work_off()
    assert now(batch).status == Status.INCOMPLETE
    answered, rejected = (18, 1) if table == "predictions_prediction" else (19, 0)
    assert batch.reason == f"Rows in the file: 20. Found: {answered} answers and {rejected} rejected rows."


@pytest.mark.django_db(transaction=True)
def test_answers_too_many_are_not_done_either(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    work_off(until=lambda: not batch.chunks.exclude(status="done").exists())
    once = Prediction.objects.filter(batch=batch).first()
    again = Prediction.objects.get(pk=once.pk)
    again.pk = type(again.pk)(int=Prediction.objects.filter(batch=batch).latest("id").pk.int + 1)
    again.save(force_insert=True)
    work_off()
    assert now(batch).status == Status.INCOMPLETE


def test_answers_are_counted_in_stretches_of_the_key(iris: ModelVersion, analyst: User, monkeypatch) -> None:
    monkeypatch.setattr(closing, "AT_ONCE", 2)
    batch, other = submitted(iris, analyst, 50), submitted(iris, analyst, 30)
    work_off()
    assert [closing.count(one).answered for one in (batch, other)] == [50, 30]


# -- fairness


def test_a_giant_and_a_small_file_take_turns(iris: ModelVersion, analyst: User, stranger: User) -> None:
    giant, small = checked(iris, analyst, 70), checked(iris, stranger, 21)
    verbs.submit(batch=giant, by=analyst)
    running.do(turns.take(timezone.now()))
    verbs.submit(batch=small, by=stranger)
    served = []
    for _ in range(6):
        piece = turns.take(timezone.now())
        served.append(piece.batch.pk)
        running.do(piece)
    assert served == [small.pk, giant.pk] * 3


# -- the file itself


def test_a_file_that_cannot_be_cut_is_refused(iris: ModelVersion, analyst: User) -> None:
    content = files.content(20) + b'F-20,"5,3,1,1\n'
    batch = intake.receive(file=io.BytesIO(content), name="f.csv", model=iris.model, by=analyst, language="en")
    verbs.start_check(batch=batch, mapping=files.mapping(), dataset=None, by=analyst)
    work_off()
    assert now(batch).status == Status.REFUSED
    assert "22" in batch.reason
    assert not BatchPart.objects.exists()


def test_cutting_keeps_its_lease_and_stops_when_it_lost_it(iris: ModelVersion, analyst: User, settings) -> None:
    settings.BATCH_LEASE_SECONDS = 1
    files.sent(iris, analyst, 20)
    piece = turns.take(timezone.now())
    before = Batch.objects.get().leased_until
    moved = running._kept(piece, iter([b"a", b"b", b"c"]))
    Batch.objects.update(leased_until=before)
    next(moved)
    time.sleep(0.4)
    next(moved)
    assert Batch.objects.get().leased_until > before
    Batch.objects.update(lease=None)
    time.sleep(0.4)
    with pytest.raises(ChunkTaken):
        next(moved)


def test_who_cuts_after_losing_the_lease_changes_nothing(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 20)
    slow = turns.take(timezone.now())
    later(batch)
    fast = turns.take(timezone.now())
    running.do(slow)
    assert not BatchChunk.objects.exists()
    running.do(fast)
    assert BatchChunk.objects.count() == 3


def test_a_file_that_kills_whoever_cuts_it_is_refused(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 20)
    for _ in range(3):
        turns.take(timezone.now())
        later(batch)
    work_off()
    assert (now(batch).status, batch.reason) == (Status.REFUSED, "The file could not be read in 3 attempts.")


def test_chunks_of_a_model_in_a_child_are_smaller(unstartable: ModelVersion, analyst: User, settings) -> None:
    settings.BATCH_ROWS_ISOLATED = 5
    batch = files.sent(unstartable, analyst, 20)
    running.do(turns.take(timezone.now()))
    assert batch.chunks.count() == 4


def test_reasons_are_said_in_the_language_of_the_file(iris: ModelVersion, analyst: User) -> None:
    batch = files.sent(iris, analyst, 20)
    Batch.objects.update(language="fr")
    for _ in range(3):
        turns.take(timezone.now())
        later(batch)
    work_off()
    assert "3" in now(batch).reason
    assert batch.reason != "The file could not be read in 3 attempts."


def test_drafts_and_forgotten_parts_are_tidied_away(iris: ModelVersion, analyst: User) -> None:
    batch, young = checked(iris, analyst, 20), checked(iris, analyst, 20)
    Batch.objects.filter(pk=batch.pk).update(created_at=timezone.now() - timedelta(days=8))
    closing.tidy(timezone.now())
    assert (now(batch).status, batch.reason) == (Status.CANCELLED, "It was not run within 7 days.")
    assert not batch.chunks.exists()
    assert set(BatchPart.objects.values_list("batch", flat=True)) == {young.pk}
    Batch.objects.filter(pk=young.pk).update(status=Status.DONE)
    closing.tidy(timezone.now())
    assert not BatchPart.objects.exists()


@pytest.mark.parametrize("days", [30, 3])
def test_a_file_is_kept_for_some_days_after_its_end(iris, analyst: User, settings, days: int) -> None:
    settings.BATCH_FILE_DAYS = days
    old, young = submitted(iris, analyst, 20), submitted(iris, analyst, 20)
    work_off()
    for batch, hours in ((old, 1), (young, -1)):
        over = timezone.now() - timedelta(days=days, hours=hours)
        Batch.objects.filter(pk=batch.pk).update(finished_at=over)
    closing.tidy(timezone.now())
    assert set(BatchPart.objects.values_list("batch", flat=True)) == {young.pk}
    assert (len(answers(old)), now(old).status) == (20, Status.DONE)


def test_a_file_is_not_kept_where_nobody_wants_that(iris: ModelVersion, analyst: User, settings) -> None:
    settings.BATCH_FILE_DAYS = 0
    submitted(iris, analyst, 20)
    work_off()
    assert not BatchPart.objects.exists()


def test_a_file_without_an_answer_is_not_kept(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    verbs.cancel(batch=batch, by=analyst)
    work_off()
    assert now(batch).status == Status.CANCELLED
    assert not BatchPart.objects.exists()


def test_scores_of_a_chunk_are_those_of_single_questions(iris: ModelVersion, analyst: User) -> None:
    batch = submitted(iris, analyst, 20)
    work_off()
    columns = {name: [files.row(number)[name] for number in range(20)] for name in files.HEADINGS[1:]}
    asked = actions.predict(model="iris", columns=columns, rows=20, source="api", by=analyst)
    found = answers(batch)
    assert np.allclose([found[f"F-{number}"][1] for number in range(20)], [row.score for row in asked.predictions])
