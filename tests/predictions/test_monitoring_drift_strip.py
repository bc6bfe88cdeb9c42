"""Limits of a version, and the strip that they make of its days."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from predictions.models import DriftLimits
from predictions.monitoring.dashboard import changing
from predictions.monitoring.drift import heat, limits, straying, verdicts
from predictions.monitoring.drift.heat import Strip
from predictions.monitoring.drift.limits import SCORE
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.layout import Bins
from predictions.monitoring.rollups.reading import Wanted
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion
from registry.signature import Feature
from tests.predictions.drifting import answered

MONDAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are made often here, and need not be as exact as theirs."""
    monkeypatch.setattr(straying, "DRAWS", 2_000)


def strip(version: ModelVersion, since: date, days: int, **more: Any) -> Strip:
    wanted = Wanted(model=version.model, since=since, until=since + timedelta(days=days - 1), **more)
    return heat.strip(wanted, reading.days(wanted), AnonymousUser())


def states(found: Strip, title: str) -> list[str]:
    """The words of a row of the strip's table."""
    assert found.heat is not None
    (row,) = [row for row in found.heat.rows if row.title == title]
    return [cell.text for cell in row.cells for _square in range(cell.span)]


# --- limits


def test_limits_are_made_once_and_read(iris: ModelVersion) -> None:
    assert limits.of(iris) is None
    made = limits.make(iris)
    assert DriftLimits.objects.get().limits["sizes"] == list(straying.SIZES)
    limits.forget()
    assert limits.of(iris) == made
    assert set(made.fields) == {SCORE, "sepal_length", "sepal_width", "petal_length", "petal_width"}
    assert all(len(one) == len(straying.SIZES) for one in made.fields.values())
    with CaptureQueriesContext(connection) as queries:
        assert limits.of(iris) == made
    assert len(queries) == 0


def test_the_same_version_has_the_same_limits(iris: ModelVersion) -> None:
    assert limits.make(iris) == limits.make(iris)


def test_what_cannot_be_answered_has_no_room(attrition: ModelVersion) -> None:
    found = layout.of(attrition)
    for name, one in limits.references_of(found).items():
        feature = next((feature for feature in found.signature.features if feature.name == name), None)
        assert one.possible[-1] == (feature is not None and feature.nullable), name
        assert one.possible[: len(one.counts) - one.apart].all(), name


@pytest.mark.parametrize(
    ("more", "possible"),
    [
        ({"dtype": "category", "categories": ({"value": "a"}, {"value": "b"})}, [True, True, False, False]),
        ({"dtype": "category", "categories": ({"value": "a"}, {"value": "b"}), "nullable": True}, [True, True, False, True]),
        ({"dtype": "category", "categories": ({"value": "a"},), "allow_unknown": True}, [True, True, True, False]),
        ({"dtype": "string"}, [True, True, True, False]),
        ({"dtype": "boolean"}, [True, True, False, False]),
    ],
)  # fmt: skip
def test_where_answers_may_fall(more: dict[str, Any], possible: list[bool]) -> None:
    bins = Bins("one", (), ("a", "b"), (60, 40, 0, 0), 0)
    assert limits.reference(bins, Feature(name="one", **more)).possible.tolist() == possible
    missing = Bins("one", (), ("a", "b"), (60, 40, 0, 3), 0)
    assert limits.reference(missing, Feature(name="one", **more)).possible[-1]


# --- the strip


def test_days_like_the_training_data_are_steady(iris: ModelVersion) -> None:
    limits.make(iris)
    for number in range(10):
        answered(iris, MONDAY + timedelta(days=number), 80)
    found = strip(iris, MONDAY, 10)
    assert found.changed == []
    assert found.fields == 5
    assert found.latest is not None
    assert found.latest.start == MONDAY + timedelta(days=9)
    assert found.headline == "Of 4 fields and the score, none differed from training on 11 March."
    assert set(states(found, "Answer score")) == {"steady"}


def test_what_changed_is_named_with_the_way_to_it(iris: ModelVersion) -> None:
    limits.make(iris)
    answered(iris, MONDAY, 200)
    answered(iris, MONDAY + timedelta(days=1), 200, petal_width=9)
    found = strip(iris, MONDAY, 2, source="")
    ((title, url),) = found.changed
    assert url == "/monitoring/models/iris/drift/?from=2026-03-02&to=2026-03-03&feature=petal_width"
    assert found.headline == f"Of 4 fields and the score, 1 differed from training on 3 March: {title}."
    first, second = states(found, title)
    assert first == "steady"
    assert second.startswith("strong drift ")


