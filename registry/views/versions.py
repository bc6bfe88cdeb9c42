"""One version: what was imported and what the import saw; and the pictures of its card."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from registry import artifacts
from registry.models import ModelVersion
from registry.presenters.versions import VersionPage, pictures_of
from registry.runtimes.base import RuntimeFailed

A_YEAR = "private, max-age=31536000, immutable"


@require_GET
@login_required
def show(request: HttpRequest, model: str, number: int) -> HttpResponse:
    """/registry/<model>/versions/<number>/: its report, or how far the import is, or why it was rejected."""
    return render(request, "registry/version.html", {"page": VersionPage(_version(model, number))})


@require_GET
@login_required
def picture(request: HttpRequest, model: str, number: int, path: str) -> HttpResponse:
    """/registry/<model>/versions/<number>/files/<path>: a picture of the card; no other file is ever shown."""
    version = _version(model, number)
    kind = pictures_of(version).get(path)
    digest = version.files.filter(path=path).values_list("artifact_id", flat=True).first() if kind else None
    if digest is None:
        raise Http404(_("There is no such picture."))
    etag = f'"{digest}"'
    response: HttpResponse = HttpResponseNotModified()
    known = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    if etag not in known:
        response = HttpResponse(_content(version, path), content_type=kind)
        response["Content-Disposition"] = "inline"
    # A version's files never change; who may see them is asked again when nothing is kept.
    response["ETag"], response["Cache-Control"] = etag, A_YEAR
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _content(version: ModelVersion, path: str) -> bytes:
    try:
        content = artifacts.read(version, path)
    except RuntimeFailed:
        content = None
    if content is None:
        raise Http404(_("There is no such picture."))
    return content


def _version(model: str, number: int) -> Any:
    if number >= 2**31:  # what the column holds
        raise Http404(_("There is no such version."))
    versions = ModelVersion.objects.select_related("model")
    return get_object_or_404(versions, model__name=model, number=number)
