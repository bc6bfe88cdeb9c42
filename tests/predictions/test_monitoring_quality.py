"""Measures and their intervals: exact against scikit-learn and scipy on the same arrays, covering as they promise."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from predictions.monitoring.quality import calibrated, class_measures, intervals, offline, rightness, subgroups
from predictions.monitoring.quality.measure import Measure
from predictions.monitoring.quality.offline import Promise
from predictions.monitoring.quality.subgroups import Part
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.layout import SCORE_BINS, Layout
from predictions.monitoring.rollups.tally import Tally
from registry.signature import Signature

TWO, THREE = ("stays", "leaves"), ("a", "b", "c")
SIMULATIONS = 300


def made(classes: tuple[str, ...]) -> Layout:
    """A layout of a model of these classes, or of values; of two, the second is the positive one."""
    task = "tabular-classification" if classes else "tabular-regression"
    outputs = {"classes": [{"value": one} for one in classes]}
    return layout.make(1, Signature.parse({"task": task, "inputs": {}, "outputs": outputs}), {})


def of_scores(came: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> Tally:
    """What a roll-up would count of answers of two classes with these scores, all with an outcome."""
    tally, bins = Tally.empty(made(TWO)), binned(scores)
    said = scores >= threshold
    for answer in (0, 1):
        for actual in (0, 1):
            place = tally.layout.count_names[f"actual:{TWO[answer]}:{TWO[actual]}"]
            tally.counts[place] = int(((said == answer) & (came == actual)).sum())
        tally.counts[tally.layout.count_names[f"label:{TWO[answer]}"]] = int((said == answer).sum())
    for name in ("answers", "outcomes"):
        tally.counts[tally.layout.count_names[name]] = len(came)
    tally.scores[1] = np.bincount(bins, minlength=SCORE_BINS)
    tally.scores[2] = np.bincount(bins[came], minlength=SCORE_BINS)
    errors = (scores - came) ** 2
    tally.sums[:] = scores.sum(), errors.sum(), (errors**2).sum()
    return tally


def of_pairs(answers: np.ndarray, actual: np.ndarray) -> Tally:
    tally = Tally.empty(made(THREE))
    for one, other in zip(answers, actual, strict=True):
        tally.counts[tally.layout.count_names[f"actual:{THREE[one]}:{THREE[other]}"]] += 1
    return tally


def of_values(answers: np.ndarray, actual: np.ndarray) -> Tally:
    tally, error = Tally.empty(made(())), answers - actual
    tally.counts[tally.layout.count_names["outcomes"]] = len(error)
    figures = (error, abs(error), error**2, actual, actual**2, error**4)
    tally.sums[:] = [figure.sum() for figure in figures]
    return tally


def binned(scores: np.ndarray) -> np.ndarray:
    return np.minimum((scores * SCORE_BINS).astype(int), SCORE_BINS - 1)


def world(rows: int, rng: Any, *, share: float = 0.2, apart: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes of two classes, and scores that know something of them."""
    came = rng.random(rows) < share
    return came, 1 / (1 + np.exp(-(rng.normal(size=rows) + apart * came - 1)))


def named(tally: Tally) -> dict[str, Measure]:
    return {one.name: one for one in rightness.measures(tally) if not one.about}


@pytest.fixture
def rng() -> Any:
    return np.random.default_rng(7)


# Exact


def test_measures_of_two_classes_are_those_of_scikit_learn(rng: Any) -> None:
    came, scores = world(700, rng)
    said, rounded = scores >= 0.5, binned(scores)
    assert {name: one.value for name, one in named(of_scores(came, scores)).items()} == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(came, said),
            "recall": metrics.recall_score(came, said),
            "precision": metrics.precision_score(came, said),
            "specificity": metrics.recall_score(~came, ~said),
            "f1": metrics.f1_score(came, said),
            "balanced_accuracy": metrics.balanced_accuracy_score(came, said),
            "roc_auc": metrics.roc_auc_score(came, rounded),
            "pr_auc": metrics.average_precision_score(came, rounded),
            "brier": metrics.brier_score_loss(came, scores),
        },
        abs=1e-12,
    )


def test_areas_of_rounded_scores_are_close_to_those_of_the_scores(rng: Any) -> None:
    came, scores = world(5_000, rng)
    found = named(of_scores(came, scores))
    assert found["roc_auc"].value == pytest.approx(metrics.roc_auc_score(came, scores), abs=0.002)
    assert found["pr_auc"].value == pytest.approx(metrics.average_precision_score(came, scores), abs=0.01)


