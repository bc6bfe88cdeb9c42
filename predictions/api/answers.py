"""The answer of a call as JSON, as docs/api.md shows it."""

from typing import Any

from predictions.actions import Answer
from predictions.models import Prediction
from registry import serving
from registry.models import ModelVersion


def answer_body(answer: Answer) -> dict[str, Any]:
    """The answer of a prediction as docs/api.md shows it."""
    first = answer.predictions[0]
    body: dict[str, Any] = {
        "request_id": answer.request_id,
        "model": answer.version.model.name,
        "version": answer.version.number,
        "commit": answer.version.commit,
        "fallback_from": first.fallback_from.number if first.fallback_from else None,
        "created_at": first.created_at,
        "predictions": [_prediction_body(prediction, answer.version) for prediction in answer.predictions],
    }
    if answer.places is not None:
        for place, told in zip(answer.places, body["predictions"], strict=True):
            told["row"] = place
    return body | {"errors": answer.refused}


def _prediction_body(prediction: Prediction, version: ModelVersion) -> dict[str, Any]:
    outputs = dict(prediction.outputs)
    if "probabilities" in outputs:  # PostgreSQL keeps them in an order of its own
        names = serving.signature_of(version).class_names
        outputs["probabilities"] = {name: outputs["probabilities"][name] for name in names}
    if "value" in outputs:
        outputs.pop("score")
    explanation = prediction.explanation["contributions"] if prediction.explanation else None
    return {
        "id": prediction.id,
        "row": prediction.row,
        **outputs,
        "warnings": prediction.warnings,
        "explanation": explanation,
    }
