"""The Open Inference Protocol v2: the shapes of MLServer, KServe and Triton, and their clients, at the same waist."""

from typing import Any

import orjson
from django.http import HttpResponse
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import actions, explanations
from predictions.api import bodies, headers
from predictions.api.errors import BodyTooLarge
from predictions.api.inference_protocol import documents, metadata, outputs, pictures, tensors
from predictions.api.inference_protocol.errors import NotReady, error_text
from predictions.api.inference_protocol.parsers import HEADER_LENGTH, InferenceParser, question_of
from predictions.models import Source
from registry import serving
from registry.api.authentication import APIKeyAuthentication, TokenAuthentication
from registry.api.base import ApiView, TaggedView

OCTETS = "application/octet-stream"
MEMBERS = {"id", "parameters", "inputs", "outputs"}
REQUEST_TYPES = (None, "np", "pd", "str")  # what MLServer writes over a whole question
LONGEST_ID = 255


class OwnFormat(BaseContentNegotiation):
    """The question says whether its answer holds binary data; the protocol knows no Accept."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The only one."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        """JSON; what is not JSON alone is written by the view."""
        return renderers[0], renderers[0].media_type


class ProtocolView(ApiView):
    """A view whose errors have the protocol's shape."""

    authentication_classes = [APIKeyAuthentication, TokenAuthentication, SessionAuthentication]
    content_negotiation_class = OwnFormat

    def get_exception_handler(self) -> Any:
        """{"error": "text"}."""
        return error_text


class OpenView(ProtocolView):
    """Answers without a token, as /health does."""

    authentication_classes = []
    permission_classes = []


class ServerView(ProtocolView):
    """GET /v2."""

    @documents.SERVER
    def get(self, request: Request) -> Response:
        """The server's metadata."""
        return Response(metadata.server())


class ServerLiveView(OpenView):
    """GET /v2/health/live."""

    @documents.SERVER_LIVE
    def get(self, request: Request) -> Response:
        """The process answers; nothing is asked."""
        return Response({"live": True})


class ServerReadyView(OpenView):
    """GET /v2/health/ready."""

    @documents.SERVER_READY
    def get(self, request: Request) -> Response:
        """What /health/ready finds, which also says what is wrong."""
        # By its address: the checks belong to the project, which no app imports.
        found = resolve(reverse("health-ready")).func(request._request)
        if found.status_code != 200:
            raise NotReady
        return Response({"ready": True})


class ModelView(ProtocolView, TaggedView):
    """GET /v2/models/{model}."""

    @documents.MODEL
    def get(self, request: Request, model: str, number: int | None = None) -> Response:
        """What a model takes and gives."""
        return Response(metadata.model(metadata.version_of(model, number)))


@extend_schema_view(get=documents.VERSION)
class VersionView(ModelView):
    """GET /v2/models/{model}/versions/{number}."""


class ModelReadyView(ProtocolView):
    """GET /v2/models/{model}/ready."""

    @documents.MODEL_READY
    def get(self, request: Request, model: str, number: int | None = None) -> Response:
        """Whether the model would answer."""
        metadata.check_ready(model, number)
        return Response({"name": model, "ready": True})


@extend_schema_view(get=documents.VERSION_READY)
class VersionReadyView(ModelReadyView):
    """GET /v2/models/{model}/versions/{number}/ready."""


class InferView(ProtocolView):
    """POST /v2/models/{model}/infer."""

    throttle_scope = "predict"
    parser_classes = [InferenceParser]

    @documents.INFER
    def post(self, request: Request, model: str, number: int | None = None) -> HttpResponse:
        """Answer the rows of the tensors, and store each."""
        document, tail = question_of(request)
        own_id = _checked_id(document)
        found = tensors.read(document.get("inputs"), tail)
        signature = serving.signature_of(metadata.version_of(model, number))
        wanted, more = outputs.wanted(document, signature), {}
        if signature.image is None:
            columns, rows = tensors.columns_of(found)
        else:
            columns, rows, rounded = pictures.columns_of(found, signature.image)
            more = {"pixels_rounded": True} if rounded else {}
        answer = actions.predict(
            model=model,
            columns=columns,
            rows=rows,
            source=Source.V2,
            by=request.user,  # type: ignore[arg-type]  # IsAuthenticated lets nobody else in
            version=number,
            explain=_explain(document, rows),
            idempotency_key=headers.idempotency_key(request),
            trace_id=headers.trace_id(request),
        )
        body, raw = outputs.body(answer, wanted, number=own_id, more=more)
        told = headers.of_answer(request, answer)
        if not any(item.is_binary for item in wanted):
            return Response(body, headers=told)
        text = orjson.dumps(body)
        return HttpResponse(text + raw, content_type=OCTETS, headers=told | {HEADER_LENGTH: str(len(text))})


@extend_schema_view(post=documents.VERSION_INFER)
class VersionInferView(InferView):
    """POST /v2/models/{model}/versions/{number}/infer."""


def _checked_id(document: dict[str, Any]) -> str | None:
    """The caller's own name of the question. Raises ParseError, also for what has no place beside it."""
    unknown = sorted(set(document) - MEMBERS)
    if unknown:
        raise ParseError(_("A question has “id”, “parameters”, “inputs” and “outputs”, and nothing else."))
    if tensors.parameters_of(document).get("content_type") not in REQUEST_TYPES:
        raise ParseError(_("The content type of a question must be “pd”, “np” or “str”, or left out."))
    own_id: Any = document.get("id")
    if own_id is not None and not (isinstance(own_id, str) and len(own_id) <= LONGEST_ID):
        raise ParseError(_("“id” must be a text of at most %(most)d characters.") % {"most": LONGEST_ID})
    return own_id


def _explain(document: dict[str, Any], rows: int) -> bool:
    explain = bodies.flag(tensors.parameters_of(document).get("explain"), "explain")
    if explain and rows > explanations.MOST_ROWS:
        raise BodyTooLarge(_("Ask for at most %(rows)d rows with “explain”.") % {"rows": explanations.MOST_ROWS})
    return explain
