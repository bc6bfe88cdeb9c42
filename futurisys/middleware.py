"""Middleware that is not about one app: request ids, and one readable shape for faults."""

import logging
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from predictions.api import errors

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestIdMiddleware:
    """Echo the caller's X-Request-ID, or make one up; the logs carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class FaultMiddleware:
    """A body too large: 413. A database that cannot record: 503, and nothing is shown."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.MAX_BODY_BYTES:
            return fault(request, 413, "too_large", too_large())
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError):  # raised by a middleware, outside any view
            return self.process_exception(request, OperationalError())  # type: ignore[return-value]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called for what a view lets through."""
        if isinstance(exception, OperationalError | InterfaceError):
            logger.error("database unavailable", exc_info=exception)
            response = fault(request, 503, "not_recorded", errors.not_recorded())
            response["Retry-After"] = "5"
            return response
        return None


def too_large() -> str:
    """The sentence for a body over MAX_BODY_BYTES."""
    return _("Send at most %(size)d MB.") % {"size": settings.MAX_BODY_BYTES // 1_000_000}


def wants_json(request: HttpRequest) -> bool:
    """Programs get problem+json, people a page."""
    if request.path.startswith(("/api/", "/health")) or request.path == "/predict":
        return True
    return "text/html" not in request.headers.get("Accept", "text/html") and request.accepts("application/json")


def fault(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """The same fault in the shape of its door. The page needs no database: it extends nothing that asks one."""
    if wants_json(request):
        body = errors.body(status, code, detail, request.path)
        return JsonResponse(body, status=status, content_type=errors.CONTENT_TYPE)
    return render(request, "fault.html", {"status": status, "detail": detail}, status=status)
