"""Cases to begin with, made up from the middle and the quarters of what a model learned from: nobody's own row."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registry import background
from registry.serving import Serving
from registry.signature import Feature

FEWEST = 5  # of fewer rows, the middle of each column could be one person
QUARTERS = (2, 1, 3)  # the middle first


@dataclass(frozen=True)
class ExampleCase:
    """Values by feature; `number` is how an address calls it, from 1."""

    number: int
    title: str
    values: dict[str, Any]


def example_cases(champion: Serving) -> list[ExampleCase]:
    """The typical case first; none for a picture, or for a version that came without a sample to learn from."""
    sample = None if champion.signature.image is not None else background.of(champion.version)
    if sample is None:
        return []
    columns = [(feature, _known(sample[feature.name].tolist())) for feature in champion.signature.features]
    if max((len(column) for _feature, column in columns), default=0) < FEWEST:
        return []
    titles = (_("Typical case"), _("Low numbers"), _("High numbers"))
    made: list[ExampleCase] = []
    for number, (quarter, title) in enumerate(zip(QUARTERS, titles, strict=True), 1):
        values = {feature.name: _value(feature, column, quarter) for feature, column in columns}
        if all(values != case.values for case in made):
            made.append(ExampleCase(number, title, values))
    return made


def _known(column: list[Any]) -> list[Any]:
    return [value for value in column if value is not None and value == value]  # noqa: PLR0124  NaN is not itself


def _value(feature: Feature, column: list[Any], quarter: int) -> Any:
    if not column:
        return None
    if feature.dtype not in {"number", "integer"}:
        return max(dict.fromkeys(column), key=column.count)
    found = sorted(column)[len(column) * quarter // 4]
    return int(found) if feature.dtype == "integer" else found
