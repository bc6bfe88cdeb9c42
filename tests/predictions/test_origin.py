"""What the strip under an answer says the model was trained on: a manifest may hold anything there."""

from typing import Any

import pytest
from django.utils.translation import override

from predictions.models import Prediction
from predictions.presenters.origin import Origin
from registry.models import ModelVersion


def trained_on(**provenance: Any) -> str:
    return Origin(Prediction(version=ModelVersion(metadata={"provenance": provenance}))).trained_on


def test_the_data_is_named_in_the_language_of_the_reader() -> None:
    with override("fr"):
        assert trained_on(data={"en": "extracts", "fr": "extraits"}, rows=1470) == "extraits, 1\u202f470 lignes"


@pytest.mark.parametrize("odd", [{"data": 5}, {"data": ["a"]}, {"rows": "many"}, {"data": None, "rows": None}])
def test_what_makes_no_sense_is_no_fault(odd: dict[str, Any]) -> None:
    assert "rows" not in trained_on(**odd)
