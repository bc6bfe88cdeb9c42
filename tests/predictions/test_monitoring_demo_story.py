"""The whole history, half a year: what it was made for can be read from its roll-ups. Takes a minute or two."""

import pickle
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictions.demo_history import versions
from predictions.demo_history.plan import Plan
from predictions.demo_history.users import Users
from predictions.demo_history.versions import Pair
from predictions.models import Awaited, Batch, Prediction
from predictions.monitoring.dashboard import ledger_marks
from predictions.monitoring.drift import straying, verdicts, windows
from predictions.monitoring.quality.intervals import wilson
from predictions.monitoring.quality.rightness import measures
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.layout import LATENCY_BINS
from predictions.monitoring.rollups.reading import Slice, Wanted
from predictions.monitoring.rollups.tally import Tally, added, latency_quantile
from registry import actions
from registry.importer import examine, run
from registry.models import ModelVersion
from tests.predictions.demo_histories import load, the_cast  # noqa: F401  a fixture of this name

pytestmark = [pytest.mark.django_db, pytest.mark.long]

CHANGED = {"heure_supplementaires", "revenu_mensuel", "poste", "departement"}


@pytest.fixture(scope="session", name="packages")
def whole_packages(only_once: Callable[..., Path]) -> list[Any]:
    """Both versions as the demo trains them, after everything an import does but storing it."""

    def make(file: Path) -> None:
        folder = file.with_suffix(".folder")
        folder.mkdir()
        packages = [run.read_package(place, trusted=False) for place in versions._train(folder).values()]
        for package in packages:
            examine.examine(package, progress=actions.silent)
        file.write_bytes(pickle.dumps(packages))

    found: list[Any] = pickle.loads(only_once("whole-history.packages", make).read_bytes())
    return found


@pytest.fixture(name="pair")
def whole_pair(packages: list[Any], users: Users, settings: Any, tmp_path: Path) -> Pair:
    settings.ENVIRONMENT, settings.VAR_DIR = "demo", tmp_path
    settings.HUB_ENDPOINTS = settings.HUB_ENDPOINTS | {versions.HUB: "http://127.0.0.1:9"}
    model = actions.track_model(name=versions.NAME, endpoint=versions.HUB, repo_id=versions.REPO, poll_minutes=0)
    for number, package in enumerate(packages, 1):
        run.finish(ModelVersion.objects.create(model=model, number=number, commit=f"{number:040x}"), package)
    found = versions.found()
    assert found is not None
    return found


def test_the_five_questions_have_their_answers(pair: Pair, users: Users) -> None:
    plan = load(users, days=Plan.days, a_day=Plan.a_day).plan
    wanted = Wanted(model=pair.model, since=plan.start, until=plan.date_of(plan.days - 1))
    slices = reading.days(wanted)
    it_is_used(plan, slices)
    it_is_fast_but_for_a_week(plan, slices)
    the_world_changes_in_month_four(plan, wanted, slices, users)
    it_is_less_right_after_that(plan, slices, pair)
    and_people_follow_it_less(plan, slices)
    the_promotion_is_marked(plan, pair)
    nothing_old_lies_about(plan)


def between(plan: Plan, slices: Sequence[Slice], first: int, last: int) -> list[Tally]:
    """From one day to before another."""
    days = range(first, last)
    return [one.tally for one in slices if (one.start - plan.start).days in days]  # type: ignore[operator]


def total(tallies: Sequence[Tally], *names: str) -> int:
    return sum(one[name] for one in tallies for name in names)


def it_is_used(plan: Plan, slices: Sequence[Slice]) -> None:
    months = [total(between(plan, slices, day, day + 30), "answers") for day in range(0, 180, 30)]
    assert 25_000 < sum(months) < 40_000
    assert total([one.tally for one in slices], "answers", "failures") == Prediction.objects.count() + total(
        [one.tally for one in slices], "failures"
    )
    assert months[4] > 1.1 * months[0]
    bad = between(plan, slices, plan.bad, plan.bad + 1)
    assert total(bad, "failures") > 20
    assert total([one.tally for one in slices], "failures") < total(bad, "failures") + 40


