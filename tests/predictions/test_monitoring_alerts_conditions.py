"""What each kind of rule measures, on rows as they are kept; and that it costs as many queries whatever there is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from predictions import fallbacks
from predictions.models import AlertRule, Batch, DailyRollup, Source
from predictions.monitoring.alerts import conditions, rules, sentences
from predictions.monitoring.drift import limits
from registry import promotions
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.alerting import Kind, counted, in_hour, measured, on, only, rule_of, tally
from tests.predictions.test_fallbacks import second  # noqa: F401  a fixture
from tests.predictions.test_predict import ask

NOW = datetime(2026, 3, 12, 10, 20, tzinfo=UTC)  # a Thursday
TODAY = NOW.date()
DAY = timedelta(days=1)


# Rules are made once, with defaults


def test_a_model_gets_a_rule_of_each_kind_once(iris: ModelVersion) -> None:
    made = rules.of(iris.model)
    assert [rule.kind for rule in made] == list(AlertRule.Kind.values)
    assert rules.of(iris.model) == made
    assert AlertRule.objects.count() == 8


def test_defaults_are_what_the_page_says(iris: ModelVersion) -> None:
    found = {rule.kind: (rule.limit, rule.is_enabled) for rule in rules.of(iris.model)}
    accuracy = found.pop(Kind.ACCURACY)
    on_from_the_start = {Kind.IMPORT: None, Kind.FALLBACK: None, Kind.BATCH: 15, Kind.DRIFT: 1}
    on_from_the_start |= {Kind.VOLUME: 0.5, Kind.ERRORS: 0.05, Kind.LATENCY: 1}
    assert found == {kind: (limit, True) for kind, limit in on_from_the_start.items()}
    told = [item["value"] for item in iris.metadata["metrics"] if item["name"] == "accuracy"]
    assert accuracy == (round(min(told) - 0.1, 3), True)


def test_without_a_metric_accuracy_waits_for_somebody_to_set_it(ready: Any) -> None:
    version = ready("iris", metadata={"name": "iris", "metrics": []})
    rule = next(rule for rule in rules.of(version.model) if rule.kind == Kind.ACCURACY)
    assert (rule.limit, rule.is_enabled) == (None, False)


def test_a_value_is_never_right_or_wrong(price: ModelVersion) -> None:
    assert Kind.ACCURACY not in [rule.kind for rule in rules.of(price.model)]


def test_before_a_version_is_ready_only_imports_and_files_are_watched(iris: ModelVersion, price: ModelVersion) -> None:
    from registry import actions

    model = actions.track_model(name="new", endpoint="huggingface", repo_id="demo/new")
    assert [rule.kind for rule in rules.of(model)] == [Kind.IMPORT, Kind.BATCH]


# The world changes


def asked(version: ModelVersion, ago: int, *moved: str) -> None:
    """A day of 200 answers like the training data; those of the fields that `moved` all lie in their last stretch."""
    found = tally(version, answers=200)
    for bins in found.layout.all_bins:
        counts = np.array(bins.reference)
        mine = np.zeros_like(counts)
        mine[-2 if bins.name in moved else 0] = 200
        if bins.name not in moved:
            mine = np.floor(counts / counts.sum() * 200).astype(np.int64)
            mine[np.argmax(counts)] += 200 - mine.sum()
        found.of(bins)[:] = mine
    day = TODAY - ago * DAY
    DailyRollup.objects.create(version=version, day=day, source="", field="", place=0, **found.columns())


@pytest.mark.parametrize(
    ("moved", "limit", "holds"),
    [
        ((), 1, False),
        (("petal_width",), 1, True),
        (("petal_width",), 2, False),
        (("petal_width", "sepal_width"), 2, True),
    ],
)
def test_drift_counts_the_fields_that_changed_last(
    iris: ModelVersion, moved: tuple[str, ...], limit: int, holds: bool
) -> None:
    limits.make(iris)
    asked(iris, 3, "sepal_length", "petal_length", "petal_width", "sepal_width")  # what was before is over
    asked(iris, 1, *moved)
    found = measured(rule_of(iris, Kind.DRIFT, limit=limit), NOW)
    assert (found.holds, found.value, found.subject) == (holds, len(moved), "")
    number = f"{len(moved)} of 5 fields, the score included, differed from the training data of version 1 on 11 March."
    assert sentences.said(Kind.DRIFT, found.said) == number


def test_drift_cannot_be_measured_from_few_answers(iris: ModelVersion) -> None:
    limits.make(iris)
    assert measured(rule_of(iris, Kind.DRIFT), NOW).holds is None
    on(iris, TODAY - DAY, answers=3)
    found = measured(rule_of(iris, Kind.DRIFT), NOW)
    assert found.holds is None
    assert sentences.now(Kind.DRIFT, [found]) == "It cannot be measured yet."


# Fewer questions than usual


def wednesdays(version: ModelVersion, *answers: int) -> None:
    """The last whole day, which is counted, and the same weekday in the weeks before."""
    for week, count in enumerate(answers):
        on(version, TODAY - DAY - timedelta(weeks=week), answers=count)
    counted(TODAY - DAY)


@pytest.mark.parametrize(("yesterday", "holds"), [(49, True), (50, False), (120, False)])
def test_volume_is_held_against_the_same_weekday(iris: ModelVersion, yesterday: int, holds: bool) -> None:
    wednesdays(iris, yesterday, 90, 100, 100, 400)
    on(iris, TODAY - 2 * DAY, answers=9999)  # another weekday says nothing
    found = measured(rule_of(iris, Kind.VOLUME), NOW)
    assert (found.holds, found.value) == (holds, yesterday / 100)


def test_a_day_without_any_answer_is_the_lowest_volume(iris: ModelVersion) -> None:
    wednesdays(iris, 0, 100, 100, 100, 100)
    found = measured(rule_of(iris, Kind.VOLUME), NOW)
    assert (found.holds, found.value) == (True, 0)
    assert sentences.said(Kind.VOLUME, found.said) == "0 answers on 11 March; on such a day 100 are usual."


def test_volume_of_a_model_that_is_hardly_asked_says_nothing(iris: ModelVersion) -> None:
    wednesdays(iris, 0, 19, 19, 19, 19)
    found = measured(rule_of(iris, Kind.VOLUME), NOW)
    assert found.holds is None
    assert sentences.now(Kind.VOLUME, [found]) == "Needs 20 answers on a usual day, has 19."


def test_what_is_not_counted_yet_is_not_missing(iris: ModelVersion) -> None:
    for week in range(1, 5):
        on(iris, TODAY - DAY - timedelta(weeks=week), answers=100)
    assert measured(rule_of(iris, Kind.VOLUME), NOW).holds is None


def test_a_suspended_model_is_not_missed(iris: ModelVersion, administrator: User) -> None:
    wednesdays(iris, 0, 100, 100, 100, 100)
    promotions.suspend(model=iris.model, by=administrator, reason="a test")
    assert measured(rule_of(iris, Kind.VOLUME), NOW).holds is None


# Questions without an answer


@pytest.mark.parametrize(("failures", "holds"), [(5, False), (6, True)])
def test_errors_are_a_share_of_this_hour_and_the_one_before(iris: ModelVersion, failures: int, holds: bool) -> None:
    in_hour(iris, NOW, answers=100 - failures)
    in_hour(iris, NOW - timedelta(hours=1), failures=failures)
    in_hour(iris, NOW - timedelta(hours=2), failures=500)
    found = measured(rule_of(iris, Kind.ERRORS), NOW)
    assert (found.holds, found.value) == (holds, failures / 100)
    text = f"{failures}% of 100 questions got no answer in the two hours from 12 March, 09:00."
    assert sentences.said(Kind.ERRORS, found.said) == text


def test_few_questions_say_nothing_of_errors(iris: ModelVersion) -> None:
    in_hour(iris, NOW, answers=9, failures=10)
    found = measured(rule_of(iris, Kind.ERRORS), NOW)
    assert found.holds is None
    assert sentences.now(Kind.ERRORS, [found]) == "Needs 20 questions in two hours, has 19."


# Slow answers


@pytest.mark.parametrize(("slow", "holds"), [(4, False), (6, True)])
def test_latency_is_what_most_calls_stay_within(iris: ModelVersion, slow: int, holds: bool) -> None:
    in_hour(iris, NOW, latency={0.01: 100 - slow, 3.0: slow})
    found = measured(rule_of(iris, Kind.LATENCY), NOW)
    assert found.holds is holds
    assert found.value == pytest.approx(3.0 if holds else 0.01, rel=0.1)


def test_long_lists_are_not_slow(iris: ModelVersion) -> None:
    in_hour(iris, NOW, Source.BATCH, latency={30.0: 100})
    found = measured(rule_of(iris, Kind.LATENCY), NOW)
    assert found.holds is None
    assert sentences.now(Kind.LATENCY, [found]) == "Needs 20 calls in two hours, has 0."


# Wrong answers


def outcomes(version: ModelVersion, ago: int, right: int, wrong: int) -> None:
    told = {"outcomes": right + wrong, "actual__setosa__setosa": right, "actual__setosa__virginica": wrong}
    on(version, TODAY - ago * DAY, answers=right + wrong, **told)


@pytest.mark.parametrize(("right", "holds"), [(150, False), (138, False), (137, True)])
def test_accuracy_is_too_low_when_its_whole_interval_is(iris: ModelVersion, right: int, holds: bool) -> None:
    """138 of 200 have a 95 % interval up to 75.006 %, 137 of 200 up to 74.5 %."""
    outcomes(iris, 3, right, 200 - right)
    found = measured(rule_of(iris, Kind.ACCURACY, limit=0.75), NOW)
    assert (found.holds, found.value, found.subject) == (holds, right / 200, "1")


def test_accuracy_looks_back_as_far_as_it_needs_to(iris: ModelVersion) -> None:
    for ago, right, wrong in ((1, 50, 50), (20, 60, 40), (40, 1000, 0), (89, 1000, 0)):
        outcomes(iris, ago, right, wrong)
    found = measured(rule_of(iris, Kind.ACCURACY, limit=0.75), NOW)
    assert (found.said["right"], found.said["known"]) == (110, 200)


def test_accuracy_needs_outcomes_that_are_not_too_old(iris: ModelVersion) -> None:
    outcomes(iris, 89, 20, 29)
    outcomes(iris, 90, 100, 0)
    found = measured(rule_of(iris, Kind.ACCURACY, limit=0.75), NOW)
    assert found.holds is None
    assert sentences.now(Kind.ACCURACY, [found]) == "Needs 50 outcomes in 90 days, has 49."


def test_accuracy_is_that_of_the_version_in_charge(iris: ModelVersion, promoted: Any) -> None:
    outcomes(iris, 1, 0, 200)
    found = measured(rule_of(promoted("iris"), Kind.ACCURACY, limit=0.75), NOW)
    assert (found.holds, found.subject) == (None, "2")


# Imports


def rejected(version: ModelVersion, number: int, status: str = "rejected") -> ModelVersion:
    named = {"model": version.model, "number": number, "commit": f"{number:040x}", "status": status}
    return ModelVersion.objects.create(reason="Its files are not whole.", **named)


def test_a_rejected_version_that_is_newer_than_the_champion(iris: ModelVersion) -> None:
    rule = rule_of(iris, Kind.IMPORT)
    assert conditions.measure(rule, NOW) == []
    assert sentences.now(rule.kind, []) == "The newest version was not rejected."
    rejected(iris, 2)
    found = measured(rule, NOW)
    assert (found.holds, found.subject) == (True, "2")
    assert sentences.said(Kind.IMPORT, found.said) == "Version 2 was rejected."


def test_an_import_that_goes_on_says_nothing(iris: ModelVersion) -> None:
    rejected(iris, 2, "importing")
    assert measured(rule_of(iris, Kind.IMPORT), NOW).holds is None


def test_a_newer_version_that_is_ready_makes_it_good(iris: ModelVersion, ready: Any, administrator: User) -> None:
    bad = rejected(iris, 2)
    newer = ready("iris")
    rule = rule_of(iris, Kind.IMPORT)
    assert newer.number == 3
    assert measured(rule, NOW).holds is False
    promotions.request(model=iris.model, version=newer, by=administrator, reason="better")
    assert conditions.measure(rule, NOW) == []
    assert bad.number < newer.number


# Fallbacks


def test_a_fallback_is_what_the_pages_say_it_is(second: ModelVersion, analyst: User) -> None:  # noqa: F811
    rule = rule_of(second, Kind.FALLBACK)
    assert measured(rule).holds is False
    ask(analyst)
    fallbacks.forget()
    found = measured(rule)
    assert (found.holds, found.said["asked"], found.said["answering"]) == (True, 2, 1)
    assert "Version 2 could not be loaded everywhere: version 1 answered from" in sentences.said(rule.kind, found.said)


def test_a_fallback_of_another_model_is_none_of_this_one(
    second: ModelVersion,  # noqa: F811
    price: ModelVersion,
    analyst: User,
) -> None:
    ask(analyst)
    fallbacks.forget()
    assert measured(rule_of(price, Kind.FALLBACK)).holds is False


# Files


def moved(batch: Batch, minutes: float) -> None:
    past, before = (timezone.now() - timedelta(minutes=more) for more in (minutes, minutes + 200))
    Batch.objects.filter(pk=batch.pk).update(served_at=past, created_at=before, submitted_at=before)


@pytest.mark.parametrize(("minutes", "holds"), [(14.5, False), (15.5, True)])
def test_a_file_is_stuck_when_nobody_took_a_piece_of_it(
    iris: ModelVersion, analyst: User, minutes: float, holds: bool
) -> None:
    batch = files.submitted(iris, analyst, 20)
    moved(batch, minutes)
    found = measured(rule_of(iris, Kind.BATCH))
    assert (found.holds, found.value, found.subject) == (holds, int(minutes), str(batch.pk))


def test_each_file_is_a_subject_and_those_that_are_over_are_none(iris: ModelVersion, analyst: User) -> None:
    running, checking, done = (
        files.submitted(iris, analyst, 5), files.sent(iris, analyst, 5), files.submitted(iris, analyst, 5)
    )  # fmt: skip
    files.work_off(until=lambda: not Batch.objects.filter(pk=done.pk, status="running").exists())
    Batch.objects.filter(pk=running.pk).update(status="running")
    Batch.objects.filter(pk=checking.pk).update(status="checking")
    moved(checking, 60)
    found = conditions.measure(rule_of(iris, Kind.BATCH), timezone.now())
    assert {one.subject: one.holds for one in found} == {str(running.pk): False, str(checking.pk): True}
    assert sentences.now(Kind.BATCH, found).startswith("A file of 5 rows made no progress from ")


# However much there is


def test_looking_takes_as_many_queries_for_a_year_as_for_a_day(iris: ModelVersion) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            for rule in rules.of(iris.model):
                conditions.measure(rule, NOW)
        return len(seen)

    limits.make(iris)
    in_hour(iris, NOW, answers=100)
    queries()  # what a process reads once
    few = queries()
    for ago in range(90):
        outcomes(iris, ago, 2, 1)
    assert queries() == few <= 20


def test_a_rule_without_a_limit_is_never_met(iris: ModelVersion) -> None:
    in_hour(iris, NOW, failures=100)
    assert measured(only(iris, Kind.ERRORS, limit=None), NOW).holds is None
