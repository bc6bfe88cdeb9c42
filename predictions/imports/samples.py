"""A file to fill in: what a model asks for as columns, in the reader's language, with two made-up cases."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from predictions.example_cases import example_cases
from predictions.spreadsheets import Lines
from registry.serving import Serving
from registry.signature import Feature

CASES = 2


def sample_lines(champion: Serving) -> Iterator[str]:
    """Its lines. A version without a sample to learn from gives one case, from what its fields allow."""
    features = champion.signature.features
    lines = Lines(champion.signature, features)
    cases = [case.values for case in example_cases(champion)[:CASES]]
    yield lines.first([_("Key of the record")])
    for number, values in enumerate(cases or [{feature.name: _allowed(feature) for feature in features}], 1):
        yield lines.line([_("Example %(number)s") % {"number": number}], values)


def _allowed(feature: Feature) -> Any:
    """A value that the model takes: the default, the first choice, the middle of what it learned from."""
    if feature.default is not None or feature.nullable:
        return feature.default
    if feature.values:
        return feature.values[0]
    if feature.kind == "boolean":
        return False
    if feature.kind == "string":
        return _("text")
    low, high = feature.train_range or (feature.min, feature.max)
    known = [bound for bound in (low, high) if bound is not None]
    middle = sum(known) / len(known) if known else 0
    return int(middle) if feature.kind == "integer" else float(middle)
