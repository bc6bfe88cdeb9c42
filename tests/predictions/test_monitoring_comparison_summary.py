"""What a comparison adds up to, against the same counted one by one; and how it is said."""

import math
from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss

from futurisys.accounts import roles
from predictions import actions
from predictions.models import Comparison, Outcome, Prediction, Source
from predictions.monitoring.comparison import counted, judging, sentences, summing
from predictions.monitoring.comparison.counted import Group
from predictions.monitoring.comparison.strongest import strength, strongest
from predictions.monitoring.quality import intervals, rightness
from predictions.monitoring.quality.measure import Measure, lacking, measured
from predictions.monitoring.rollups import layout
from registry.models import ModelVersion
from registry.signature import Signature
from tests.predictions.compared import ask_about_people, asked_for, finished, replayed, with_threshold
from tests.predictions.histories import SEALED, happened
from tests.worlds import member

LEAVES = Signature.parse(
    {
        "task": "tabular-classification",
        "inputs": {"features": []},
        "outputs": {"classes": [{"value": "stays"}, {"value": "leaves", "positive": True}]},
    }
)
VALUE = Signature.parse({"task": "tabular-regression", "inputs": {"features": []}})


@pytest.fixture
def manager(db: None) -> User:
    return member("manager", roles.MODEL_MANAGER)


