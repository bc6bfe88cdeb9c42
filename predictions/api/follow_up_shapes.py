"""What programs send about answers: decisions and outcomes, one or many. Shapes only; the verbs judge what is said."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from rest_framework import serializers

from predictions.api.filters import NAME
from predictions.decisions import reasons
from predictions.models import Decision
from predictions.outcomes.verbs import LONGEST_COMMENT
from predictions.outcomes.words import LONGEST_LABEL
from registry.api.documents import StrictSerializer

MOST = 1_000
_NO_CHOICE = ("required", "null", "invalid_choice")


# What serializers cannot say in the OpenAPI document: which members go together. `rules` of a serializer tells it.


def _with(**members: Any) -> dict[str, Any]:
    return {"properties": members, "required": list(members)}


def _without(*names: str) -> dict[str, Any]:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


_WRITTEN = {"type": "string", "pattern": r"\S"}
_DECISION = {
    "anyOf": [
        _with(verdict={"const": str(verdict)}, reason={"enum": [str(one) for one in suiting if one != "other"]})
        for verdict, suiting in reasons.SUITING.items()
    ]
    + [_with(reason={"const": "other"}, comment=_WRITTEN)]
}
_HAPPENED = [{"required": ["label", "observed_date"]}, {"required": ["value", "observed_date"]}]
_ANSWER = [
    {"required": ["prediction"], **_without("key", "model", "dataset")},
    {"required": ["key"], "anyOf": [{"required": ["model"]}, {"required": ["dataset"]}], **_without("prediction")},
]
_OUTCOME_ROW = {"oneOf": _HAPPENED, "allOf": [{"oneOf": _ANSWER}]}
_OUTCOME = {
    "oneOf": [
        *({**said, "properties": {"withdrawn": {"const": False}}} for said in _HAPPENED),
        {**_with(withdrawn={"const": True}), **_without("label", "value", "observed_date")},
    ]
}


class DayField(serializers.DateField):
    """2027-02-10; what else Python reads as a day is none."""

    def to_internal_value(self, value: Any) -> date:
        """Raises ValidationError."""
        if not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)):
            raise serializers.ValidationError(_("Send a day like 2027-02-10."), code="invalid")
        found: date = super().to_internal_value(value)
        return found


class _Optional(serializers.CharField):
    """Text that may be left out, as it was sent."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, trim_whitespace=False, **more)


def _one_of(names: Sequence[str]) -> str:
    return _("Send one of: %(names)s.") % {"names": ", ".join(names)}


def _choice(names: Sequence[str]) -> serializers.ChoiceField:
    """One of these words; whoever sends none of them, or nothing, is told them."""
    return serializers.ChoiceField(choices=names, error_messages=dict.fromkeys(_NO_CHOICE, lazy(_one_of, str)(names)))


class DecisionSerializer(StrictSerializer):
    """What a person makes of an answer. `replaces`: the decision that counts now, to correct it."""

    verdict = _choice(Decision.Verdict.values)
    reason = _choice(Decision.Reason.values)
    comment = _Optional(allow_blank=True, max_length=reasons.LONGEST_COMMENT)
    replaces = serializers.UUIDField(required=False, allow_null=True)
    rules = _DECISION


class DecisionRowSerializer(DecisionSerializer):
    """The same of the answer `prediction`."""

    prediction = serializers.UUIDField()


class DecisionsSerializer(StrictSerializer):
    """Up to 1000 decisions: all are kept or none, with `partial` the good ones."""

    decisions = serializers.ListField(child=DecisionRowSerializer(), min_length=1, max_length=MOST)
    partial = serializers.BooleanField(required=False)  # type: ignore[assignment]  # DRF takes it away from the class


class _OutcomeSerializer(StrictSerializer):
    label = _Optional(max_length=LONGEST_LABEL)  # type: ignore[assignment]  # DRF takes it away from the class
    value = serializers.FloatField(required=False)
    observed_date = DayField(required=False)
    replaces = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Something happened, and on a day. Raises ValidationError."""
        found: dict[str, Any] = {}
        if "label" in data and "value" in data:
            found["value"] = _("Send “label” or “value”, not both.")
        if "label" not in data and "value" not in data:
            found["label"] = _("Say what happened: send “label”, or “value” where the model answers values.")
        if "observed_date" not in data:
            found["observed_date"] = _("Enter the day on which it was observed.")
        if found:
            raise serializers.ValidationError(found, code="incomplete")
        return data


class OutcomeSerializer(_OutcomeSerializer):
    """What really happened: a class of the model as `label`, or a `value`; `withdrawn` takes the last report back.

    `replaces`: the outcome that counts now, to correct it or to take it back.
    """

    comment = _Optional(allow_blank=True, max_length=LONGEST_COMMENT)
    withdrawn = serializers.BooleanField(required=False)
    rules = _OUTCOME

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """A withdrawal says nothing else. Raises ValidationError."""
        if not data.get("withdrawn"):
            return super().validate(data)
        message = _("Leave this out: what is withdrawn says nothing.")
        found: dict[str, Any] = {name: message for name in ("label", "value", "observed_date") if name in data}
        if found:
            raise serializers.ValidationError(found, code="contradiction")
        return data


class OutcomeRowSerializer(_OutcomeSerializer):
    """What became of an answer: of `prediction`, or of the latest one about `key` of a `model` or a `dataset`."""

    prediction = serializers.UUIDField(required=False)
    key = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    model = serializers.RegexField(f"^{NAME}$", required=False)
    dataset = serializers.RegexField(f"^{NAME}$", required=False)
    rules = _OUTCOME_ROW

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """It is clear which answer is meant. Raises ValidationError."""
        found = {}
        if ("prediction" in data) == ("key" in data):
            found["prediction"] = _("Send “prediction” or “key”: which answer is it about?")
        elif "prediction" in data and (more := [name for name in ("model", "dataset") if name in data]):
            found = dict.fromkeys(more, _("Leave this out: “prediction” says which answer is meant."))
        elif "key" in data and not {"model", "dataset"} & set(data):
            found["model"] = _("A key alone does not say which answer is meant: send “model” or “dataset” too.")
        if found:
            raise serializers.ValidationError(found, code="incomplete")
        return super().validate(data)


class OutcomesSerializer(StrictSerializer):
    """Up to 1000 outcomes: all are kept or none, with `partial` the good ones."""

    outcomes = serializers.ListField(child=OutcomeRowSerializer(), min_length=1, max_length=MOST)
    partial = serializers.BooleanField(required=False)  # type: ignore[assignment]  # DRF takes it away from the class


class KeptSerializer(serializers.Serializer):
    """A row that is stored. `replayed`: it was there before."""

    row = serializers.IntegerField(min_value=0)
    prediction = serializers.UUIDField()
    id = serializers.UUIDField(help_text="Of the decision or outcome.")
    replayed = serializers.BooleanField()


class RowErrorSerializer(serializers.Serializer):
    """Why a row is not taken."""

    row = serializers.IntegerField(min_value=0)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class KeptRowsSerializer(serializers.Serializer):
    """What was stored, and with `partial` what was not."""

    results = KeptSerializer(many=True)
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]  # DRF takes it away from the class
