"""What would change an answer: what is tried, what is chosen, and that it stays inside what was seen."""

from typing import Any

import numpy as np
import pytest

from predictions import what_if
from registry.signature import Signature

CLASSES = [{"value": "leaves", "positive": True}, {"value": "stays"}]
OVERTIME = {"name": "overtime", "dtype": "boolean", "actionable": True}
PAY = {"name": "pay", "dtype": "integer", "train_range": [1009, 19999], "min": 0, "max": 10_000, "actionable": True}
TRAVEL = {
    "name": "travel",
    "dtype": "category",
    "categories": [{"value": value} for value in ("none", "some", "much")],
    "ordered": True,
    "actionable": True,
}
AGE = {"name": "age", "dtype": "integer", "train_range": [18, 60], "sensitive": "protected", "actionable": True}
TENURE = {"name": "tenure", "dtype": "integer", "train_range": [0, 40]}
NOW = {"overtime": True, "pay": 3000, "travel": "much", "age": 30, "tenure": 2}
WEIGHTS = {"overtime": 0.2, "pay": -0.00002, "travel": 0.1, "age": -0.01, "tenure": -0.01}


def score(columns: what_if.Columns, rows: int) -> np.ndarray:
    """0.86 for NOW: overtime 0.2, travel 0.1 a step, pay 0.02 less for each thousand, and so on."""
    levels = np.array([["none", "some", "much"].index(value) for value in columns["travel"]])
    numbers = {name: np.asarray(columns[name], dtype=float) for name in WEIGHTS if name != "travel"} | {
        "travel": levels
    }
    leaves = 0.84 + sum(weight * numbers[name] for name, weight in WEIGHTS.items())
    return np.stack([leaves, 1 - leaves], axis=1)


def case(*features: dict[str, Any], threshold: float = 0.5, classes: Any = CLASSES, **now: Any) -> what_if.Case:
    outputs = {"classes": classes, "threshold": {"value": threshold}}
    task = "tabular-classification"
    signature = Signature.parse({"task": task, "inputs": {"features": list(features)}, "outputs": outputs})
    names = {feature["name"] for feature in features}
    table = signature.clean({name: [value] for name, value in (NOW | now).items() if name in names}, 1)
    found = float(score(table.columns, 1)[0, 0]) if len(features) > 2 else 0.7
    label = "leaves" if round(found, 6) >= threshold else "stays"
    return what_if.Case(signature, table.columns, table.records[0], found, label, sample={})


ALL = (OVERTIME, PAY, TRAVEL, AGE, TENURE)


def values(moves: list[what_if.Move], field: str) -> list[Any]:
    return [move.value for move in moves if move.field == field]


def test_only_what_somebody_can_act_on_is_moved_and_never_what_is_sensitive() -> None:
    assert {move.field for move in what_if.moves(case(*ALL))} == {"overtime", "pay", "travel"}


def test_numbers_move_in_round_steps_inside_what_was_seen_and_may_be_entered() -> None:
    assert values(what_if.moves(case(*ALL)), "pay") == [2000, 4000, 5000, 6000, 7000, 8000, 9000, 10000]


def test_every_other_choice_is_tried() -> None:
    moves = what_if.moves(case(*ALL))
    assert (values(moves, "travel"), values(moves, "overtime")) == (["none", "some"], [False])


@pytest.mark.parametrize(
    ("feature", "wanted"),
    [
        ({"dtype": "number", "train_range": [0.1, 2.5], "step": 0.5}, [0.5, 1.0, 1.5, 2.0, 2.5]),
        ({"dtype": "integer", "train_range": [0, 6]}, [0, 1, 2, 4, 5, 6]),
        ({"dtype": "number", "train_range": [5, 5]}, []),
        ({"dtype": "number", "train_range": [-1e308, 1e308]}, []),
        ({"dtype": "number"}, []),
        ({"dtype": "string"}, []),
    ],
)
def test_steps_of_odd_ranges(feature: dict[str, Any], wanted: list[float]) -> None:
    odd = {"name": "odd", "actionable": True, **feature}
    found = what_if.moves(case(*ALL, odd, odd="3" if feature["dtype"] == "string" else 3))
    assert values(found, "odd") == wanted


def test_without_a_range_the_sample_says_what_was_seen() -> None:
    odd = {"name": "odd", "dtype": "integer", "actionable": True}
    asked = case(*ALL, odd, odd=3)
    asked.sample["odd"] = np.array([1, 4, 2])
    assert values(what_if.moves(asked), "odd") == [1, 2, 4]


def test_the_smallest_changes_that_turn_the_answer_come_first() -> None:
    found = what_if.explore(case(*ALL, threshold=0.8), score)["changes"]
    assert [each["set"] for each in found] == [
        [{"field": "pay", "value": 7000}],
        [{"field": "travel", "value": "some"}],
        [{"field": "overtime", "value": False}],
    ]
    assert {each["label"] for each in found} == {"stays"}
    assert found[0]["score"] == pytest.approx(0.78)


def test_two_fields_are_moved_where_one_is_not_enough() -> None:
    found = what_if.explore(case(*ALL, threshold=0.62), score)["changes"]
    assert [len(each["set"]) for each in found] == [2, 2, 2]
    assert {each["label"] for each in found} == {"stays"}
    assert {"field": "overtime", "value": False} in found[0]["set"]


def test_where_nothing_turns_the_answer_the_strongest_moves_keep_the_label() -> None:
    found = what_if.explore(case(*ALL, threshold=0.05), score)["changes"]
    assert [(each["set"][0]["field"], each["label"]) for each in found] == [
        ("overtime", "leaves"),
        ("travel", "leaves"),
        ("pay", "leaves"),
    ]


def test_an_answer_below_the_threshold_is_turned_upwards() -> None:
    found = what_if.explore(case(*ALL, threshold=0.8, overtime=False), score)["changes"]
    assert (found[0]["set"], found[0]["label"]) == ([{"field": "overtime", "value": True}], "leaves")


def test_without_levers_there_is_nothing_to_ask() -> None:
    def refuse(columns: object, rows: int) -> np.ndarray:
        raise AssertionError

    assert what_if.explore(case(AGE, TENURE), refuse) == {"changes": [], "curves": []}


def test_curves_hold_the_case_itself_and_what_was_seen() -> None:
    (curve,) = what_if.explore(case(*ALL), score)["curves"]
    assert (curve["field"], curve["low"], curve["high"]) == ("pay", 1009, 10_000)
    assert 3000 in curve["values"]
    assert len(curve["values"]) <= 12
    assert curve["scores"] == sorted(curve["scores"], reverse=True)


def test_a_slow_model_is_asked_fewer_cases_in_at_most_two_calls() -> None:
    asked: list[int] = []

    def count(columns: what_if.Columns, rows: int) -> np.ndarray:
        asked.append(rows)
        return score(columns, rows)

    what_if.explore(case(*ALL, threshold=0.05), count, most=6)
    assert (len(asked) <= 2, sum(asked) <= 6) == (True, True)


def test_three_classes_have_no_levers() -> None:
    three = Signature.parse(
        {
            "task": "tabular-classification",
            "inputs": {"features": [OVERTIME]},
            "outputs": {"classes": [{"value": value} for value in "abc"]},
        }
    )
    assert what_if.levers(three) == []
