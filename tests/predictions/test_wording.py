"""Which words of a file are taken for the same."""

import pytest

from predictions.imports.wording import alike


@pytest.mark.parametrize(
    "text", ["Satisfaction\u202f: équipe", "Satisfaction\xa0: équipe", "Satisfaction : équipe", "Satisfaction?: équipe"]
)
def test_what_stands_before_a_colon_does_not_count(text: str) -> None:
    assert alike(text) == alike("Satisfaction: équipe")


@pytest.mark.parametrize("text", ["le «\u202fnet\u202f»", "le «?net?»", "le «net»"])
def test_what_stands_inside_of_quotes_does_not_count(text: str) -> None:
    assert alike(text) == alike("le « net »")


@pytest.mark.parametrize(
    ("one", "other"), [("<5", ">5"), ("< 5", "> 5"), ("a?b", "a b"), ("a: b", "a b"), ("a?", "a"), ("« a »", "a")]
)
def test_other_signs_count(one: str, other: str) -> None:
    assert alike(one) != alike(other)
