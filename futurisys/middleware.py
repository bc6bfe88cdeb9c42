"""Middleware that is not about one app: request ids, and one readable shape for faults."""

import codecs
import contextlib
import logging
import re
import uuid
from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from futurisys import logs
from futurisys.postgresql import patience
from predictions.api import errors

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
# The database is away, full, overloaded, or a replica that takes no INSERT (InternalError).
CANNOT_RECORD = (OperationalError, InterfaceError, InternalError)
AROUND_A_FILE = 100_000  # bytes
AT_ONCE = 65_536  # bytes
PROGRAMS = {"/predict", "/models", "/metadata", "/metrics"}  # paths that only programs ask
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestIdMiddleware:
    """Echo the caller's X-Request-ID, or make one up; the logs carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex  # type: ignore[attr-defined]
        named = logs.named(request.request_id, request.headers.get("traceparent", ""))  # type: ignore[attr-defined]
        token = logs.about_request.set(named)
        try:
            response = self.get_response(request)
        finally:
            logs.about_request.reset(token)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        request.META |= {logs.ROUTE: logs.route_of(request), logs.NAMED: named}
        return response


class FaultMiddleware:
    """A body too large, or of unknown length, is not read. A database that cannot record: 503, and nothing is shown.

    It cannot either while it keeps a request waiting.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if response := refused(request):
            return response
        with patience.at_most(patience_with(request)):
            response = self.get_response(request)
        if response.status_code >= 400:
            _read_on(request)
            if isinstance(response, HttpResponseNotAllowed) and wants_json(request):
                return not_allowed(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called for what a view lets through."""
        return unavailable(request, exception) if isinstance(exception, CANNOT_RECORD) else None


def _read_on(request: HttpRequest) -> None:
    """Read what is left of a body that no view wanted: the server would close the connection, and the next call fail."""
    if 0 < int(request.META.get("CONTENT_LENGTH") or 0) <= settings.MAX_BODY_BYTES:
        with contextlib.suppress(OSError):
            while request.read(AT_ONCE):
                pass


def not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """405 of a plain view, in the shape of its door."""
    told = fault(request, 405, "method_not_allowed", _("This method is not offered here: see the header Allow."))
    told["Allow"] = response["Allow"]
    return told


def refused(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request that its headers already rule out, or None."""
    texts = [unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values()]
    if any("\x00" in text for text in texts):  # PostgreSQL cannot be asked with it
        return fault(request, 400, "bad_request", _("The address or a cookie holds a character that cannot be stored."))
    if not is_utf8((request.content_params or {}).get("charset") or "utf-8"):
        return fault(request, 415, "unsupported_media_type", _("Send the body in UTF-8."))
    return _refused_body(request)


def _refused_body(request: HttpRequest) -> HttpResponse | None:
    if request.headers.get("Content-Encoding", "identity") != "identity" and not _is_v2(request):
        return fault(request, 415, "unsupported_media_type", _("Send the body as it is, without compression."))
    length = request.META.get("CONTENT_LENGTH") or ""
    if length and not re.fullmatch(r"[0-9]+", length):
        return fault(request, 400, "bad_request", _("The Content-Length is no number."))
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:  # WSGI reads such a body as an empty one
        return fault(request, 411, "length_required", _("Send the body with a Content-Length."))
    # What most requests are short enough for is not looked up for each of them.
    if len(length) > 18 or int(length or 0) > settings.MAX_BODY_BYTES:
        most = most_bytes(request)
        if len(length) > 18 or int(length) > most:
            return fault(request, 413, "too_large", too_large(most))
    return None


def most_bytes(request: HttpRequest) -> int:
    """How long a body may be: files are larger than anything else, and come with a few fields."""
    rows = settings.MAX_BATCH_BYTES
    files = {"records-import": settings.MAX_UPLOAD_BYTES, "batches-new": rows, "api-batches": rows}
    sizes = {reverse(route): most for route, most in files.items()}
    most = sizes.get(request.path_info)
    return settings.MAX_BODY_BYTES if most is None else most + AROUND_A_FILE


def patience_with(request: HttpRequest) -> float | None:
    """Seconds that a request may wait for the database in all; None for a large file, which is stored in many parts.

    A program tries again by itself, and soon; a person would rather wait for a long list than be sent away.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_BODY_BYTES:  # nothing else may be so long
        return None
    return settings.DATABASE_SECONDS * (1 if wants_json(request) else 3)


def is_utf8(charset: str) -> bool:
    """Whether this is a name of UTF-8."""
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


def unavailable(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """503: the database cannot record, so nothing is shown."""
    logger.error("database unavailable", exc_info=exception)
    sentence = _("Nothing was predicted, because it could not be recorded. Try again in a minute.")
    response = fault(request, 503, "not_recorded", sentence)
    response["Retry-After"] = "5"
    return response


def too_large(most: int) -> str:
    """The sentence for a body over this many bytes."""
    return _("Send at most %(size)d MB.") % {"size": most // 1_000_000}


def wants_json(request: HttpRequest) -> bool:
    """Programs get problem+json, people a page."""
    if request.path.startswith(("/api/", "/health")) or request.path in PROGRAMS or _is_v2(request):
        return True
    return "text/html" not in request.headers.get("Accept", "text/html") and request.accepts("application/json")


def _is_v2(request: HttpRequest) -> bool:
    """Whether this is of the Open Inference Protocol, which has its own shape of errors and takes compressed bodies."""
    return request.path == "/v2" or request.path.startswith("/v2/")


def fault(request: HttpRequest, status: int, code: str, detail: str, **more: str) -> HttpResponse:
    """The same fault in the shape of its door; `more` is for the page alone.

    The page needs no database: it extends nothing that asks one.
    """
    if _is_v2(request):
        return JsonResponse({"error": detail}, status=status)
    if wants_json(request):
        body = errors.body(status, code, detail, request.path)
        return JsonResponse(body, status=status, content_type=errors.CONTENT_TYPE)
    context = {"status": status, "code": code, "detail": detail, **more}
    return render(request, "fault.html", context, status=status)