def test_measures_of_several_classes_are_those_of_scikit_learn(rng: Any) -> None:
    actual = rng.integers(0, 3, 400)
    answers = np.where(rng.random(400) < 0.7, actual, rng.integers(0, 3, 400))
    tally = of_pairs(answers, actual)
    assert {name: one.value for name, one in named(tally).items()} == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(actual, answers),
            "balanced_accuracy": metrics.balanced_accuracy_score(actual, answers),
            "f1_macro": metrics.f1_score(actual, answers, average="macro"),
        }
    )
    recalls = [one.value for one in rightness.measures(tally) if one.about]
    assert recalls == pytest.approx(metrics.recall_score(actual, answers, average=None).tolist())


def test_measures_of_values_are_those_of_scikit_learn(rng: Any) -> None:
    actual = rng.normal(50, 10, 300)
    answers = actual + rng.laplace(1, 3, 300)
    assert {name: one.value for name, one in named(of_values(answers, actual)).items()} == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(actual, answers),
            "rmse": metrics.root_mean_squared_error(actual, answers),
            "bias": float(np.mean(answers - actual)),
            "r2": metrics.r2_score(actual, answers),
        }
    )


@pytest.mark.parametrize(("k", "n"), [(0, 20), (20, 20), (7, 20), (1, 3000), (840, 1000)])
def test_wilson_is_that_of_scipy(k: int, n: int) -> None:
    found = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert intervals.wilson(k, n) == pytest.approx((found.low, found.high), abs=1e-12)


def test_the_standard_error_of_an_area_is_as_published() -> None:
    """Hanley and McNeil (1982), table II: 51 abnormal and 58 normal pictures, area 0.893, standard error 0.032."""
    assert math.sqrt(intervals.area_variance(0.893, 51, 58)) == pytest.approx(0.032, abs=0.0005)


@pytest.mark.parametrize("n", [20, 50, 1000])
def test_the_quantiles_of_student_are_those_of_scipy(n: int) -> None:
    assert intervals.student(n) == pytest.approx(stats.t.ppf(0.975, n - 1), abs=5e-4)


def test_an_interval_of_a_mean_error_is_that_of_scipy(rng: Any) -> None:
    actual = rng.normal(size=40)
    error = rng.normal(0.3, 1, 40)
    found = named(of_values(actual + error, actual))["bias"]
    expected = stats.ttest_1samp(error, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-3)


# The intervals hold what they promise


def _areas(rng: Any) -> Tally:
    return of_scores(*world(300, rng))


def _flowers(rng: Any) -> Tally:
    actual = rng.integers(0, 3, 200)
    return of_pairs(np.where(rng.random(200) < 0.8, actual, rng.integers(0, 3, 200)), actual)


def _prices(rng: Any) -> Tally:
    actual = rng.normal(50, 10, 300)
    return of_values(actual + rng.laplace(0, 3, 300), actual)


def _many(draw: Callable[[Any], Tally], rng: Any) -> dict[str, float]:
    """What the measures are where hardly anything is left to chance."""
    total = draw(rng)
    for _one in range(1_000):
        total.add(draw(rng))
    return {name: float(one.value or 0) for name, one in named(total).items()}


@pytest.mark.parametrize("draw", [_areas, _flowers, _prices])
def test_intervals_hold_the_true_value_in_95_of_100_cases(draw: Callable[[Any], Tally], rng: Any) -> None:
    """Within what 300 simulations can tell; intervals of areas and of R² may be too wide, never too narrow."""
    true = _many(draw, rng)
    held = dict.fromkeys(true, 0)
    for _one in range(SIMULATIONS):
        for name, one in named(draw(rng)).items():
            held[name] += one.low <= true[name] <= one.high
    shares = {name: count / SIMULATIONS for name, count in held.items()}
    assert min(shares.values()) > 0.915, shares
    assert max(share for name, share in shares.items() if name in {"accuracy", "recall", "mae", "bias"}) < 0.985


def test_a_model_that_was_never_wrong_is_not_promised_to_be_always_right() -> None:
    came = np.arange(60) % 2 == 0
    for one in rightness.measures(of_scores(came, np.where(came, 0.9, 0.1))):
        assert one.low < one.high, one
    assert named(of_scores(came, np.where(came, 0.9, 0.1)))["roc_auc"].low == pytest.approx(0.93, abs=0.02)