@pytest.fixture
def done(
    promoted: Any, ready: Any, examined: Any, manager: User, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> Comparison:
    """A comparison of 400 answers, of which 120 have an outcome; one outcome was corrected, one withdrawn."""
    for module in (counted, judging):
        monkeypatch.setattr(module, "AT_ONCE", 150)
    first = promoted("attrition")
    second = ready("attrition", signature_json=with_threshold(examined("attrition"), 0.2))
    answers = ask_about_people(analyst, 400)
    chance = np.random.default_rng(3)
    classes = first.parsed_signature().class_names
    for answer in answers[:120]:
        said = happened(answer, analyst, classes[int(chance.random() < answer.score + 0.1)])
        if answer is answers[0]:
            other = next(name for name in classes if name != said.label)
            happened(answer, analyst, other, replaces=said)
        if answer is answers[1]:
            happened(answer, analyst, "", is_withdrawn=True, replaces=said)
    return finished(asked_for(manager, first, second))


def pairs(comparison: Comparison) -> list[tuple[Prediction, Any, Any]]:
    base, other = replayed(comparison, 0), replayed(comparison, 1)
    found = Prediction.objects.filter(pk__in=base)
    return [(one, base[one.pk], other[one.pk]) for one in found]


def test_the_summary_equals_a_naive_recount(done: Comparison) -> None:
    rows, against = pairs(done), done.summary["against"]["1"]
    differences = [other.score - base.score for _one, base, other in rows]
    assert (against["rows"], against["changed"]) == (400, sum(b.label != o.label for _a, b, o in rows))
    assert {(b, a): n for b, a, n in against["matrix"]} == Counter((b.label, o.label) for _a, b, o in rows)
    assert against["difference"] == pytest.approx(np.mean(differences))
    assert against["largest"] == pytest.approx(max(map(abs, differences)))
    cells = Counter((min(int(b.score * 20), 19), min(int(o.score * 20), 19)) for _a, b, o in rows)
    assert {(x, y): n for x, y, n in against["grid"]} == cells
    assert done.summary["recorded"] == {"same": [400, 0, 0.0], "others": [0, 0, 0.0]}
    assert done.summary["problems"] == {}


def test_its_parts_equal_a_naive_recount(done: Comparison) -> None:
    made = layout.of(done.compared.get(place=0).version)
    wanted: dict[tuple[str, str], list[int]] = {}
    for one, base, other in pairs(done):
        for segment in made.segments:
            counts = wanted.setdefault(
                (segment.name, segment.keys[segment.place(one.inputs.get(segment.name))]), [0, 0]
            )
            counts[0] += 1
            counts[1] += base.label != other.label
    sensitive = {one.name for one in made.segments if one.feature.sensitive}
    assert sensitive, "the example has some"
    kept = {name: counts for name, counts in wanted.items() if name[0] not in sensitive or counts[0] >= 20}
    found = {(field, key): [rows, changed] for field, key, rows, changed in done.summary["against"]["1"]["groups"]}
    assert found == kept
    assert any(made.segment_names[field].edges for field, _key in found), "bands of a number are among them"


def test_its_measures_are_those_of_the_outcomes_that_count(done: Comparison) -> None:
    versions = [one.version for one in done.compared.order_by("place")]
    latest = {one.prediction_id: one.label for one in Outcome.objects.latest_only().filter(is_withdrawn=False)}
    assert len(latest) == 119
    positive = versions[0].parsed_signature().class_names[versions[0].parsed_signature().positive]
    for place, version in enumerate(versions):
        tally = judging.tally_of(version, done.summary["tallies"][place])
        rows = replayed(done, place)
        labels, scores = ([getattr(rows[pk], name) for pk in latest] for name in ("label", "score"))
        found = {one.name: one.value for one in rightness.measures(tally)}
        assert tally["outcomes"] == 119
        assert found["accuracy"] == pytest.approx(accuracy_score(list(latest.values()), labels))
        truth = [label == positive for label in latest.values()]
        assert tally.sum("brier") / 119 == pytest.approx(brier_score_loss(truth, scores))
    base, other = replayed(done, 0), replayed(done, 1)
    changed = [pk for pk in latest if base[pk].label != other[pk].label]
    right = [sum(rows[pk].label == latest[pk] for pk in changed) for rows in (base, other)]
    assert done.summary["won"] == [[0, 0, 0], [len(changed), *right]]
    assert sum(right) == len(changed), "of two classes one is right"


def test_what_was_answered_otherwise_is_found(
    promoted: Any, ready: Any, examined: Any, manager: User, analyst: User
) -> None:
    """Answers of another version, which the base would have given differently."""
    first = promoted("attrition")
    second = ready("attrition", signature_json=with_threshold(examined("attrition"), 0.2))
    answers = ask_about_people(analyst, 80)
    made = finished(asked_for(manager, second, first))
    differ = sum(replayed(made, 0)[one.pk].label != one.label for one in answers)
    assert made.summary["recorded"]["same"] == [0, 0, 0.0]
    assert made.summary["recorded"]["others"][:2] == [80, differ]
    assert differ > 0


def test_a_comparison_of_values(house: Any, price: ModelVersion, manager: User, analyst: User) -> None:
    from copy import deepcopy

    from registry.importer import run

    other = deepcopy(house)
    dearer = ModelVersion.objects.create(model=price.model, number=2, commit="b" * 40)
    run.finish(dearer, other)
    dearer.refresh_from_db()
    columns = {"surface": [50, 80, 120], "rooms": [2, 3, 4]}
    asked = actions.predict(model="house", columns=columns, rows=3, source=Source.API, by=analyst)
    for one in asked.predictions:
        Outcome.objects.create(
            prediction=one, by=analyst, value=one.score + 1, observed_date=date(2026, 3, 1), origin="hand", **SEALED
        )
    made = finished(asked_for(manager, price, dearer))
    against = made.summary["against"]["1"]
    assert (against["rows"], against["changed"], against["grid"]) == (3, 0, [])
    assert judging.tally_of(price, made.summary["tallies"][0]).sum("absolute") == pytest.approx(3)


# --- small parts


def test_nothing_is_strong_about_one_share_or_about_few() -> None:
    assert strength([Group("field", str(number), 40, 10) for number in range(8)]) == 0
    assert strength([Group("field", str(number), 19, 19 * (number % 2)) for number in range(8)]) == 0
    assert strength([Group("field", "a", 500, 0), Group("field", "b", 500, 0)]) == 0
    assert strength([]) == 0


def test_the_strongest_field_comes_first() -> None:
    weak = [Group("weak", "a", 200, 20), Group("weak", "b", 200, 60)]
    strong = [Group("strong", "a", 200, 0), Group("strong", "b", 200, 80), Group("strong", "c", 5, 5)]
    none = [Group("none", "a", 200, 40), Group("none", "b", 200, 41)]
    assert strongest([*weak, *none, *strong]) == ["strong", "weak"]
    assert strongest([*weak, *strong], most=1) == ["strong"]


def test_small_parts_of_sensitive_fields_are_not_told() -> None:
    groups = [Group("age", "a", 19, 1), Group("age", "b", 20, 1), Group("team", "a", 1, 1)]
    assert summing.large_enough(groups, {"age"}) == groups[1:]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_parts_of_a_hundred_add_up_and_lose_nobody(counts: list[int]) -> None:
    found = sentences.of_hundred(counts)
    assert sum(found) in {100, sum(counts)}
    assert all(bool(count) == bool(part) for count, part in zip(counts, found, strict=True))
    if found != counts:
        assert all(abs(part - 100 * count / sum(counts)) < 1 for count, part in zip(counts, found, strict=True))


def headline(matrix: dict[tuple[str, str], int], signature: Signature = LEAVES, **values: int) -> str:
    told = [[*pair, count] for pair, count in matrix.items()]
    changed = values.pop("changed", sum(count for (one, other), count in matrix.items() if one != other))
    return sentences.headline(sentences.became(signature, told, changed, values.pop("higher", 0)))


def test_the_headline_is_of_hundred() -> None:
    counts = {("stays", "stays"): 800, ("leaves", "leaves"): 140, ("stays", "leaves"): 40, ("leaves", "stays"): 20}
    assert headline(counts) == "Of 100 answers 94 stay the same, 4 become “leaves”, 2 become “stays”."
    assert (
        headline({("stays", "stays"): 3, ("stays", "leaves"): 1}) == "Of 4 answers 3 stay the same, 1 becomes “leaves”."
    )
    rare = {("stays", "stays"): 99_999, ("stays", "leaves"): 1}
    assert headline(rare) == "Of 100\u202f000 answers 99\u202f999 stay the same, 1 becomes “leaves”."
    assert headline({("stays", "stays"): 1200}) == "All 1\u202f200 answers stay the same."
    assert headline({}) == "No answer can be compared."
    values = {("", ""): 200}
    assert headline(values, VALUE, changed=30, higher=20) == (
        "Of 100 answers 85 stay the same, 10 become higher, 5 become lower."
    )


def accuracy(right: int, name: str = "accuracy") -> Measure:
    return measured(name, 100, right / 100, intervals.wilson(right, 100), "")


def test_the_best_version_comes_first() -> None:
    told = [("version 1", accuracy(40)), ("version 2", accuracy(78))]
    assert sentences.best(told) == "Version 2: 78 right answers of 100; version 1: 40."
    told = [
        ("version 1", accuracy(40, "mae")),
        ("version 2", accuracy(78, "mae")),
        ("version 3", lacking("mae", 3, "no")),
    ]
    assert sentences.best(told) == "Version 1 was off by 0.4 on average; version 2: 0.78."
    assert sentences.best(told[2:]) == ""


def test_what_may_be_chance_is_said_to_be() -> None:
    told = [("version 1", accuracy(70)), ("version 2", accuracy(78))]
    said = "Version 2: 78 right answers of 100; version 1: 70. The intervals overlap: the difference may be chance."
    assert sentences.best(told) == said


def test_all_may_change() -> None:
    assert headline({("stays", "leaves"): 7}) == "Of 7 answers 0 stay the same, 7 become “leaves”."


def test_the_share_has_wilsons_interval() -> None:
    low, high = intervals.wilson(6, 100)
    assert math.isclose(low, 0.0278, abs_tol=1e-4)
    assert math.isclose(high, 0.1248, abs_tol=1e-4)
