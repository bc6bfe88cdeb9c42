"""POST /predict: the path and shape of the seeds' clients."""

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import actions
from predictions.api import headers, shapes
from predictions.api.answers import number
from predictions.api.bodies import columns_of_rows, json_object
from predictions.api.parsers import RowParser
from predictions.models import Source
from registry import serving
from registry.api.authentication import APIKeyAuthentication, TokenAuthentication
from registry.api.base import ApiView
from registry.api.documents import IDEMPOTENCY_KEY, TRACEPARENT, described
from registry.api.seeds import TAG
from registry.models import RegisteredModel
from registry.signature import Signature


class SeedPredictView(ApiView):
    """POST /predict: the path and shape of the seeds' clients, flat features for the default tabular model."""

    throttle_scope = "predict"
    needs_body = True
    parser_classes = [RowParser]
    authentication_classes = [APIKeyAuthentication, TokenAuthentication, SessionAuthentication]

    @described(
        "seeds.predict",
        tag=TAG,
        summary="Ask the default tabular model",
        description="One row of features, flat, as the seeds' clients send it. Nothing else has a place in the body: no "
        "`model`, no `explain`.",
        request={"application/json": shapes.ROW},
        answers={200: shapes.SeedAnswer},
        parameters=[IDEMPOTENCY_KEY, TRACEPARENT],
        examples=[shapes.SEED_QUESTION, *shapes.SEED_ANSWERS, *shapes.SEED_REFUSALS],
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Answer one row."""
        answer = actions.predict(
            model=serving.default_name(RegisteredModel.InputKind.TABULAR),
            columns=columns_of_rows([json_object(request.data)]),
            rows=1,
            source=Source.SEED,
            by=request.user,  # type: ignore[arg-type]
            idempotency_key=headers.idempotency_key(request),
            trace_id=headers.trace_id(request),
        )
        return Response(_seed_body(answer), headers=headers.of_answer(request, answer))


def _seed_body(answer: actions.Answer) -> dict[str, Any]:
    prediction, signature = answer.predictions[0], serving.signature_of(answer.version)
    outputs = prediction.outputs
    shared = {
        "request_id": answer.request_id,
        "model": answer.version.model.name,
        "version": answer.version.number,
    }
    if signature.is_regression:
        return {"prediction": number(outputs["value"]), **shared}
    return {
        "prediction": _number(signature, outputs["label"]),
        "label": outputs["label"],
        "probability": number(outputs["score"]),
        "threshold": outputs.get("threshold"),
        **shared,
    }


def _number(signature: Signature, label: str) -> int:
    """Of two classes 1 for the one that the score is of: `if prediction == 1` must not depend on which is listed first."""
    place = signature.class_names.index(label)
    return int(place == signature.positive) if len(signature.classes) == 2 else place