def it_is_fast_but_for_a_week(plan: Plan, slices: Sequence[Slice]) -> None:
    def half(tallies: Sequence[Tally]) -> float:
        latency = sum((one.latency for one in tallies), np.zeros(LATENCY_BINS, np.int64))
        return latency_quantile(latency, 0.5) or 0.0

    # Nine times as slow; of what is faster than the first bin's end, 0.1 ms, only that is known.
    slow = half(between(plan, slices, plan.slow.start, plan.slow.stop))
    assert slow > 2 * half(between(plan, slices, 0, plan.slow.start))
    assert slow > 2 * half(between(plan, slices, plan.slow.stop + 2, plan.days))


def the_world_changes_in_month_four(plan: Plan, wanted: Wanted, slices: Sequence[Slice], users: Users) -> None:
    found = verdicts.held(wanted, slices)
    begins, ends = (plan.date_of(day) for day in plan.changes)
    squares, false = 0, []
    for field in found.compared:
        for held, window in zip(field.helds, found.windows, strict=True):
            if held.verdict in {"none", "few"}:
                continue
            is_changed = held.verdict in straying.CHANGED
            if window.start > ends and field.name in CHANGED:
                assert is_changed, (field.name, window.title)
            elif window.end < begins or field.name not in {*CHANGED, "~score"}:
                squares += 1
                false += [(field.name, window.title)] if is_changed else []
    assert len(false) <= 0.01 * squares, false


def it_is_less_right_after_that(plan: Plan, slices: Sequence[Slice], pair: Pair) -> None:
    def accuracy(first: int, last: int) -> tuple[float, tuple[float, float]]:
        tally = added([one for one in between(plan, slices, first, last) if one.layout.version == second])
        right = sum(count for (answer, actual), count in tally.confusion.items() if answer == actual)
        return right / tally["outcomes"], wilson(right, tally["outcomes"])

    first, second = (version.pk for version in pair.versions)
    before, (low, _) = accuracy(plan.promotion + 1, plan.changes[0])
    after, (_, high) = accuracy(plan.changes[1], plan.days)
    assert high < low
    assert before > after + 0.1
    early = added([one.tally for one in slices if one.tally.layout.version == first])
    assert {one.name for one in measures(early)} >= {"accuracy"}
    newest = between(plan, slices, plan.days - 30, plan.days)
    assert total(newest, "outcomes") == 0
    assert total(between(plan, slices, plan.days - 60, plan.days - 30), "outcomes") > 0


def and_people_follow_it_less(plan: Plan, slices: Sequence[Slice]) -> None:
    def against(first: int, last: int) -> tuple[float, float]:
        tallies = between(plan, slices, first, last)
        return wilson(total(tallies, "disagree"), total(tallies, "disagree", "agree"))

    _low, before = against(0, plan.changes[0])
    after, _high = against(plan.changes[1], plan.days)
    assert after > 2 * before


def the_promotion_is_marked(plan: Plan, pair: Pair) -> None:
    stretch = windows.windows(plan.start, plan.date_of(plan.days - 1))
    (mark,) = ledger_marks.marks(pair.model, stretch)
    assert 0.4 < mark.at < 0.55
    assert abs(plan.promotion - 90) <= 6


def nothing_old_lies_about(plan: Plan) -> None:
    """What waits is of late; and the files are so old that nobody misses them."""
    oldest = plan.date_of(plan.days - 8)
    decisions = Awaited.objects.filter(kind="decision").select_related("prediction")
    assert all(one.prediction.created_at.date() > oldest for one in decisions)
    due = Awaited.objects.outcomes_due(on=plan.date_of(plan.days)).count()
    assert due < 0.01 * Prediction.objects.count()
    assert max(batch.finished_at for batch in Batch.objects.all()).date() < plan.date_of(plan.days) - timedelta(days=30)
