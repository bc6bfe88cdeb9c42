"""What was asked with other values than the record has."""

from dataclasses import dataclass
from typing import Any

from predictions import asking
from predictions.listing.fields import Field
from predictions.models import Prediction, Source
from registry.signature import Feature, Signature


@dataclass(frozen=True)
class Changed:
    """A field by its title; `value` is what the record has, empty where the reader may not see it."""

    title: str
    value: str


def changed(
    signature: Signature, prediction: Prediction, hidden: frozenset[str], *, sees_record: bool
) -> list[Changed] | None:
    """None for an answer about a record as it was; empty when the record has the same values by now."""
    if prediction.source != Source.CHANGED or prediction.record is None:
        return None
    data, found = prediction.record.data, asking.changed(signature, prediction.record, prediction.inputs)
    seen = {feature.name for feature in found if sees_record} - hidden
    return [Changed(one.title, _shown(one, data[one.name]) if one.name in seen else "") for one in found]


def _shown(feature: Feature, value: Any) -> str:
    """As the page of the record writes it, whatever the file held."""
    return Field(name=feature.name, kind="", is_hidden=False, feature=feature).with_unit(value)
