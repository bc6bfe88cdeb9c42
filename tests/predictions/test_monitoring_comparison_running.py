"""Workers and comparisons: every answer once on each version, whatever is killed, and nothing else in any table."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from futurisys.accounts import roles
from predictions import metrics
from predictions.models import Comparison, Prediction, ReplayedAnswer, Source
from predictions.monitoring.comparison import hints, replaying, running, sources, turns, verbs
from predictions.tasks import work_on_comparisons
from registry import clock, runtimes
from registry.importer import examine
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions import histories, past
from tests.predictions.compared import ask_about_people, asked_for, finished, replayed, with_threshold
from tests.worlds import member

OWN = {"predictions_comparison", "predictions_comparedversion", "predictions_replayedanswer"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Messages that were sent; nothing reaches a broker."""
    found: list[str] = []
    monkeypatch.setattr(hints, "send", lambda: found.append(hints.TASK))
    return found


@pytest.fixture
def manager(db: None) -> User:
    return member("manager", roles.MODEL_MANAGER)


@pytest.fixture
def people(promoted: Any, ready: Any, examined: Any) -> list[ModelVersion]:
    """A version in charge, and one that says “leaves” much sooner."""
    first = promoted("attrition")
    return [first, ready("attrition", signature_json=with_threshold(examined("attrition"), 0.2))]


