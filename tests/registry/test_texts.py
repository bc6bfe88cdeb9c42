"""Numbers as people read them: thousands apart, but for what may be a year."""

import pytest
from django.utils import translation

from registry.texts import amount, ends, figure

GAP = "\u202f"


@pytest.mark.parametrize(("value", "said"), [(1998, "1998"), (19_999, f"19{GAP}999"), (-12_345.5, f"-12{GAP}345.5")])
def test_a_number_alone_may_be_a_year(value: float, said: str) -> None:
    with translation.override("en"):
        assert figure(value) == said


@pytest.mark.parametrize(("value", "said"), [(-0.5, "-0.5"), (-1.5, "-1.5"), (0.5, "0.5"), (-1500, f"-1{GAP}500")])
def test_a_number_below_zero_keeps_its_sign(value: float, said: str) -> None:
    with translation.override("en"):
        assert figure(value, grouped=True) == said


def test_a_number_with_a_unit_is_no_year() -> None:
    assert [amount(1500, "€"), amount(1500, ""), amount(15, "years")] == [f"1{GAP}500 €", "1500", "15 years"]


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (1168, 19_999, "", (f"1{GAP}168", f"19{GAP}999")),
        (1950, 2020, "", ("1950", "2020")),
        (1000, 2000, "€", (f"1{GAP}000", f"2{GAP}000")),
        (None, 12_000, "", ("", f"12{GAP}000")),
        (None, None, "", ("", "")),
        (-0.9, 0.8, "", ("-0.9", "0.8")),
    ],
)
def test_both_ends_of_a_range_are_written_alike(
    low: float | None, high: float | None, unit: str, said: tuple[str, str]
) -> None:
    assert ends(low, high, unit) == said
