"""How much of an explanation is hidden is said, and nothing else about it."""

import pytest
from django.utils.translation import override

from predictions.models import Prediction
from predictions.presenters.factors import Factors
from registry.signature import Signature

NAMES = "abcdefg"
SIGNATURE = Signature.parse(
    {
        "task": "tabular-classification",
        "inputs": {"features": [{"name": name, "dtype": "number"} for name in NAMES]},
        "outputs": {"classes": [{"value": "no"}, {"value": "yes", "positive": True}]},
    }
)


def note(hidden: str) -> str:
    found = [{"field": name, "value": 1, "contribution": 0.1} for name in NAMES]
    return Factors(
        SIGNATURE, Prediction(explanation={"base": 0.1, "contributions": found}), frozenset(hidden)
    ).hidden_note


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ("", ""),
        ("fg", "Fields that you may not see are counted with the others."),
        ("cg", "One of the 5 strongest factors is a field that you may not see: "),
        ("ae", "2 of the 5 strongest factors are fields that you may not see: "),
    ],
)
def test_how_many_of_the_strongest_are_hidden_is_said(hidden: str, said: str) -> None:
    assert note(hidden).startswith(said)
    assert bool(note(hidden)) is bool(said)


def test_the_same_in_french() -> None:
    with override("fr"):
        assert note("ae").startswith(
            "Parmi les 5 facteurs les plus forts, 2 sont des champs que vous ne pouvez pas voir"
        )
