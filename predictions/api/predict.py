"""POST /api/v1/predict: the JSON door of the waist. It checks shapes and translates."""

from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import actions
from predictions.api import bodies, headers, shapes
from predictions.api.answers import answer_body
from predictions.api.parsers import StrictJSONParser
from predictions.models import Source
from registry.api.base import ApiView
from registry.api.documents import IDEMPOTENCY_KEY, TRACEPARENT, described
from registry.api.shapes import MODEL

TAG = "Ask"
_DESCRIPTION = """Every answer is stored before it is sent. `inputs` is one row or a list of rows; all of them are
answered or none, unless `partial` is true: then the good rows are answered, and `errors` says what is wrong with the
others. A picture is sent as `multipart/form-data`, or in JSON as base64 text: `{"inputs": {"image": "…"}}`.

Send an `Idempotency-Key`, and a retry after a lost answer finds what was stored."""
_REQUEST = {"application/json": shapes.QuestionSerializer, "multipart/form-data": shapes.PICTURE_FORM}
_PROBLEMS = (400, 404, 409, 413, 415, 422)
_EXAMPLES = [*shapes.QUESTIONS, shapes.PICTURE, *shapes.ANSWERS, *shapes.REFUSALS]


class PredictView(ApiView):
    """POST /api/v1/predict."""

    throttle_scope = "predict"
    needs_body = True
    parser_classes = [StrictJSONParser, MultiPartParser]

    @described(
        "predictions.predict",
        tag=TAG,
        summary="Ask a model",
        description=_DESCRIPTION,
        request=_REQUEST,
        answers={200: shapes.AnswerSerializer},
        parameters=[IDEMPOTENCY_KEY, TRACEPARENT],
        examples=_EXAMPLES,
        problems=_PROBLEMS,
    )
    def post(self, request: Request) -> Response:
        """Answer one or several rows, or one uploaded picture, and store each."""
        return _answered(request, None)


class ModelPredictView(PredictView):
    """POST /api/v1/models/{model}/predict."""

    @described(
        "models.predict",
        tag=TAG,
        summary="Ask this model",
        description=f"{_DESCRIPTION}\n\nA `model` in the body must be the one in the path.",
        request=_REQUEST,
        answers={200: shapes.AnswerSerializer},
        parameters=[MODEL, IDEMPOTENCY_KEY, TRACEPARENT],
        examples=_EXAMPLES,
        problems=_PROBLEMS,
    )
    def post(self, request: Request, model: str) -> Response:
        """The same of the model in the path."""
        return _answered(request, model)


def _answered(request: Request, model: str | None) -> Response:
    picture = request.content_type.lower().startswith("multipart/")
    body = bodies.multipart(request) if picture else bodies.json_object(request.data)
    bodies.check_members(body)
    rows = bodies.rows_of(body.get("inputs"))
    explain = bodies.flag(body.get("explain"), "explain")
    partial = bodies.flag(body.get("partial"), "partial")
    bodies.check_rows(len(rows), explain=explain)
    answer = actions.predict(
        model=bodies.model_name(model, body.get("model"), image=picture),
        columns=bodies.columns_of_rows(bodies.pictures_from_base64(rows), partial=partial),
        rows=len(rows),
        source=Source.API,
        by=request.user,  # type: ignore[arg-type]  # IsAuthenticated lets nobody else in
        version=bodies.version_number(body.get("version")),
        explain=explain,
        partial=partial,
        idempotency_key=headers.idempotency_key(request),
        trace_id=headers.trace_id(request),
    )
    return Response(answer_body(answer), headers=headers.of_answer(request, answer))