def test_the_interval_of_a_ratio_holds_it_in_95_of_100_cases(rng: Any) -> None:
    held = 0
    for _one in range(1_000):
        parts = [Part(key="", answers=n, chosen=int(rng.binomial(n, p))) for n, p in ((60, 0.2), (200, 0.3))]
        _value, (low, high) = subgroups.ratio(*parts) or (0, (0, 0))
        held += low <= 0.2 / 0.3 <= (math.inf if high is None else high)
    assert 0.93 <= held / 1_000 <= 0.975


# Too few


def test_nothing_is_measured_on_fewer_than_twenty_outcomes() -> None:
    came = np.arange(19) % 2 == 0
    assert {(one.value, one.low) for one in rightness.measures(of_scores(came, came * 0.8))} == {(None, None)}
    assert {one.lack for one in rightness.measures(of_values(came * 1.0, came * 2.0))} == {
        "Needs 20 outcomes, has 19",
        "Needs 50 outcomes, has 19",
    }


def test_what_is_measured_on_one_class_needs_ten_of_it() -> None:
    came = np.arange(40) < 9
    found = named(of_scores(came, np.full(40, 0.2)))
    assert found["accuracy"].value == 31 / 40
    assert found["specificity"].value == 1
    assert found["recall"].lack == found["roc_auc"].lack == "Needs 10 outcomes “leaves”, has 9"
    assert found["precision"].lack == "Needs 10 answers “leaves” with an outcome, has 0"


def test_outcomes_that_are_all_the_same_have_no_variance_to_explain() -> None:
    assert named(of_values(np.arange(60.0), np.full(60, 7.0)))["r2"].lack == "All outcomes are the same"


def test_an_outcome_beyond_all_bounds_breaks_nothing() -> None:
    actual = np.where(np.arange(60) == 7, 1e200, 5.0)
    with np.errstate(over="ignore"):
        tally = of_values(np.zeros(60), actual)
    assert {one.lack for one in rightness.measures(tally)} == {"Some outcomes are too large to be added up"}
    assert rightness.headline([tally]).endswith("(0 to ∞).")
    assert Part.of("x", [tally]).error is not None


# Calibration


def test_steps_say_what_scores_said_and_what_came(rng: Any) -> None:
    scores = rng.random(3_000)
    came = rng.random(3_000) < scores**2
    found = calibrated.of(of_scores(came, scores))
    steps = np.minimum((scores * 10).astype(int), 9)
    assert [one.n for one in found.steps] == np.bincount(steps).tolist()
    assert [one.seen for one in found.steps] == pytest.approx([came[steps == step].mean() for step in range(10)])
    assert [one.said for one in found.steps] == pytest.approx(
        [scores[steps == step].mean() for step in range(10)], abs=0.005
    )
    apart = sum(abs(scores[steps == step].sum() - came[steps == step].sum()) for step in range(10)) / 3_000
    assert found.error == pytest.approx(apart, abs=0.005)


def test_chance_alone_sets_said_and_seen_apart(rng: Any) -> None:
    errors = []
    for _one in range(SIMULATIONS):
        scores = rng.random(400)
        errors.append(calibrated.of(of_scores(rng.random(400) < scores, scores)).error)
    assert calibrated.of(of_scores(rng.random(400) < 0.5, rng.random(400))).by_chance == pytest.approx(
        float(np.mean(errors)), rel=0.1
    )


def test_a_curve_needs_two_hundred_outcomes(rng: Any) -> None:
    scores = rng.random(199)
    assert calibrated.of(of_scores(scores > 0.5, scores)).lack == "Needs 200 outcomes, has 199"
    assert calibrated.of(Tally.empty(made(TWO))).lack == "Needs 200 outcomes, has 0"


# What was promised


class _Version:
    def __init__(self, *told: dict[str, Any]) -> None:
        self.metadata = {"metrics": list(told)}


def test_the_promise_is_that_of_the_rows_that_nothing_was_chosen_on() -> None:
    told = [
        {"name": "Accuracy", "split": "training", "value": 0.99},
        {"name": "accuracy", "split": "cross-validation", "value": 0.85},
        {"name": "accuracy", "split": "test", "value": 0.5, "slice": {"site": "Lyon"}},
        {"name": "accuracy_score", "split": "test", "value": 0.86, "n": 294, "ci95": [0.82, 0.9]},
        {"name": "accuracy", "split": "test, as pictures", "value": 0.8},
        {"name": "auc", "split": "", "value": True},
    ]
    assert offline.promises(_Version(*told)) == {"accuracy": Promise(0.86, "test", 294, 0.82, 0.9)}


