"""The API explains itself: its OpenAPI document, and two ways to read it. Open to everybody, as nothing of theirs is in it."""

import hashlib
from functools import cache

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from futurisys import openapi

# ReDoc makes style elements that are empty and fills them by script, which needs the digest of nothing, and one more with
# the rules of its scroll bars, whose digest changes with its version. Its search runs in a worker made of a text.
NOTHING = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
SCROLL_BARS = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"


@cache
def _document() -> tuple[bytes, str]:
    """The committed document, read once in each process, and its entity tag."""
    content = openapi.FILE.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _tag(request: HttpRequest) -> str:
    return _document()[1]


@gzip_page
@condition(etag_func=_tag)
def schema(request: HttpRequest) -> HttpResponse:
    """GET /api/v1/schema."""
    return HttpResponse(_document()[0], content_type="application/json", headers={"Cache-Control": "no-cache"})


@login_not_required
@require_safe
@ensure_csrf_cookie
def swagger(request: HttpRequest) -> HttpResponse:
    """GET /docs: read and try out. Who is logged in needs no token there, and so a cookie against forgery."""
    return render(request, "api/swagger.html", {"csrf_cookie": settings.CSRF_COOKIE_NAME})


@login_not_required
@require_safe
@csp_update({"style-src": [NOTHING, SCROLL_BARS], "worker-src": ["blob:"]})
def redoc(request: HttpRequest) -> HttpResponse:
    """GET /redoc: the same to read and to print."""
    return render(request, "api/redoc.html")
