"""Django's error handlers, in the shape of the door: a page, or problem+json."""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from futurisys.middleware import CANNOT_RECORD, fault, too_large, unavailable, wants_json
from predictions.api import errors


def bad_request(request: HttpRequest, exception: Exception, *args: Any, **kwargs: Any) -> HttpResponse:
    """Status 400, or 413 for what Django found too large while reading it."""
    if isinstance(exception, RequestDataTooBig):
        return fault(request, 413, "too_large", too_large(settings.MAX_BODY_BYTES))
    return fault(request, 400, "bad_request", _("The request cannot be understood."))


def forbidden(request: HttpRequest, exception: Exception, *args: Any, **kwargs: Any) -> HttpResponse:
    """Status 403."""
    return fault(request, 403, "permission_denied", _("You may not see this page. Ask an administrator."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, when a form was opened too long ago or in another session."""
    sentence = _("Nothing was done. Reload the page and send the form again.")
    return fault(request, 403, "csrf", sentence, reload=_page_of_form(request))


def _page_of_form(request: HttpRequest) -> str:
    """Where the form was, as far as the browser says so; else where it was sent, which shows most forms too."""
    sent_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(sent_from, {request.get_host()}, require_https=request.is_secure()):
        return iri_to_uri(sent_from)
    return request.get_full_path()


def not_found(request: HttpRequest, exception: Exception, *args: Any, **kwargs: Any) -> HttpResponse:
    """Status 404; programs are told in the words of the API, where nothing is a page."""
    sentence = errors.nothing_here() if wants_json(request) else _("There is no such page.")
    return fault(request, 404, "not_found", sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: the log has the cause, the answer has the request's number. 503 for a database that fails in a middleware."""
    error = sys.exc_info()[1]
    if isinstance(error, CANNOT_RECORD):
        return unavailable(request, error)
    return fault(request, 500, "server_error", _("Something went wrong on our side. It was noted."))
