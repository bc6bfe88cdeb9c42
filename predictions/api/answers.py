"""The answer of a call as JSON, as docs/api.md shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from predictions.actions import Answer
from predictions.models import Prediction
from registry import serving
from registry.coercion import LARGEST_INTEGER


def answer_body(
    answer: Answer, hidden: frozenset[str] = frozenset(), keys: Sequence[str] | None = None
) -> dict[str, Any]:
    """The answer of a call as docs/api.md shows it.

    Where it is about records: `keys` of all that were asked about, `hidden` fields of them that the caller may not see.
    """
    predictions = answer.predictions
    first = predictions[0]
    names = serving.signature_of(answer.version).class_names
    places = range(len(predictions)) if answer.places is None else answer.places
    body: dict[str, Any] = {
        "request_id": answer.request_id,
        "model": answer.version.model.name,
        "version": answer.version.number,
        "commit": answer.version.commit,
        "fallback_from": first.fallback_from.number if first.fallback_from else None,
        "created_at": first.created_at,
        "predictions": [
            _prediction_body(prediction, place, names, hidden, {} if keys is None else {"key": keys[place]})
            for prediction, place in zip(predictions, places, strict=True)
        ],
    }
    return body | {"errors": answer.refused}


def _prediction_body(
    prediction: Prediction, place: int, names: Sequence[str], hidden: frozenset[str], about: Mapping[str, str]
) -> dict[str, Any]:
    """One row, to the letter the same when it is read again: PostgreSQL keeps members in an order of its own."""
    return {
        "id": prediction.id,
        "row": place,
        **about,
        **outputs(prediction.outputs, names),
        "warnings": warnings(prediction, hidden),
        "explanation": explanation(prediction, hidden),
    }


def outputs(stored: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What was answered; `names`: of the classes, in the order of the signature."""
    if "value" in stored:
        return {"value": number(stored["value"])}
    chances = stored["probabilities"]
    told = {
        "label": stored["label"],
        "score": number(stored["score"]),
        "probabilities": {name: number(chances[name]) for name in names},
    }
    return told | {"threshold": number(stored["threshold"])} if "threshold" in stored else told


def number(stored: float) -> float:
    """A number as it was before it was stored: JSON of PostgreSQL makes 1e22 a whole number, and knows no -0.0."""
    return float(stored) + 0.0


def _value(asked: Any) -> Any:
    """A value that was asked, likewise. A field of whole numbers takes none that a float could not hold."""
    return number(asked) if type(asked) is float or (type(asked) is int and abs(asked) >= LARGEST_INTEGER) else asked


def warnings(prediction: Prediction, hidden: frozenset[str]) -> list[dict[str, Any]]:
    """What the model never saw; of a field that the reader may not see nothing but that there is something."""
    message = _("The value of a field that you may not see lies outside what the model saw. There it guesses.")
    masked = {"field": None, "code": "hidden", "message": message}
    return [
        masked if stored["field"] in hidden else {name: stored[name] for name in ("field", "code", "message")}
        for stored in prediction.warnings
    ]


def explanation(prediction: Prediction, hidden: frozenset[str]) -> list[dict[str, Any]] | None:
    """What each field contributed, largest first; what is hidden comes last, by name: its place would tell its size."""
    if prediction.explanation is None:
        return None
    told = prediction.explanation["contributions"]
    seen = [
        {"field": each["field"], "value": _value(each["value"]), "contribution": number(each["contribution"])}
        for each in told
        if each["field"] not in hidden
    ]
    rest = sorted(each["field"] for each in told if each["field"] in hidden)
    return [*seen, *({"field": name, "value": None, "contribution": None} for name in rest)]
