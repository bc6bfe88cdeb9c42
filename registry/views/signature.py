"""What the fields of a version mean, said by a person: labels, units, ranges, categories, and the answer's own words."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import actions, drafting, languages
from registry.exceptions import RegistryError
from registry.models import ModelVersion
from registry.presenters import title_of
from registry.presenters.description import Description


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def signature(request: HttpRequest, model: str, number: int) -> HttpResponse:
    """/registry/<model>/versions/<number>/signature: an edit makes a new version; this one stays as it is."""
    version = get_object_or_404(ModelVersion.objects.select_related("model"), model__name=model, number=number)
    if version.status != ModelVersion.Status.READY:
        return _refuse(request, version)
    if request.method != "POST":
        return _page(request, Description(version, show_all="all" in request.GET))
    posted = request.POST.dict()
    if "language" in posted:
        return languages.switched(request, lambda: _page(request, Description(version, posted=posted, show_all=True)))
    if not request.user.has_perm("registry.describe_version"):
        raise PermissionDenied
    return _save(request, version, posted)


def _save(request: HttpRequest, version: ModelVersion, posted: Mapping[str, str]) -> HttpResponse:
    by: User = request.user  # type: ignore[assignment]  # somebody is logged in
    edited, problems = drafting.rebuilt(version.signature, posted, is_draft=version.is_draft)
    if not problems:
        try:
            new = actions.confirm_signature(version=version, signature=edited, by=by)
        except RegistryError as refused:
            problems = {"": str(refused)}
        else:
            words = {"number": new.number}
            messages.success(request, _("Version %(number)d is described and ready: it can be put in charge.") % words)
            return redirect("registry-version", version.model.name, new.number)
    return _page(request, Description(version, posted=posted, problems=problems), status=400)


def _refuse(request: HttpRequest, version: ModelVersion) -> HttpResponse:
    context = {"version": version, "model": version.model, "title": title_of(version)}
    return render(request, "registry/signature.html", context, status=409)


def _page(request: HttpRequest, page: Description, *, status: int = 200) -> HttpResponse:
    context = {
        "page": page,
        "version": page.version,
        "model": page.model,
        "title": title_of(page.version),
        "may_describe": request.user.has_perm("registry.describe_version"),
    }
    return render(request, "registry/signature.html", context, status=status)
