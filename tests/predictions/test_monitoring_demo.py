"""The demo's history: rows like real ones, of a past that was made up; loaded once, however often it is asked for."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from examples.local_hub import LocalHub
from predictions.demo_history import loading, versions
from predictions.demo_history.plan import Plan
from predictions.demo_history.users import Users
from predictions.demo_history.versions import NAME, Failed, Pair
from predictions.models import (
    Awaited,
    Batch,
    CountedHour,
    DailyRollup,
    Decision,
    HourToCount,
    Outcome,
    Prediction,
    PredictionFailure,
    Record,
)
from predictions.monitoring.rollups import days, reading, verifying
from predictions.monitoring.rollups.reading import Wanted
from predictions.outcomes.writing import payload
from registry import promotions
from registry.facts import canonical
from registry.models import LedgerEntry, ModelVersion
from tests import hubs
from tests.hubs import loopback_hub  # noqa: F401  a fixture
from tests.predictions.demo_histories import (  # noqa: F401  fixtures
    A_DAY,
    DAYS,
    a_demo,
    both_versions,
    examined_versions,
    load,
    the_cast,
    trained_versions,
)
from tests.registry.people import browser

pytestmark = pytest.mark.django_db


def digest(fact: Any, told: Any) -> bool:
    return hashlib.sha256(bytes(fact.salt) + canonical(told)).digest() == bytes(fact.digest)


def what_it_says(row: Prediction) -> list[Any]:
    entry = str(row.ledger_entry_id)
    who = [str(row.request_id), row.source, row.user_id, row.version.commit, row.version.number, entry]
    record = {} if row.record_id is None else {"record": row.record_id}
    batch = {"batch": str(row.batch_id)} if row.batch_id else {}
    about = {**record, **({"key": row.key} if row.key else {}), **batch}
    answer = [row.inputs, row.outputs, row.warnings, row.explanation]
    return [str(row.pk), *who, *answer, *([about] if about else [])]


def content() -> list[Any]:
    """All that a history says, but for numbers, salts and how long the runtime took."""
    names = ("created_at", "row", "inputs", "outputs", "warnings", "source", "key", "user", "version__number")
    answers = Prediction.objects.order_by("id")
    said = {pk: values for pk, *values in answers.values_list("id", *names)}
    about = {pk: f"{said[pk][0].date()} {said[pk][6]} {said[pk][2]}" for pk in said}

    def facts(model: Any, *fields: str) -> list[Any]:
        found = model.objects.values_list("prediction", *fields)
        return sorted([about[pk], *map(str, values)] for pk, *values in found)

    rows = sorted([str(values[0].date()), *map(str, values[1:])] for values in said.values())
    failed = PredictionFailure.objects.values_list("inputs", "source", "kind", "created_at")
    return [
        rows,
        facts(Decision, "verdict", "reason", "comment", "created_at"),
        facts(Outcome, "label", "observed_date", "created_at"),
        facts(Awaited, "kind", "due_date", "user"),
        sorted(map(str, failed)),
        sorted(Batch.objects.values_list("name", "rows", "sha256")),
    ]


def test_the_command_brings_two_versions_and_their_past(
    place: Path, users: Users, hub: LocalHub, settings: Any
) -> None:
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}
    said = io.StringIO()
    call_command("load_demo_history", "--days", str(DAYS), "--a-day", str(A_DAY), stdout=said)
    assert f"day {DAYS} of {DAYS}" in said.getvalue()
    first, second = ModelVersion.objects.order_by("number")
    assert first.metadata["name"]["en"] == second.metadata["name"]["en"] == "Attrition, six months"
    assert (first.runtime, second.runtime) == ("onnx", "onnx")
    assert first.commit != second.commit
    assert Prediction.objects.filter(version=first).exists()
    assert Prediction.objects.filter(version=second).exists()
    before = content()
    call_command("load_demo_history", stdout=said)
    assert said.getvalue().rstrip().endswith(f"The history was there already: /monitoring/models/{NAME}/")
    assert content() == before


def test_a_history_is_like_a_real_one(pair: Pair, users: Users) -> None:
    """One history for all of this: making one takes seconds."""
    plan = load(users).plan
    its_rows_are_sealed_and_in_their_place(plan)
    pages_show_it_like_anything_else(plan, pair, users)
    what_is_new_waits_and_what_is_old_is_known(plan, pair)
    its_roll_ups_are_what_a_recount_says(plan, pair)
    before = content()
    assert load(users).new == 0
    assert content() == before


def its_rows_are_sealed_and_in_their_place(plan: Plan) -> None:
    answers = list(Prediction.objects.select_related("version", "ledger_entry"))
    asked = sum(plan.counts) - PredictionFailure.objects.count()
    assert len(answers) == asked + sum(answer.source == "records" for answer in answers)
    promoted = LedgerEntry.objects.get(number=2).created_at
    for answer in answers:
        assert digest(answer, what_it_says(answer))
        assert abs(days.moment_of(answer.pk) - answer.created_at) < timedelta(seconds=1)
        assert plan.start <= timezone.localdate(answer.created_at) < timezone.localdate()
        assert (answer.version.number == 2) == (days.moment_of(answer.pk) >= promoted - timedelta(milliseconds=1))
        assert answer.ledger_entry.to_version == answer.version
    assert {answer.source for answer in answers} == {"form", "api", "records", "batch"}
    assert any(answer.warnings for answer in answers)
    for failure in PredictionFailure.objects.select_related("version"):
        who = [str(failure.request_id), failure.source, failure.user_id, failure.version.commit, failure.version.number]
        about = [{"key": failure.key}] if failure.key else []
        told = [str(failure.pk), *who, str(failure.ledger_entry_id), failure.inputs, failure.kind, *about]
        assert digest(failure, told)
    for decision in Decision.objects.all():
        told = [str(decision.pk), str(decision.prediction_id), decision.by_id]
        assert digest(decision, [*told, decision.verdict, decision.reason, decision.comment, None, None])
    for outcome in Outcome.objects.all():
        assert digest(outcome, payload(outcome))
    early = Outcome.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).select_related("prediction")
    assert early.exists()
    assert all(30 <= (one.created_at.date() - one.prediction.created_at.date()).days <= 60 for one in early)


def pages_show_it_like_anything_else(plan: Plan, pair: Pair, users: Users) -> None:
    office = browser(users.runs)
    for source in ("form", "api", "records", "batch"):
        answer = Prediction.objects.filter(source=source).latest("id")
        page = office.get(f"/history/{answer.pk}/")
        assert page.status_code == 200, source
    batch = Batch.objects.latest("created_at")
    assert office.get(f"/batches/{batch.pk}/").status_code == 200
    day = f"{plan.date_of(plan.promotion)}"
    found = office.get(f"/history/search/?model={NAME}&version=2&from={day}&to={day}")
    assert found.status_code == 200
    assert f"/history/{Prediction.objects.filter(version__number=2).earliest('id').pk}/" in found.content.decode()
    for page in (f"/registry/{NAME}/", f"/registry/{NAME}/versions/2/"):
        assert office.get(page).status_code == 200
    in_charge = promotions.champion_at(pair.model, versions.at_hour(plan, plan.promotion, 11.9))
    assert in_charge is not None
    assert in_charge.to_version.number == 1
    reviewed = Record.objects.filter(dataset__name=loading.DATASET)
    assert max(Prediction.objects.filter(record=person).count() for person in reviewed) == len(plan.reviews)


def what_is_new_waits_and_what_is_old_is_known(plan: Plan, pair: Pair) -> None:
    last = [timezone.localdate() - timedelta(days=1), plan.start]
    waiting = {awaited.kind for awaited in Awaited.objects.all() if awaited.prediction.created_at.date() == last[0]}
    assert waiting == {"decision", "outcome"}
    assert not Outcome.objects.filter(prediction__created_at__date__gt=last[0] - timedelta(days=30)).exists()
    known = Outcome.objects.filter(prediction__created_at__date=plan.start).count()
    assert known >= 0.9 * Prediction.objects.filter(created_at__date=plan.start).count()
    pair.model.refresh_from_db()
    assert (pair.model.is_high_risk, pair.model.outcome_days) == (True, versions.OUTCOME_DAYS)


def its_roll_ups_are_what_a_recount_says(plan: Plan, pair: Pair) -> None:
    assert not HourToCount.objects.exists()
    assert not [hour for day in range(plan.days) for hour in verifying.differing(plan.date_of(day))]
    assert CountedHour.objects.exists()
    wanted = Wanted(model=pair.model, since=plan.start, until=plan.date_of(plan.days - 1))
    tallies = [one.tally for one in reading.days(wanted)]
    assert sum(one["answers"] for one in tallies) == Prediction.objects.count()
    assert sum(one["failures"] for one in tallies) == PredictionFailure.objects.count()
    assert sum(one["outcomes"] for one in tallies) == Outcome.objects.count()
    for verdict in ("agree", "disagree", "need_more"):
        assert sum(one[verdict] for one in tallies) == Decision.objects.filter(verdict=verdict).count()
    assert DailyRollup.objects.values("day").distinct().count() == plan.days


class Stopped(Exception):
    """In the middle."""


def stops(at: str) -> Any:
    def say(text: str) -> None:
        if text.startswith(at):
            raise Stopped

    return say


def test_an_interrupted_one_goes_on_where_it_stopped(pair: Pair, users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        load(users)
        whole = content()
        transaction.set_rollback(True)
    with pytest.raises(Stopped):
        load(users, say=stops("day 15 of"))
    assert Prediction.objects.exists()
    store = loading._store

    def stop_late(written: Any, *more: Any) -> None:
        store(written, *more)
        if Prediction.objects.filter(version__number=2).exists():
            raise Stopped

    with monkeypatch.context() as broken, pytest.raises(Stopped):
        broken.setattr(loading, "_store", stop_late)
        load(users)
    assert not Prediction.objects.filter(version__number=2).exists()
    load(users)
    assert content() == whole


@pytest.mark.parametrize("environment", ["production", "development"])
def test_no_other_place_takes_it(pair: Pair, users: Users, settings: Any, environment: str) -> None:
    settings.ENVIRONMENT = environment
    with pytest.raises(CommandError, match="into the demo alone"):
        call_command("load_demo_history")
    assert not Prediction.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_nobody_loads_it_beside_somebody_else(pair: Pair, users: Users) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [loading.LOCK])
        with pytest.raises(loading.Loading):
            load(users)
    assert not Prediction.objects.exists()


def test_without_a_hub_or_people_it_says_what_is_missing(place: Path, users: Users, settings: Any) -> None:
    settings.HUB_ENDPOINTS = {"huggingface": "https://hub.invalid"}
    with pytest.raises(Failed, match="make run"):
        load(users)
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("load_demo_history", "--asked-by", "nobody")


@pytest.mark.parametrize("weekday", range(7))
def test_the_plan_holds_on_whichever_day_it_begins(weekday: int) -> None:
    plan = Plan(timezone.localdate() - timedelta(days=183 + weekday))
    assert 25_000 < sum(plan.counts) < 40_000
    assert 85 <= plan.promotion <= 91
    assert 100 <= plan.changes[0] < plan.changes[1] <= 122
    assert plan.promotion not in plan.files
    assert plan.bad > plan.changes[1]
    for day in range(plan.days):
        calls = plan.asked(day)
        assert sum(call.rows for call in calls) == plan.counts[day]
        assert all(0 <= call.second < 24 * 3600 for call in calls)
    assert not any(map(plan.is_weekend, (plan.promotion, plan.bad, *plan.files, *plan.reviews, *plan.slow)))
