"""What breaks those who ask: each kind of change, in both directions."""

from copy import deepcopy
from typing import Any

import pytest

from registry.signature import InvalidInput, Signature, columns_of
from registry.signature_diff import Change, breaking, diff

BASE: dict[str, Any] = {
    "task": "tabular-classification",
    "inputs": {
        "features": [
            {"name": "age", "dtype": "integer", "min": 16, "max": 80, "train_range": [18, 60], "label": "Age"},
            {"name": "pay", "dtype": "number", "unit": "EUR", "nullable": True},
            {"name": "team", "dtype": "category", "categories": [{"value": "a"}, {"value": "b"}]},
        ]
    },
    "outputs": {
        "classes": [{"value": 0, "label": "stays"}, {"value": 1, "label": "leaves", "positive": True}],
        "threshold": {"value": 0.5},
    },
}
AGE, PAY, TEAM = range(3)


def signature(data: dict[str, Any]) -> Signature:
    return Signature.parse(data)


def with_feature(index: int, **members: Any) -> dict[str, Any]:
    data = deepcopy(BASE)
    data["inputs"]["features"][index] |= members
    return data


def with_outputs(**members: Any) -> dict[str, Any]:
    data = deepcopy(BASE)
    data["outputs"] |= members
    return data


def with_features(*features: dict[str, Any]) -> dict[str, Any]:
    data = deepcopy(BASE)
    data["inputs"]["features"] = list(features)
    return data


def categories(*values: Any) -> list[dict[str, Any]]:
    return [{"value": value} for value in values]


FEATURES = BASE["inputs"]["features"]
BREAKS = {
    "a field goes": (with_features(*FEATURES[:2]), "The field “team” goes away"),
    "a field must be given": (with_features(*FEATURES, {"name": "x", "dtype": "number"}), "The new field “x” must be"),
    "another type": (with_feature(PAY, dtype="string"), "“pay” becomes another type"),
    "a number becomes whole": (with_feature(PAY, dtype="integer"), "“pay” becomes another type"),
    "no longer missing": (with_feature(PAY, nullable=False), "“pay” may no longer be missing"),
    "another unit": (with_feature(PAY, unit="kEUR"), "“pay” is given in another unit"),
    "a higher minimum": (with_feature(AGE, min=18), "“age” takes fewer values"),
    "a lower maximum": (with_feature(AGE, max=70), "“age” takes fewer values"),
    "a first minimum": (with_feature(PAY, min=0), "“pay” takes fewer values"),
    "a value goes": (with_feature(TEAM, categories=categories("a", "c")), "“team” takes fewer values"),
    "other classes": (with_outputs(classes=[{"value": 0}, {"value": 2}]), "The answers are other ones: 0, 1 before"),
    "another order": (with_outputs(classes=BASE["outputs"]["classes"][::-1]), "The classes come in another order"),
    "another positive class": (
        with_outputs(classes=[{"value": 0, "positive": True}, {"value": 1}]),
        "The score would be that of “0”, no longer that of “1”",
    ),
    "another unit of the answer": (
        {**with_outputs(classes=[], unit="k€", threshold=None), "task": "tabular-regression"},
        "The task changes",
    ),
    "pictures": (
        {**BASE, "inputs": {"image": {"width": 8, "height": 8, "mode": "L", "layout": "flat"}}},
        "One version",
    ),
}
HARMLESS = {
    "a field that may be missing": with_features(*FEATURES, {"name": "x", "dtype": "number", "nullable": True}),
    "wider bounds": with_feature(AGE, min=14, max=90),
    "no bounds": with_feature(AGE, min=None, max=None),
    "a whole number becomes any": with_feature(AGE, dtype="number"),
    "one more value": with_feature(TEAM, categories=categories("c", "b", "a")),
    "any value": with_feature(TEAM, allow_unknown=True),
    "may be missing": with_feature(AGE, nullable=True),
    "a unit is said": with_feature(AGE, unit="years"),
    "a translated unit": with_feature(PAY, unit={"en": "EUR", "fr": "euros"}),
    "a label": with_feature(AGE, label={"en": "Age", "fr": "Âge"}, help="In full years."),
    "a range": with_feature(AGE, train_range=[18, 65]),
    "a threshold": with_outputs(threshold={"value": 0.4}),
    "names of answers": with_outputs(classes=[{"value": 0}, {"value": 1, "positive": True}]),
}


def test_nothing_changes() -> None:
    assert diff(signature(BASE), signature(deepcopy(BASE))) == []


@pytest.mark.parametrize(("after", "said"), BREAKS.values(), ids=BREAKS)
def test_change_that_breaks(after: dict[str, Any], said: str) -> None:
    found = breaking(signature(BASE), signature(after))
    assert any(text.startswith(said) for text in found), found


@pytest.mark.parametrize("after", HARMLESS.values(), ids=HARMLESS)
def test_change_that_breaks_nobody(after: dict[str, Any]) -> None:
    found = diff(signature(BASE), signature(after))
    assert found
    assert [change for change in found if change.breaks] == []


@pytest.mark.parametrize("after", HARMLESS.values(), ids=HARMLESS)
def test_what_was_taken_before_is_taken_still(after: dict[str, Any]) -> None:
    """The promise behind `breaks`, asked of the signature itself."""
    rows = [{"age": age, "pay": pay, "team": team} for age in (16, 80) for pay in (None, 1.5) for team in "ab"]
    signature(BASE).clean(columns_of(rows), len(rows))
    signature(after).clean(columns_of(rows), len(rows))


@pytest.mark.parametrize("name", ["a higher minimum", "a lower maximum", "a value goes", "no longer missing"])
def test_what_breaks_refuses(name: str) -> None:
    rows = [{"age": age, "pay": pay, "team": team} for age in (16, 80) for pay in (None, 1.5) for team in "ab"]
    with pytest.raises(InvalidInput):
        signature(BREAKS[name][0]).clean(columns_of(rows), len(rows))


def test_a_change_is_shown_with_both_values() -> None:
    found = diff(signature(BASE), signature(with_feature(AGE, max=90, label="Years")))
    assert found == [
        Change("age", "allowed", "16 – 80", "16 – 90"),
        Change("age", "label", "Age", "Years"),
    ]


def test_a_larger_picture_breaks_nobody() -> None:
    picture = {**BASE, "inputs": {"image": {"width": 8, "height": 8, "mode": "L", "layout": "flat"}}}
    larger = {**BASE, "inputs": {"image": {"width": 28, "height": 8, "mode": "L", "layout": "flat"}}}
    assert diff(signature(picture), signature(larger)) == [Change("image", "width", "8", "28")]
