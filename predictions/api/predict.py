"""POST /api/v1/predict: the JSON door of the waist. It checks shapes and translates."""

from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import actions, explanations
from predictions.api import bodies, headers
from predictions.api.answers import answer_body
from predictions.api.errors import BodyTooLarge
from predictions.api.parsers import StrictJSONParser
from predictions.models import Source
from registry.api.base import ApiView


class PredictView(ApiView):
    """POST /api/v1/predict and /api/v1/models/{model}/predict."""

    throttle_scope = "predict"
    parser_classes = [StrictJSONParser, MultiPartParser]

    def post(self, request: Request, model: str | None = None) -> Response:
        """Answer one or several rows, or one uploaded picture, and store each."""
        picture = request.content_type.lower().startswith("multipart/")
        body = bodies.multipart(request) if picture else bodies.json_object(request.data)
        bodies.check_members(body)
        rows = bodies.rows_of(body.get("inputs"))
        explain = bodies.flag(body.get("explain"), "explain")
        if explain and len(rows) > explanations.MOST_ROWS:
            raise BodyTooLarge(_("Ask for at most %(rows)d rows with “explain”.") % {"rows": explanations.MOST_ROWS})
        name = bodies.model_name(model, body.get("model"), image=picture)
        answer = actions.predict(
            model=name,
            columns=bodies.pictures_from_base64(bodies.columns_of_rows(rows)),
            rows=len(rows),
            source=Source.API,
            by=request.user,  # type: ignore[arg-type]  # IsAuthenticated lets nobody else in
            version=bodies.version_number(body.get("version")),
            explain=explain,
            partial=bodies.flag(body.get("partial"), "partial"),
            idempotency_key=headers.idempotency_key(request),
            trace_id=headers.trace_id(request),
        )
        return Response(answer_body(answer), headers=headers.of_answer(request, answer))
