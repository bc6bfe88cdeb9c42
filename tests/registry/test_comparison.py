"""What both forms of a model are asked, and what counts as the same answer."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from registry import labels
from registry.importer import comparison
from registry.runtimes.base import Columns
from registry.signature import Signature

TWO = [{"value": "no"}, {"value": "yes", "positive": True}]
COUNT = 4_000


def signature(*features: dict[str, Any], classes: Any = TWO, threshold: float | None = None) -> Signature:
    outputs = {"classes": classes} if classes else {}
    if threshold is not None:
        outputs["threshold"] = {"value": threshold}
    task = "tabular-classification" if classes else "tabular-regression"
    return Signature.parse({"task": task, "inputs": {"features": list(features)}, "outputs": outputs})


def asked(*features: dict[str, Any], edges: Any = None, **known: Columns | None) -> Columns:
    known = {"background": None, "golden": None} | known
    columns, count = comparison.rows(signature(*features), edges=edges or {}, **known)
    assert {len(column) for column in columns.values()} == {count}
    return columns


def column(feature: dict[str, Any], edges: list[float] | None = None) -> NDArray[Any]:
    return asked({"name": "x", **feature}, edges={"x": edges or []})["x"]


@pytest.fixture(autouse=True)
def _rows(settings: Any) -> None:
    settings.COMPARISON_ROWS = COUNT


def test_numbers_cover_the_seen_range_and_a_tenth_beyond() -> None:
    values = column({"dtype": "number", "train_range": [0, 100]})
    assert values.dtype == np.float64
    assert -10 <= values.min() < -9
    assert 109 < values.max() <= 110
    assert abs(np.mean(values < 50) - 0.5) < 0.05


def test_ends_of_the_range_and_zero_are_asked() -> None:
    values = column({"dtype": "number", "train_range": [-3, 7]}).tolist()
    for end in (-3.0, 7.0, np.nextafter(-3, -9), np.nextafter(7, 9), 0.0):
        assert 5 < values.count(end) < 100
    assert {np.signbit(value) for value in values if value == 0} == {True, False}


def test_some_rows_say_nothing_that_need_not_be_said() -> None:
    features = [{"name": name, "dtype": "number", "nullable": name != "c"} for name in "abc"]
    columns = asked(*features)
    silent = np.isnan(columns["a"]) & np.isnan(columns["b"])
    assert COUNT // 100 <= silent.sum() < COUNT // 50
    assert not np.isnan(columns["c"]).any()


def test_bounds_are_never_left() -> None:
    values = column({"dtype": "number", "train_range": [0, 100], "min": 0, "max": 101}, [-500.0, 500.0])
    assert (values.min(), values.max()) == (0, 101)


@pytest.mark.parametrize(
    ("feature", "low", "high"),
    [
        ({}, -12, 12),
        ({"min": 18}, 18, 40),
        ({"max": -18}, -40, -18),
        ({"min": 3, "max": 5}, 3, 5),
        ({"train_range": [7, 7]}, 6, 8),
    ],
)
def test_range_without_a_training_range(feature: dict[str, Any], low: float, high: float) -> None:
    values = column({"dtype": "number", **feature})
    assert low <= values.min() < low + (high - low) / 10
    assert high - (high - low) / 10 < values.max() <= high


def test_splits_of_trees_are_hit_from_both_sides() -> None:
    below, above = np.nextafter(40.5, 0), np.nextafter(40.5, 99)
    values = column({"dtype": "number", "train_range": [18, 80]}, [below, 40.5, above])
    counts = [np.sum(values == edge) for edge in (below, 40.5, above)]
    assert min(counts) > COUNT * 0.3 / 3 * 0.7
    assert 0.25 < sum(counts) / COUNT < 0.35


def test_range_comes_from_the_splits_where_nothing_else_is_known() -> None:
    values = column({"dtype": "number"}, [1_000.0, 2_000.0])
    assert 800 < values.min() < values.max() < 2_200


def test_integers_are_whole() -> None:
    values = column({"dtype": "integer", "min": 0, "max": 10}, [4.5])
    assert values.dtype == np.int64
    assert set(values.tolist()) == set(range(11))


@pytest.mark.parametrize("dtype", ["number", "integer", "boolean", "string"])
def test_what_may_be_missing_sometimes_is(dtype: str) -> None:
    values = column({"dtype": dtype, "nullable": True})
    missing = np.mean([value is None or value != value for value in values.tolist()])
    assert 0.03 < missing < 0.08
    assert values.dtype == (np.float64 if dtype in {"number", "integer"} else object)


def test_what_may_not_be_missing_never_is() -> None:
    assert set(column({"dtype": "boolean"}).tolist()) == {True, False}
    assert column({"dtype": "boolean"}).dtype == bool


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        (["a", "b"], {comparison.UNKNOWN, "A"}),
        (["a", "A"], {comparison.UNKNOWN}),
        ([1, 2], {0, 3}),
        ([0.5, 1.5], {-0.5, 2.5}),
        ([True, False], set()),
    ],
)
def test_categories_and_unknown_ones(values: list[Any], unknown: set[Any]) -> None:
    feature = {"dtype": "category", "categories": [{"value": value} for value in values]}
    assert set(column(feature).tolist()) == set(values)
    assert set(column(feature | {"allow_unknown": True}).tolist()) == set(values) | unknown


def test_known_rows_come_first_and_have_neighbours() -> None:
    features = [{"name": name, "dtype": "number", "train_range": [0, 1]} for name in "abcd"]
    known = {name: np.array([50.0, 60.0, 70.0]) for name in "abcd"}
    columns = asked(*features, background=known, golden={name: np.array([80.0]) for name in "abcd"})
    assert columns["a"][:4].tolist() == [50, 60, 70, 80]
    table = np.column_stack([columns[name] for name in "abcd"])[4:]
    near = np.mean(table >= 50, axis=1)
    assert (near[: COUNT // 2] == 0).all()
    assert 0.75 < near[COUNT // 2 :].mean() < 0.85
    assert set(table[COUNT // 2 :][table[COUNT // 2 :] >= 50]) == {50, 60, 70, 80}


def test_the_same_rows_every_time() -> None:
    feature = {"dtype": "number", "nullable": True}
    assert np.array_equal(column(feature), column(feature), equal_nan=True)


@pytest.mark.parametrize(("layout", "shape"), [("flat", (192,)), ("nhwc", (8, 8, 3)), ("nchw", (3, 8, 8))])
def test_pictures_have_the_models_layout_and_scale(layout: str, shape: tuple[int, ...]) -> None:
    image = {"width": 8, "height": 8, "mode": "RGB", "layout": layout, "scale": 16.0}
    found = Signature.parse({"task": "image-classification", "inputs": {"image": image}, "outputs": {"classes": TWO}})
    columns, count = comparison.rows(found, background=None, golden=None, edges={})
    assert columns["image"].shape == (count, *shape) == (COUNT, *shape)
    assert columns["image"].min() == 0.0
    assert columns["image"].max() == 16.0


# -- what counts as the same


class Answers:
    """A runtime that gives its scores one after the other."""

    name = "test"

    def __init__(self, scores: Any, limit: int = 10**9) -> None:
        self.scores, self.limit = np.asarray(scores, dtype=float), limit

    def predict(self, columns: Columns, rows: int) -> NDArray[np.float64]:
        assert rows <= self.limit
        return self.scores[columns["row"].astype(int)]

    def close(self) -> None: ...


def compared(expected: Any, found: Any, **how: Any) -> dict[str, Any]:
    count = len(expected)
    rows = {"row": np.arange(count)}
    candidate = Answers(found, limit=comparison.CHUNK)
    return comparison.compare(signature(**how), rows, count, original=Answers(expected), candidate=candidate)


def test_equal_scores_have_no_miss() -> None:
    report = compared([[0.4, 0.6], [0.7, 0.3]], [[0.400009, 0.599991], [0.7, 0.3]])
    assert (report["rows"], report["misses"], report["label_misses"]) == (2, 0, 0)
    assert report["largest_difference"] == pytest.approx(9e-6)
    assert report["bound"] == 1.5


def test_differences_are_counted() -> None:
    report = compared([[0.4, 0.6]] * 4, [[0.4, 0.6], [0.39998, 0.60002], [0.1, 0.9], [0.9, 0.1]])
    assert (report["misses"], report["label_misses"]) == (3, 1)
    assert report["largest_difference"] == pytest.approx(0.5)


def test_another_label_is_a_miss_however_near_the_scores() -> None:
    report = compared([[0.5, 0.5]], [[0.499998, 0.500002]])
    assert (report["misses"], report["label_misses"]) == (1, 1)
    assert report["largest_difference"] < comparison.TOLERANCE


def test_what_is_no_number_is_a_miss() -> None:
    report = compared([[np.nan, np.nan], [0.4, 0.6]], [[np.nan, np.nan], [0.4, 0.6]])
    assert (report["misses"], report["largest_difference"]) == (1, None)


def test_another_shape_is_all_misses() -> None:
    assert compared([[0.4, 0.6]] * 3, [[0.4, 0.3, 0.3]] * 3)["misses"] == 3


def test_large_values_may_differ_by_their_digits() -> None:
    values = np.array([[100_000.0], [1e-3]])
    assert compared(values, values + np.array([[0.5], [0]]), classes=None)["misses"] == 0
    assert compared(values, values + np.array([[2.0], [1e-4]]), classes=None)["misses"] == 2


def test_candidate_is_asked_in_parts() -> None:
    scores = np.random.default_rng(0).random((comparison.CHUNK * 2 + 1, 1))
    assert compared(scores, scores, classes=None)["misses"] == 0


# -- the label rule


def label(scores: list[float], **how: Any) -> Any:
    return labels.outputs(signature(**how), np.array([scores]))[0]["label"]


@pytest.mark.parametrize(
    ("score", "threshold", "expected"),
    [
        (0.5, None, "no"),
        (0.4999999, None, "no"),
        (0.5000001, None, "no"),  # a vote of one half, in another runtime
        (0.500001, None, "yes"),
        (0.5, 0.5, "yes"),
        (0.4999999, 0.5, "yes"),
        (0.499999, 0.5, "no"),
        (0.3, 0.3, "yes"),
        (0.0, 0.0, "yes"),
        (0.999999, 1.0, "no"),
    ],
)
def test_two_classes(score: float, threshold: float | None, expected: str) -> None:
    assert label([1 - score, score], threshold=threshold) == expected


def test_positive_class_may_come_first() -> None:
    classes = [{"value": "yes", "positive": True}, {"value": "no"}]
    answer = labels.outputs(signature(classes=classes, threshold=0.3), np.array([[0.35, 0.65]]))[0]
    assert answer == {
        "label": "yes",
        "score": 0.35,
        "probabilities": {"yes": 0.35, "no": 0.65},
        "threshold": 0.3,
    }


def test_several_classes_and_a_tie() -> None:
    three = [{"value": value} for value in (7, 8, 9)]
    assert label([0.2, 0.5, 0.3], classes=three) == "8"
    assert label([0.4, 0.2, 0.4], classes=three) == "7"
    answer = labels.outputs(signature(classes=three), np.array([[0.2, 0.5, 0.3]]))[0]
    assert (answer["score"], "threshold" in answer) == (0.5, False)


def test_value_of_a_regression() -> None:
    answers: list[Any] = labels.outputs(signature(classes=None), np.array([[1.5], [-2.0]]))
    assert answers == [{"value": 1.5, "score": 1.5}, {"value": -2.0, "score": -2.0}]
