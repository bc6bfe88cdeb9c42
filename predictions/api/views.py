"""The JSON doors of the waist. They check shapes and translate; what a value means is the signature's business."""

import base64
import binascii
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from predictions import actions, explanations
from predictions.api.authentication import APIKeyAuthentication, TokenAuthentication
from predictions.api.errors import BodyTooLarge
from predictions.api.parsers import StrictJSONParser
from predictions.exceptions import InvalidInput, UnknownModel
from predictions.models import Prediction, Source
from registry import serving
from registry.models import ModelVersion, RegisteredModel
from registry.signature import columns_of, printable

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MEMBERS = {"model", "version", "inputs", "explain"}
MAX_FIELDS = 1000


class PredictView(APIView):
    """POST /api/v1/predict and /api/v1/models/{model}/predict."""

    parser_classes = [StrictJSONParser, MultiPartParser]

    def post(self, request: Request, model: str | None = None) -> Response:
        """Answer one or several rows, or one uploaded picture, and store each."""
        picture = request.content_type.lower().startswith("multipart/")
        body = _multipart(request) if picture else _object(request.data)
        _check_members(body)
        rows = _rows(body.get("inputs"))
        explain = _flag(body.get("explain"))
        if explain and len(rows) > explanations.MOST_ROWS:
            raise BodyTooLarge(_("Ask for at most %(rows)d rows with “explain”.") % {"rows": explanations.MOST_ROWS})
        name = _model_name(model, body.get("model"), image=picture)
        answer = actions.predict(
            model=name,
            columns=_pictures_from_base64(_columns(rows)),
            rows=len(rows),
            source=Source.API,
            by=request.user,  # type: ignore[arg-type]  # IsAuthenticated lets nobody else in
            version=_version(body.get("version")),
            explain=explain,
            idempotency_key=idempotency_key(request),
            trace_id=trace_id(request),
        )
        return _response(request, answer, answer_body(answer))


class SeedPredictView(APIView):
    """POST /predict: the path and shape of the seeds' clients, flat features for the default tabular model."""

    authentication_classes = [APIKeyAuthentication, TokenAuthentication, SessionAuthentication]

    def post(self, request: Request) -> Response:
        """Answer one row."""
        answer = actions.predict(
            model=serving.default_name(RegisteredModel.InputKind.TABULAR),
            columns=_columns([_object(request.data)]),
            rows=1,
            source=Source.SEED,
            by=request.user,  # type: ignore[arg-type]
            idempotency_key=idempotency_key(request),
            trace_id=trace_id(request),
        )
        return _response(request, answer, _seed_body(answer))


def _multipart(request: Request) -> dict[str, Any]:
    """A form with one picture in `image` or `file`, as the JSON body it stands for."""
    files = [upload for name in ("image", "file") for upload in request.FILES.getlist(name)]
    if len(files) != 1 or len(request.FILES) != 1:
        raise ParseError(_("Send one picture in the field “image”."))
    form: Any = request.data
    fields = {name: form[name] for name in ("model", "version", "explain") if name in form}
    return {**fields, "inputs": {"image": files[0].read()}}


def _check_members(body: dict[str, Any]) -> None:
    message = _("The body has no such member. Put fields into “inputs”.")
    unknown = [name for name in body if name not in _MEMBERS]
    if unknown:
        places = [{"row": None, "field": printable(name), "code": "unknown_field"} for name in unknown]
        raise InvalidInput([{**place, "message": message} for place in places])


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ParseError(_("Send a JSON object."))
    return data


def _rows(inputs: Any) -> list[dict[str, Any]]:
    rows = inputs if isinstance(inputs, list) else [inputs]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ParseError(_("“inputs” must be an object of fields, or a list of such objects."))
    if len(rows) > settings.MAX_ROWS_PER_CALL:
        raise BodyTooLarge(_("Send at most %(rows)d rows in a call.") % {"rows": settings.MAX_ROWS_PER_CALL})
    return rows


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The rows by field. Each name becomes a column as long as there are rows, so their number has a limit."""
    if len(set().union(*rows)) > MAX_FIELDS:
        raise BodyTooLarge(_("Send at most %(fields)d different fields.") % {"fields": MAX_FIELDS})
    return columns_of(rows)


def _model_name(path: str | None, body: Any, *, image: bool) -> str:
    if body is not None and not isinstance(body, str):
        raise ParseError(_("“model” must be a name."))
    if path and body and path != body:
        raise ParseError(_("The path and the body name different models."))
    kind = RegisteredModel.InputKind.IMAGE if image else RegisteredModel.InputKind.TABULAR
    if body and not re.fullmatch(r"[\w-]{1,80}", body, re.ASCII):  # a form may hold what the database cannot be asked
        raise UnknownModel(_("There is no model of this name."))
    return path or body or serving.default_name(kind)


def _version(value: Any) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise ParseError(_("“version” must be a version number."))
    return int(text)


def _flag(value: Any) -> bool:
    if value in (None, False, "false", "0", ""):
        return False
    if value is True or value in ("true", "1"):
        return True
    raise ParseError(_("“explain” must be true or false."))


def _pictures_from_base64(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A picture inside JSON is base64 text; it becomes the bytes it stands for."""
    if list(columns) == ["image"]:
        columns["image"] = [_decoded(value) if isinstance(value, str) else value for value in columns["image"]]
    return columns


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True) or None
    except (binascii.Error, UnicodeEncodeError):
        return b"?"  # no picture format: the signature refuses it as every other upload that is no picture


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, bare or quoted. Raises ParseError for what is no key."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header[1:-1] if len(header) >= 2 and header[0] == header[-1] == '"' else header
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise ParseError(_("The Idempotency-Key must have 1 to 255 visible ASCII characters."))
    return key


def trace_id(request: Request) -> str:
    """The trace id of a W3C traceparent header; empty when there is none or it is malformed."""
    found = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    return found[1] if found else ""


def _response(request: Request, answer: actions.Answer, body: dict[str, Any]) -> Response:
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    if trace_id(request):
        headers["traceparent"] = request.headers["traceparent"]
    return Response(body, headers=headers)


def answer_body(answer: actions.Answer) -> dict[str, Any]:
    """The answer of a prediction as docs/api.md shows it."""
    first = answer.predictions[0]
    return {
        "request_id": answer.request_id,
        "model": answer.version.model.name,
        "version": answer.version.number,
        "commit": answer.version.commit,
        "fallback_from": first.fallback_from.number if first.fallback_from else None,
        "created_at": first.created_at,
        "predictions": [_prediction_body(prediction, answer.version) for prediction in answer.predictions],
    }


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


def _seed_body(answer: actions.Answer) -> dict[str, Any]:
    prediction, signature = answer.predictions[0], serving.signature_of(answer.version)
    outputs = prediction.outputs
    shared = {
        "request_id": answer.request_id,
        "model": answer.version.model.name,
        "version": answer.version.number,
    }
    if signature.is_regression:
        return {"prediction": outputs["value"], **shared}
    return {
        "prediction": signature.class_names.index(outputs["label"]),
        "label": outputs["label"],
        "probability": outputs["score"],
        "threshold": outputs.get("threshold"),
        **shared,
    }
