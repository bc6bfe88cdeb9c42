"""From records to a question: which of their columns a model takes, and what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404
from django.utils.translation import gettext as _

from predictions import masking
from predictions.models import Dataset, Prediction, Record
from registry.coercion import Refused
from registry.signature import Feature, Signature

LONGEST_NUMBER = 18  # digits; what fits into the column whatever they are


def visible_record_row(user: User | AnonymousUser, pk: int | str) -> Record:
    """The record of this number, with its set, for somebody who may see that set. Raises Http404."""
    text = str(pk)
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    found = None
    if is_number:
        found = Record.objects.select_related("dataset__model").filter(pk=int(text)).first()
    if found is None or not found.dataset.is_visible_to(user):
        raise Http404(_("There is no record of this number."))  # whether there is one, is nobody's business
    return found


@dataclass(frozen=True)
class Case:
    """Whom an earlier answer without a record was about, and what was asked then.

    `number` of the answer; `values` without those that the reader may not see, which `is_masked` says there are.
    """

    number: str
    key: str
    values: Mapping[str, Any]
    is_masked: bool

    def is_changed(self, signature: Signature, asked: Mapping[str, Any]) -> bool:
        """Whether other values are asked. With one that is masked, always: comparing would tell what it is."""
        return self.is_masked or bool(differing(signature, self.values, asked))


def case_of(answer: Prediction, signature: Signature, user: User | AnonymousUser) -> Case | None:
    """What an answer that this person may see was about; None where that is a record or has no name."""
    if answer.record_id is not None or not answer.key:
        return None
    hidden = masking.hidden_in_answer(answer, signature, user)
    seen = {name: value for name, value in answer.inputs.items() if name not in hidden}
    return Case(str(answer.pk), answer.key, seen, is_masked=bool(hidden))


def values(signature: Signature, record: Record) -> dict[str, Any]:
    """What a record holds of each feature; None for a feature that is no column of it. Other columns are left out."""
    return {feature.name: record.data.get(feature.name) for feature in signature.features}


def columns(signature: Signature, records: Sequence[Record]) -> dict[str, list[Any]]:
    """The same of several records, as the columns that the waist works on."""
    return {feature.name: [record.data.get(feature.name) for record in records] for feature in signature.features}


def changed(signature: Signature, record: Record, asked: Mapping[str, Any]) -> list[Feature]:
    """What was asked with another value than the record has; what the record has no column for does not count.

    Values are compared as the model takes them: `2`, `2.0` and a form's `2,0` are the same.
    """
    return differing(signature, record.data, asked)


def differing(signature: Signature, known: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Feature]:
    """The same of values that are known from elsewhere."""
    return [
        feature
        for feature in signature.features
        if feature.name in known and _taken(feature, asked.get(feature.name)) != _taken(feature, known[feature.name])
    ]


def _taken(feature: Feature, value: Any) -> Any:
    """The value as the model takes it; one that it does not take is like no other."""
    try:
        return feature.clean(value)
    except Refused:
        return object()


def fits(signature: Signature, dataset: Dataset) -> list[str]:
    """The columns that a model needs and a set of records lacks, by name; empty when it can be asked about the set."""
    if signature.image is not None:
        return ["image"]
    known = {column["name"] for column in dataset.columns}
    return [feature.name for feature in signature.features if not feature.nullable and feature.name not in known]
