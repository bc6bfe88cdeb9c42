"""How days are written in each language, on pages and in sentences."""

from datetime import date

import pytest
from django.template import Context, Template
from django.utils import translation
from django.utils.formats import date_format


@pytest.mark.parametrize(
    ("language", "day", "said"),
    [
        ("fr", date(2026, 8, 1), "1er août 2026"),
        ("fr", date(2026, 8, 11), "11 août 2026"),
        ("en", date(2026, 8, 1), "1 August 2026"),
    ],
)
def test_french_counts_the_first_of_a_month(language: str, day: date, said: str) -> None:
    with translation.override(language):
        assert date_format(day, "j F Y") == said
        assert Template('{{ day|date:"j F Y" }}').render(Context({"day": day})) == said
        assert date_format(day, "Y-m-d") == day.isoformat()
