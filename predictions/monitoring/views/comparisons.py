"""Recorded inputs, scored again on other versions."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predictions.models import Comparison
from predictions.monitoring.comparison import changed as changed_answers
from predictions.monitoring.comparison import verbs
from predictions.monitoring.comparison.changed import ChangedList
from predictions.monitoring.comparison.pages import ADD, ComparePage, ComparisonPage
from predictions.monitoring.comparison.results import Result
from registry.languages import switched
from registry.models import RegisteredModel

RIGHT = "predictions.view_comparison"
PAGE = "monitoring/comparison.html"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(RIGHT, raise_exception=True)
def compare(request: HttpRequest, model: str) -> HttpResponse:
    """/monitoring/models/<model>/compare/: earlier ones, and a new one; an address may name `base` and `versions`."""
    found = get_object_or_404(RegisteredModel, name=model)
    if request.method != "POST":
        return _shown(request, _page(request, found))
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    if "language" in request.POST:
        return switched(request, lambda: _shown(request, _page(request, found, is_asked=False)))
    page = _page(request, found)
    if not page.form.is_valid():
        return _shown(request, page, 400)
    return _ask(request, found, page)


def _ask(request: HttpRequest, model: RegisteredModel, page: ComparePage) -> HttpResponse:
    asked = page.form.cleaned_data
    try:
        made = verbs.compare(
            model=model,
            versions=page.form.chosen(),
            since=asked["since"],
            until=asked["until"],
            source=asked["source"],
            most=int(asked["most"]),
            by=request.user,  # type: ignore[arg-type]  # somebody is logged in
        )
    except verbs.NotComparable as why:
        page.form.refuse(why)
        return _shown(request, page, 400)
    except verbs.NotNow as why:
        page.form.add_error(None, str(why))
        return _shown(request, page, 409)
    return redirect("comparison", made.pk)


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def show(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/monitoring/comparisons/<id>/: how far it is, or what came of it; `?version=1&before=` pages through who changed."""
    comparison = _found(pk)
    if comparison.status != Comparison.Status.DONE:
        return render(request, PAGE, {"page": ComparisonPage(comparison, request.user)})
    page = Result(comparison, request.user)
    return render(request, PAGE, {"page": page, "changed": ChangedList(request, page)})


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/monitoring/comparisons/<id>/progress: the part of that page that changes."""
    page = ComparisonPage(_found(pk), request.user)
    response = render(request, "monitoring/comparison/progress.html", {"page": page})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@login_required
@permission_required(RIGHT, raise_exception=True)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/monitoring/comparisons/<id>/cancel: nothing is left of it but that it was."""
    comparison = _found(pk)
    try:
        verbs.cancel(comparison=comparison, by=request.user)  # type: ignore[arg-type]
    except verbs.NotAllowed as refused:
        raise PermissionDenied from refused
    except verbs.NotNow as late:
        messages.error(request, str(late))
    return redirect("comparison", comparison.pk)


@require_safe
@login_required
@permission_required([RIGHT, changed_answers.RIGHT], raise_exception=True)
def changed(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """/monitoring/comparisons/<id>/changed: every changed answer, as a file."""
    comparison = _found(pk)
    if comparison.status != Comparison.Status.DONE:
        return redirect("comparison", comparison.pk)
    name = f"{comparison.model.name}-{timezone.localtime(comparison.created_at):%Y-%m-%d}-changed.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    lines = changed_answers.file_lines(Result(comparison, request.user))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _found(pk: uuid.UUID) -> Comparison:
    named = Comparison.objects.select_related("model", "by").prefetch_related("compared__version__model")
    found = named.filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such comparison."))
    return found


def _page(request: HttpRequest, model: RegisteredModel, *, is_asked: bool = True) -> ComparePage:
    sent = request.POST if request.method == "POST" else None
    return ComparePage(model, request.user, request.GET, today=timezone.localdate(), sent=sent, is_asked=is_asked)


def _shown(request: HttpRequest, page: ComparePage, status: int = 200) -> HttpResponse:
    context = {"page": page, "form": page.form, "model": page.model, "title": page.title}
    return render(request, "monitoring/compare.html", context, status=status)
