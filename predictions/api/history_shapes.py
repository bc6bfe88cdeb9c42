"""How stored answers, decisions and outcomes look on the wire: for the OpenAPI document alone, and its examples."""

from typing import Any

from rest_framework import serializers

from predictions.models import Decision, Outcome, Source

_Text, _Number, _Whole = serializers.CharField, serializers.FloatField, serializers.IntegerField


class DecisionBodySerializer(serializers.Serializer):
    """What a person made of an answer."""

    id = serializers.UUIDField()
    prediction = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=Decision.Verdict.values)
    reason = serializers.ChoiceField(choices=Decision.Reason.values)
    comment = _Text(allow_blank=True)
    by = _Text(help_text="User name.")
    created_at = serializers.DateTimeField()
    replaces = serializers.UUIDField(allow_null=True, help_text="The decision that this one corrects.")


class OutcomeBodySerializer(serializers.Serializer):
    """What really happened: a class of the model, or a value; neither when the report was withdrawn."""

    id = serializers.UUIDField()
    prediction = serializers.UUIDField()
    label = _Text(allow_null=True)  # type: ignore[assignment]  # DRF takes it away from the class
    value = _Number(allow_null=True)
    withdrawn = serializers.BooleanField()
    observed_date = serializers.DateField()
    origin = serializers.ChoiceField(choices=Outcome.Origin.values)
    comment = _Text(allow_blank=True)
    by = _Text(help_text="User name.")
    created_at = serializers.DateTimeField()
    replaces = serializers.UUIDField(allow_null=True, help_text="The outcome that this one corrects.")


class ShownWarningSerializer(serializers.Serializer):
    """A value outside what the model saw; `field` is null for a field that you may not see."""

    field = _Text(allow_null=True)
    code = _Text()
    message = _Text()


class ContributionSerializer(serializers.Serializer):
    """How much a field moved the score; null both for a field that you may not see."""

    field = _Text()
    value = serializers.JSONField(allow_null=True)
    contribution = _Number(allow_null=True)


class PredictionLineSerializer(serializers.Serializer):
    """One answer. Classes: `label`, `score`, `probabilities`, `threshold`; values: `value`; the others are null."""

    id = serializers.UUIDField(help_text="A UUIDv7: it grows with time.")
    request_id = serializers.UUIDField(help_text="Number of the first row of the call.")
    row = _Whole(
        min_value=0,
        help_text="Place among the stored answers of its call, from 0; rows that a partial call refused are not counted. "
        "The row of a file is in its results.csv.",
    )
    model = _Text()
    version = _Whole(min_value=1)
    commit = _Text()
    ledger_entry = _Whole(allow_null=True, help_text="The entry that the version was in charge by.")
    fallback_from = _Whole(allow_null=True, help_text="The version that could not be loaded, when this one stood in.")
    created_at = serializers.DateTimeField()
    user = _Text(help_text="User name of who asked.")
    source = serializers.ChoiceField(choices=Source.values)  # type: ignore[assignment]  # DRF takes it away
    record = _Text(allow_null=True, help_text="Key of the record that was asked about.")
    dataset = _Text(allow_null=True, help_text="The set that the record is of.")
    key = _Text(allow_null=True, help_text="What the case is called.")
    batch = serializers.UUIDField(allow_null=True)
    label = _Text(allow_null=True)  # type: ignore[assignment]  # DRF takes it away from the class
    score = _Number(allow_null=True)
    probabilities = serializers.DictField(child=_Number(), allow_null=True)
    threshold = _Number(allow_null=True)
    value = _Number(allow_null=True)
    warnings = ShownWarningSerializer(many=True)
    trace_id = _Text(allow_null=True)
    decision = DecisionBodySerializer(allow_null=True, help_text="The one that counts.")
    outcome = OutcomeBodySerializer(allow_null=True, help_text="The one that counts.")


class PredictionSerializer(PredictionLineSerializer):
    """The same with what was asked, why it was answered so, and all that people made of it."""

    inputs = serializers.DictField(child=serializers.JSONField(allow_null=True))
    hidden = serializers.ListField(child=_Text(), help_text="Fields whose values you may not see.")
    explanation = ContributionSerializer(
        many=True,
        allow_null=True,
        help_text="The largest contribution first; fields that you may not see last, by name.",
    )
    decisions = DecisionBodySerializer(many=True, help_text="The oldest first.")
    outcomes = OutcomeBodySerializer(many=True, help_text="The oldest first.")


class PredictionPageSerializer(serializers.Serializer):
    """A page of answers; `next` and `previous` are addresses, null at the ends."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PredictionLineSerializer(many=True)


DECISION: dict[str, Any] = {
    "id": "01938f6e-2a10-7c3e-9d0b-5f7e3a1c9b21",
    "prediction": "01938f6d-93b2-7e11-8f2a-0c4de51b7a10",
    "verdict": "disagree",
    "reason": "missing_context",
    "comment": "A promotion is agreed from May on.",
    "by": "decider",
    "created_at": "2026-11-21T08:14:09.512Z",
    "replaces": None,
}
OUTCOME: dict[str, Any] = {
    "id": "0194f0aa-77c1-7b20-8a4e-6b7b1f0f5c33",
    "prediction": "01938f6d-93b2-7e11-8f2a-0c4de51b7a10",
    "label": "stays",
    "value": None,
    "withdrawn": False,
    "observed_date": "2027-02-10",
    "origin": "api",
    "comment": "",
    "by": "hr-system",
    "created_at": "2027-02-10T06:00:00.101Z",
    "replaces": None,
}
ANSWER: dict[str, Any] = {
    "id": "01938f6d-93b2-7e11-8f2a-0c4de51b7a10",
    "request_id": "01938f6d-93b2-7e11-8f2a-0c4de51b7a10",
    "row": 0,
    "model": "attrition",
    "version": 3,
    "commit": "9f2c4e1a7b30d58c6e9f0a1b2c3d4e5f60718293",
    "ledger_entry": 5,
    "fallback_from": None,
    "created_at": "2026-11-21T08:00:00.482Z",
    "user": "hr-system",
    "source": "api",
    "record": None,
    "dataset": None,
    "key": "742",
    "batch": None,
    "label": "leaves",
    "score": 0.63,
    "probabilities": {"stays": 0.37, "leaves": 0.63},
    "threshold": 0.5,
    "value": None,
    "warnings": [{"field": "age", "code": "out_of_range", "message": "The model saw “Age” from 18 to 60."}],
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "decision": DECISION,
    "outcome": None,
    "inputs": {"age": 62, "overtime": "Yes", "marital_status": None},
    "hidden": ["marital_status"],
    "explanation": [
        {"field": "overtime", "value": "Yes", "contribution": 0.18},
        {"field": "age", "value": 62, "contribution": -0.04},
        {"field": "marital_status", "value": None, "contribution": None},
    ],
    "decisions": [DECISION],
    "outcomes": [],
}
_WHOLE = ("inputs", "hidden", "explanation", "decisions", "outcomes")


def line_of(answer: dict[str, Any]) -> dict[str, Any]:
    """What the list shows of an answer."""
    return {name: value for name, value in answer.items() if name not in _WHOLE}
