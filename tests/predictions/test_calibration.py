"""When a score may be said as a frequency."""

import pytest

from predictions import calibration
from registry import contract_checks, drafting

GOOD = [
    {"from": 0.0, "to": 0.2, "n": 150, "mean": 0.1, "rate": 0.12},
    {"from": 0.2, "to": 0.6, "n": 60, "mean": 0.4, "rate": 0.38},
]


def known(*bins: dict[str, float], n: int = 0) -> calibration.Calibration:
    return calibration.parse({"split": "test", "n": n or sum(each["n"] for each in bins), "bins": bins})


def test_a_score_is_proven_where_enough_cases_came_as_it_said() -> None:
    assert [known(*GOOD).doubt(score) for score in (0.0, 0.1, 0.2, 0.6)] == ["", "", "", ""]


APART = "estimate and reality were {} points apart{}; 5 is the most that we accept."
FEW = {"from": 0.6, "to": 0.8, "n": 29, "mean": 0.7, "rate": 0.7}


@pytest.mark.parametrize(
    ("bins", "score", "why"),
    [
        ([GOOD[0]], 0.1, "only 150 outcomes are known, 200 are needed."),
        (
            [GOOD[0] | {"rate": 0.19}],
            0.1,
            "on cases with a known outcome, " + APART.format(9, " on average"),
        ),
        (
            [GOOD[0], GOOD[1] | {"rate": 0.46}],
            0.4,
            "on 60 known cases with such scores, " + APART.format(6, ""),
        ),
        ([*GOOD, FEW], 0.7, "of scores like this one only 29 outcomes are known, 30 are needed."),
        (GOOD, 0.7, "of scores like this one only 0 outcomes are known, 30 are needed."),
    ],
)
def test_why_a_score_is_not_proven(bins: list[dict[str, float]], score: float, why: str) -> None:
    padded = bins if len(bins) > 1 or "only 1" in why else [*bins, bins[0] | {"from": 0.2, "to": 0.4}]
    assert known(*padded).doubt(score) == why


def test_what_is_too_far_apart_is_not_rounded_to_what_is_accepted() -> None:
    assert "were 5.1 points apart" in known(GOOD[0], GOOD[1] | {"rate": 0.4501}).doubt(0.4)


@pytest.mark.parametrize(
    ("bins", "is_proven"),
    [(GOOD, True), ([GOOD[0]], False), ([GOOD[0] | {"rate": 0.19}, GOOD[1]], False), ([*GOOD, FEW], True)],
)
def test_scores_may_be_added_up_where_they_are_right_on_the_whole(
    bins: list[dict[str, float]], is_proven: bool
) -> None:
    assert known(*bins).is_proven is is_proven


def problems(outputs: dict[str, object]) -> list[str]:
    classes = [{"value": "a", "positive": True}, {"value": "b"}]
    return list(contract_checks._frequency_problems({"classes": classes, **outputs}))


def block(*bins: dict[str, float], n: int = 210) -> dict[str, object]:
    return {"calibration": {"split": "test", "n": n, "bins": list(bins)}}


@pytest.mark.parametrize(
    ("outputs", "word"),
    [
        ({**block(*GOOD), "classes": []}, "two classes"),
        (block(*GOOD, n=7), "add up"),
        (block(GOOD[0] | {"mean": 0.5}, GOOD[1]), "the mean lies"),
        (block(*reversed(GOOD)), "do not overlap"),
        ({"frequency": "about so many"}, "{count}"),
        ({"frequency": {"en": "{count} of {count}", "fr": "{count}"}}, "{count}"),
    ],
)
def test_a_manifest_with_a_wrong_block_is_refused(outputs: dict[str, object], word: str) -> None:
    assert [text for text in problems(outputs) if word in text]


def test_a_right_block_is_taken() -> None:
    assert problems({**block(*GOOD), "frequency": {"en": "Of 100, {count}.", "fr": "Sur 100, {count}."}}) == []


def test_another_positive_class_takes_the_measurement_out() -> None:
    classes = [{"value": "a", "positive": True}, {"value": "b"}]
    inputs = {"features": [{"name": "x", "dtype": "number"}]}
    outputs = {"classes": classes, "frequency": "Of 100, {count}.", **block(*GOOD)}
    signature = {"task": "tabular-classification", "inputs": inputs, "outputs": outputs}
    edited, problems = drafting.rebuilt(signature, {"o-positive": "1"})
    assert (set(edited["outputs"]), problems) == ({"classes"}, {})