def test_rows_that_it_was_trained_on_promise_least_of_all() -> None:
    told = [{"name": "mae", "split": split, "value": value} for split, value in (("train", 1), ("elsewhere", 3))]
    assert offline.promises(_Version(*told))["mae"].value == 3
    assert offline.promises(_Version(told[0]))["mae"].value == 1


@pytest.mark.parametrize(
    ("name", "promise", "verdict"),
    [
        ("accuracy", Promise(0.86, "test"), "kept"),
        ("accuracy", Promise(0.95, "test"), "worse"),
        ("accuracy", Promise(0.7, "test"), "better"),
        ("accuracy", Promise(0.95, "test", 50, 0.82, 0.99), "perhaps worse"),
        ("accuracy", Promise(0.95, "test", 50, 0.88, 0.99), "worse"),
        ("accuracy", Promise(0.95, "test", 60), "perhaps worse"),
        ("accuracy", Promise(0.95, "test", 5000), "worse"),
        ("accuracy", Promise(0.75, "test", 60), "perhaps better"),
        ("brier", Promise(0.95, "test"), "better"),
        ("brier", Promise(0.75, "test", 10, 0.5, 0.84), "perhaps worse"),
    ],
)
def test_a_promise_is_held_against_the_live_interval(name: str, promise: Promise, verdict: str) -> None:
    assert offline.verdict(Measure(name=name, n=150, value=0.85, low=0.8, high=0.9, known=300), promise) == verdict
    assert offline.verdict(Measure(name=name, n=3, lack="Needs more"), promise) == ""


# Groups


def parts_of(*answers: int) -> list[Part]:
    return [Part(key=str(place), answers=count) for place, count in enumerate(answers)]


@pytest.mark.parametrize(
    ("answers", "shown", "shown_strictly"),
    [
        ((100, 60, 19), [100, 60], [100]),
        ((100, 60, 12, 11), [100, 60], [100, 60]),
        ((100, 60, 20), [100, 60, 20], [100, 60, 20]),
        ((30, 5), [30], []),
        ((5,), [], []),
    ],
)
def test_a_small_group_is_hidden_with_what_it_could_be_worked_out_from(
    answers: tuple[int, ...], shown: list[int], shown_strictly: list[int]
) -> None:
    for strictly, expected in ((False, shown), (True, shown_strictly)):
        parts = parts_of(*answers)
        subgroups.protect(parts, strictly=strictly)
        assert [part.answers for part in parts if part.is_shown] == expected


def test_rates_of_a_group_are_those_of_its_confusion(rng: Any) -> None:
    came, scores = world(500, rng)
    part = Part.of("x", [of_scores(came, scores), of_scores(came, scores)])
    said = scores >= 0.5
    assert part.selection.value == said.mean()
    assert part.recall.value == metrics.recall_score(came, said)
    assert part.false_positive_rate.value == pytest.approx(1 - metrics.recall_score(~came, ~said))
    assert (part.recall.n, part.known) == (2 * came.sum(), 1_000)


def test_a_group_that_is_never_chosen_has_a_ratio_and_gives_none() -> None:
    never, some = Part(key="a", answers=50), Part(key="b", answers=100, chosen=40)
    value, (low, high) = subgroups.ratio(never, some) or (1, (1, 1))
    assert (value, low) == (0, 0)
    assert high == pytest.approx(0.2, abs=0.1)
    assert subgroups.ratio(some, never) is None


# Words


@pytest.mark.parametrize(
    ("share", "said"), [(0.844, "84"), (0.9996, "99.9"), (1.0, "100"), (0.0002, "0.1"), (0.0, "0"), (0.994, "99.4")]
)
def test_of_a_hundred_never_says_all_of_what_is_not_all(share: float, said: str) -> None:
    assert rightness.of_hundred(share) == said


def test_the_headline_says_how_many_of_a_hundred(rng: Any) -> None:
    came = np.arange(1_000) < 200
    tally = of_scores(came, np.where(np.arange(1_000) < 840, came, ~came) * 1.0)
    expected = "Of 100 answers whose outcome is known, 84 were right (82 to 86). When it was tested: 86."
    assert rightness.headline([tally], promised=0.86) == expected
    few = of_scores(came[:7], np.zeros(7))
    assert rightness.headline([few]) == "Not known yet: needs 20 outcomes, has 7."
    assert rightness.headline([]) == "Not known yet: needs 20 outcomes, has 0."
    assert class_measures.matrix(tally).sum() == 1_000