def test_a_changed_score_counts_too(iris: ModelVersion) -> None:
    limits.make(iris)
    answered(iris, MONDAY, 200, score=0)
    found = strip(iris, MONDAY, 1)
    assert [title for title, _url in found.changed] == ["Answer score"]
    assert changing.brief(found) == "the score changed"


@pytest.mark.parametrize(("moved", "said"), [(1, "2 changes, score included"), (3, "4 changes, score included")])
def test_what_changed_is_counted_with_the_score(iris: ModelVersion, moved: int, said: str) -> None:
    limits.make(iris)
    names = ("petal_width", "petal_length", "sepal_width")[:moved]
    answered(iris, MONDAY, 200, score=0, **dict.fromkeys(names, 9))
    found = strip(iris, MONDAY, 1)
    assert changing.brief(found) == said
    assert all(title in found.headline for title, _url in found.changed)
    assert "more" not in found.headline


def test_thin_days_are_put_together(iris: ModelVersion) -> None:
    limits.make(iris)
    for number in range(21):
        answered(iris, MONDAY + timedelta(days=number), 10)
    found = strip(iris, MONDAY, 21)
    assert [one.grain for one in found.windows] == ["week"] * 3
    for number in range(21, 62):
        answered(iris, MONDAY + timedelta(days=number), 3)
    found = strip(iris, MONDAY + timedelta(days=21), 41)
    assert {one.grain for one in found.windows} == {"month"}


def test_few_answers_say_nothing(iris: ModelVersion) -> None:
    limits.make(iris)
    answered(iris, MONDAY, 37)
    found = strip(iris, MONDAY, 2)
    assert (found.latest, found.changed) == (None, [])
    assert found.headline == ("Needs 50 answers in a month to tell a change from chance; there are 37 at most.")
    assert states(found, "Answer score") == ["not enough"]
    assert strip(iris, MONDAY + timedelta(days=9), 2).headline == "Nobody asked in this period."


def test_before_limits_are_made_nothing_is_said(iris: ModelVersion) -> None:
    answered(iris, MONDAY, 200)
    found = strip(iris, MONDAY, 1)
    assert found.latest is None
    assert found.headline.startswith("How far fields stray by chance is being worked out")


def test_a_version_without_training_data_is_held_against_nothing(ready: Callable[..., ModelVersion]) -> None:
    version = ready("iris", companions={}, background=None)
    answered(version, MONDAY, 200)
    found = strip(version, MONDAY, 1)
    assert (found.fields, found.heat) == (0, None)
    assert found.headline.startswith("There is nothing to compare with")


def test_each_window_speaks_of_the_version_that_answered_most(
    iris: ModelVersion, ready: Callable[..., ModelVersion]
) -> None:
    second = ready("iris")
    for one in (iris, second):
        limits.make(one)
    answered(iris, MONDAY, 300)
    answered(second, MONDAY, 100, petal_width=9)
    answered(second, MONDAY + timedelta(days=1), 100, petal_width=9)
    wanted = Wanted(model=iris.model, since=MONDAY, until=MONDAY + timedelta(days=1))
    found = verdicts.held(wanted, reading.days(wanted))
    assert [one.number for one in found.shown if one] == [1, 2]
    assert found.sizes == [300, 100]
    assert strip(iris, MONDAY, 2).note.startswith("Versions 1 and 2 answered")


def test_a_strip_takes_few_queries(iris: ModelVersion) -> None:
    limits.make(iris)
    for number in range(5):
        answered(iris, MONDAY + timedelta(days=number), 80)
    strip(iris, MONDAY, 5)
    wanted = Wanted(model=iris.model, since=MONDAY, until=MONDAY + timedelta(days=4))
    slices = reading.days(wanted)
    with CaptureQueriesContext(connection) as queries:
        found = heat.strip(wanted, slices, AnonymousUser())
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        assert found.heat is found.heat
    assert len(queries) == 1  # the promotions


def test_tallies_are_left_as_they_were(iris: ModelVersion) -> None:
    answered(iris, MONDAY, 80)
    answered(iris, MONDAY + timedelta(days=1), 80)
    wanted = Wanted(model=iris.model, since=MONDAY, until=MONDAY + timedelta(days=1))
    slices = reading.days(wanted)
    before: list[Tally] = [one.tally.bins.copy() for one in slices]
    verdicts.held(wanted, slices)
    assert all((one.tally.bins == bins).all() for one, bins in zip(slices, before, strict=True))