def test_a_host_whose_clock_is_ahead_leaves_it_to_who_has_it(
    manager: User, people: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asked_for(manager, *people)
    held, wrong = turns.take(clock.now()), timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    running.work(seconds=60)
    assert held is not None
    assert Comparison.objects.get(pk=made.pk).lease == held.lease


def test_a_host_whose_clock_is_behind_has_it_for_as_long_as_others(
    manager: User, people: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, wrong = asked_for(manager, *people), timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    monkeypatch.setattr(running, "do", lambda *_: None)  # it is still at it
    running.work(seconds=60)
    until = Comparison.objects.get(pk=made.pk).leased_until
    assert until is not None
    assert until > clock.now()


def other_tables() -> dict[str, int]:
    """Rows of every table that is not a comparison's."""
    found = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - OWN:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def counters() -> list[Any]:
    return [sorted(map(str, one.collect())) for one in (metrics.PREDICTIONS, metrics.DURATION)]


def test_every_answer_is_scored_once_on_each_version(people: list[ModelVersion], manager: User, analyst: User) -> None:
    answers = ask_about_people(analyst, 60)
    made = finished(asked_for(manager, *people))
    base, other = replayed(made, 0), replayed(made, 1)
    assert (made.status, made.rows, made.done) == ("done", 60, 60)
    assert set(base) == set(other) == {one.pk for one in answers}
    assert {pk: (row.label, row.score) for pk, row in base.items()} == {a.pk: (a.label, a.score) for a in answers}
    signature = people[0].parsed_signature()
    sooner = {one.pk for one in answers if one.score >= 0.2 and one.label != signature.class_names[signature.positive]}
    assert {pk for pk, row in other.items() if row.is_changed} == sooner
    assert any(row.is_changed for row in other.values())
    assert not any(row.is_changed for row in base.values())


def test_nothing_else_changes_by_it(people: list[ModelVersion], manager: User, analyst: User) -> None:
    ask_about_people(analyst, 20)
    made = asked_for(manager, *people)
    before, counted = other_tables(), counters()
    finished(made)
    assert (other_tables(), counters()) == (before, counted)
    assert ReplayedAnswer.objects.count() == 40


def test_the_newest_answers_of_the_period_and_door_are_taken(
    iris: ModelVersion, ready: Any, manager: User, analyst: User
) -> None:
    old = past.answered(iris, analyst, 40)
    past.answered(iris, analyst, 1, source=Source.FORM)
    api = [past.answered(iris, analyst, ago) for ago in (9, 5, 3)]
    today = timezone.localdate()
    made = asked_for(manager, iris, ready("iris"), since=today - timedelta(days=5), source=Source.API)
    assert set(replayed(finished(made), 1)) == {one.pk for one in api[1:]}
    assert old.pk not in replayed(made, 0)


def test_only_so_many_are_taken(iris: ModelVersion, ready: Any, manager: User, analyst: User) -> None:
    newest = [past.answered(iris, analyst, ago, count=600) for ago in (4, 2)][1]
    today = timezone.localdate()
    made = finished(asked_for(manager, iris, ready("iris"), since=today - timedelta(days=9)))
    found = set(replayed(made, 0))
    assert len(found) == made.done == 1_000
    assert set(Prediction.objects.filter(pk__gte=newest.pk).values_list("pk", flat=True)) <= found


def test_answers_of_every_version_of_the_model_count(people: list[ModelVersion], manager: User, analyst: User) -> None:
    ask_about_people(analyst, 5)
    ask_about_people(analyst, 5, seed=2, version=2)
    made = finished(asked_for(manager, *people))
    assert made.done == 10
    assert {name: found[0] for name, found in made.summary["recorded"].items()} == {"same": 5, "others": 5}


class Unlucky:
    """A real runtime that is cut off, or fails, at a certain call."""

    def __init__(self, runtime: Any, fails: Any) -> None:
        self.runtime, self.fails, self.calls = runtime, fails, 0

    def predict(self, columns: Any, rows: int) -> Any:
        self.calls += 1
        self.fails(self.calls, columns, rows)
        return self.runtime.predict(columns, rows)


def unlucky(monkeypatch: pytest.MonkeyPatch, version: ModelVersion, fails: Any) -> Unlucky:
    load = runtimes.load
    made = Unlucky(load(version), fails)
    monkeypatch.setattr(replaying.runtimes, "load", lambda one: made if one.pk == version.pk else load(one))
    return made


def test_a_worker_that_is_killed_leaves_the_rest_to_the_next(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ask_about_people(analyst, 50)
    monkeypatch.setattr(sources, "CHUNK", 20)

    def killed(call: int, columns: Any, rows: int) -> None:
        if call == 2:
            raise SystemExit

    unlucky(monkeypatch, people[1], killed)
    made = asked_for(manager, *people)
    with pytest.raises(SystemExit):
        running.work(seconds=60)
    made.refresh_from_db()
    assert (made.status, made.done) == ("running", 20)
    assert turns.take(timezone.now()) is None, "its lease goes on"
    Comparison.objects.update(leased_until=timezone.now())  # five minutes later
    made = finished(made)
    assert (made.status, made.done) == ("done", 50)
    assert Counter(ReplayedAnswer.objects.values_list("prediction", flat=True)) == {one.pk: 2 for one in answers}
    asked = {place: rows for place, (_seconds, rows) in made.summary["clock"].items()}
    assert asked == {"0": 50, "1": 50}, "what was thrown away is not on the clock"


def test_who_lost_the_lease_stores_nothing(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 10)
    made = asked_for(manager, *people)

    def overtaken(call: int, columns: Any, rows: int) -> None:
        if call == 1:
            Comparison.objects.update(leased_until=timezone.now())
            assert not running.work(seconds=60)

    unlucky(monkeypatch, people[1], overtaken)
    assert not running.work(seconds=60)
    made.refresh_from_db()
    assert (made.status, made.done, ReplayedAnswer.objects.count()) == ("done", 10, 20)


def test_a_worker_lost_again_and_again_ends_it(people: list[ModelVersion], manager: User, analyst: User) -> None:
    ask_about_people(analyst, 3)
    made = asked_for(manager, *people)
    for _attempt in range(running.MAX_ATTEMPTS):
        assert turns.take(timezone.now())
        Comparison.objects.update(leased_until=timezone.now())
    made = finished(made)
    assert (made.status, made.reason, made.done) == ("failed", "lost", 0)


def test_what_was_cancelled_meanwhile_is_not_stored(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 40)
    monkeypatch.setattr(sources, "CHUNK", 20)
    made = asked_for(manager, *people)
    unlucky(monkeypatch, people[1], lambda call, *_: verbs.cancel(comparison=made, by=manager) if call == 2 else None)
    made = finished(made)
    assert (made.status, made.is_over, ReplayedAnswer.objects.exists()) == ("cancelled", True, False)


def test_rows_that_a_version_does_not_take_are_counted_and_not_compared(
    promoted: Any, ready: Any, examined: Any, manager: User, analyst: User
) -> None:
    first = promoted("attrition")
    strict = with_threshold(examined("attrition"), 0.2)
    next(one for one in strict["inputs"]["features"] if one["name"] == "age")["max"] = 40
    answers = ask_about_people(analyst, 40)
    made = finished(asked_for(manager, first, ready("attrition", signature_json=strict)))
    old = {one.pk for one in answers if one.inputs["age"] > 40}
    refused = {pk for pk, row in replayed(made, 1).items() if row.problem == "refused"}
    assert 0 < len(old) < 40
    assert refused == old
    assert not any(row.is_changed or row.score is not None for pk, row in replayed(made, 1).items() if pk in old)
    assert made.summary["problems"] == {"1": {"refused": len(old)}}
    assert made.summary["against"]["1"]["rows"] == 40 - len(old)


def test_rows_that_a_runtime_cannot_answer_are_named(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ask_about_people(analyst, 120)
    poison = answers[75].inputs["revenu_mensuel"]

    def fails(call: int, columns: Any, rows: int) -> None:
        if poison in columns["revenu_mensuel"]:
            raise RuntimeFailed("It broke.", kind="model")

    unlucky(monkeypatch, people[1], fails)
    made = finished(asked_for(manager, *people))
    problems = Counter(row.problem for row in replayed(made, 1).values())
    assert (made.status, problems) == ("done", {"": 70, "model": 50})


def test_a_version_that_answers_nothing_ends_it(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 500)

    def fails(*_: Any) -> None:
        raise RuntimeFailed("It broke.", kind="model")

    tried = unlucky(monkeypatch, people[1], fails)
    made = finished(asked_for(manager, *people))
    assert (made.status, made.reason) == ("failed", "1:It broke.")
    assert (tried.calls, ReplayedAnswer.objects.exists()) == (1 + replaying.HOPELESS, False)


def test_a_version_that_is_away_is_asked_again_later(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 10)

    def away(call: int, *_: Any) -> None:
        if call == 1:
            raise RuntimeFailed("The model is stopped for a moment.", kind="stopped")

    unlucky(monkeypatch, people[1], away)
    made = asked_for(manager, *people)
    assert not running.work(seconds=60), "nobody may take it yet"
    made.refresh_from_db()
    assert (made.status, made.lease, made.attempts) == ("running", None, 1)
    assert made.leased_until is not None
    Comparison.objects.update(leased_until=timezone.now())
    assert finished(made).status == "done"


def test_whatever_goes_wrong_three_times_ends_it(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 10)

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    unlucky(monkeypatch, people[1], breaks)
    made = finished(asked_for(manager, *people))
    assert (made.status, made.reason, made.attempts) == ("failed", "failed", 3)


def test_the_task_sends_itself_again_while_there_is_more(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    ask_about_people(analyst, 30)
    monkeypatch.setattr(sources, "CHUNK", 20)
    monkeypatch.setattr("predictions.tasks.COMPARISON_SECONDS", 0)
    made = asked_for(manager, *people)
    work_on_comparisons()
    made.refresh_from_db()
    assert (made.done, made.lease, sent) == (20, None, [hints.TASK])
    work_on_comparisons()
    made.refresh_from_db()
    assert (made.status, made.done, len(sent)) == ("done", 30, 1)


def test_two_comparisons_take_turns(
    people: list[ModelVersion], manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_about_people(analyst, 40)
    monkeypatch.setattr(sources, "CHUNK", 10)
    made = [asked_for(by, *people) for by in (manager, member("other", roles.MODEL_MANAGER))]
    for _turn in range(4):
        running.work(seconds=0)
    assert list(Comparison.objects.filter(pk__in=[one.pk for one in made]).values_list("done", flat=True)) == [20, 20]


def test_an_isolated_version_is_compared_with_its_graph(
    promoted: Any, ready: Any, examined: Any, manager: User, analyst: User
) -> None:
    graph = promoted("iris")
    package = examined("iris")
    spec = examine._isolated_serving(package, merge=False)
    original = ready("iris", runtime="isolated", report={**package.report, "serving": spec})
    for values in ({}, histories.VIRGINICA):
        histories.ask(analyst, 20, **values)
    made = finished(asked_for(manager, graph, original))
    found = made.summary["against"]["1"]
    assert (made.status, found["rows"], found["changed"]) == ("done", 40, 0), made.reason
    assert found["largest"] < 1e-5
