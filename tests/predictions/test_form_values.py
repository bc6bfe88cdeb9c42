"""Stored values as a form shows them: in the reader's language, exact, and read back as what they were."""

from typing import Any

import pytest
from django.utils import translation

from predictions.typed import typed_value
from registry.signature import Feature

NUMBER = Feature(name="n", dtype="number", nullable=True)
RATING = Feature(name="r", dtype="category", categories=({"value": 0.5}, {"value": 1.5}))
YES = Feature(name="y", dtype="boolean", nullable=True)


@pytest.mark.parametrize(
    ("feature", "value", "english", "french"),
    [
        (NUMBER, 0.2, "0.2", "0,2"),
        (NUMBER, 5, "5", "5"),
        (NUMBER, 19999.5, "19999.5", "19999,5"),
        (NUMBER, None, "", ""),
        (NUMBER, "wide", "wide", "wide"),
        (RATING, 1.5, "1.5", "1.5"),
        (YES, "oui", "true", "true"),
        (YES, False, "false", "false"),
    ],
)
def test_values_are_written_in_the_readers_language(feature: Feature, value: Any, english: str, french: str) -> None:
    assert typed_value(feature, value) == english
    with translation.override("fr"):
        assert typed_value(feature, value) == french


@pytest.mark.parametrize("value", [1.234, -12.345, 0.1 + 0.2, 1e-7, 1e22, 123456.789, 1 / 3])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_shown_is_read_back_as_the_same_number(value: float, language: str) -> None:
    with translation.override(language):
        assert NUMBER.clean(typed_value(NUMBER, value)) == value


def test_what_may_be_entered_is_said_in_the_readers_language() -> None:
    feature = Feature(name="n", dtype="number", min=0.5, max=20_000, train_range=(1.5, 10_000))
    with translation.override("fr"):
        assert "0,5" in feature.bounds_message()
        assert "20\u202f000" in feature.bounds_message()
        warning = feature.warning(0.7)
    assert warning is not None
    assert "1,5" in warning["message"]
