"""What every view of the API has in common: an allow-list of parameters, a share of the server, entity tags."""

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from django.http import HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.authentication import what_to_send
from registry.signature import InvalidInput, printable


def wrong(name: str, code: str, message: str) -> InvalidInput:
    """What is wrong with one parameter or member of a request, to be raised: 400 with its name."""
    return InvalidInput([{"row": None, "field": printable(name), "code": code, "message": message}])


class ApiView(APIView):
    """A view whose parameters are named.

    `parameters`: what the query string of a GET may hold; anything else is 400. `throttle_scope`: whose share of
    calls it counts to (see registry.api.throttles).
    """

    parameters: ClassVar[Iterable[str]] = ()
    throttle_scope = "read"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authentication, permissions and throttles first; then what nobody offers. Raises InvalidInput."""
        super().initial(request, *args, **kwargs)
        for name in request.query_params:
            if name not in self.parameters:
                raise wrong(name, "unknown_parameter", _("There is no such filter here. Remove it."))
            if len(request.query_params.getlist(name)) > 1:
                raise wrong(name, "sent_twice", _("Send “%(name)s” once.") % {"name": name})

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """Who sent no token is told how to. Raises NotAuthenticated, PermissionDenied."""
        if request.authenticators and not request.successful_authenticator:
            raise NotAuthenticated(what_to_send())
        super().permission_denied(request, message, code)


class TaggedView(ApiView):
    """A view whose answers carry an ETag: who has them already is told so with 304."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The tag is the digest of the body: two processes agree on it."""
        done = super().finalize_response(request, response, *args, **kwargs)
        if done.status_code == 200 and request.method in {"GET", "HEAD"}:
            done.headers["Cache-Control"] = "private, no-cache"
            done.add_post_render_callback(_tagged)
        return done


def _tagged(response: Response) -> Any:
    request = response.renderer_context["request"]._request  # type: ignore[attr-defined]
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    found = get_conditional_response(request, etag=etag, response=response)
    if not isinstance(found, HttpResponseNotModified):
        return None
    found.headers["Cache-Control"] = response.headers["Cache-Control"]
    return found
