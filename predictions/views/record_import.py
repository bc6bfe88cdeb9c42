"""Records from a file: select it, look at how it is read, import it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from predictions import model_cards
from predictions.imports import samples, verbs
from predictions.imports.check import CheckPage
from predictions.imports.csv_files import FileRefused
from predictions.imports.forms import UploadForm
from predictions.imports.reading import Reading
from predictions.imports.verbs import Imported, SetInUse
from predictions.models import Upload
from registry import serving
from registry.exceptions import ModelSuspended, UnknownModel
from registry.languages import switched
from registry.texts import figure


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("predictions.add_record", raise_exception=True)
def upload(request: HttpRequest) -> HttpResponse:
    """/records/import/: the file, and the set it goes to."""
    if request.method != "POST":
        return _upload_page(request, UploadForm(initial={"set": request.GET.get("set", "")}))
    if "language" in request.POST:  # a browser does not send a file twice: it is selected again
        return switched(request, lambda: _upload_page(request, UploadForm(initial=request.POST.dict())))
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=400)
    try:
        kept = verbs.keep_upload(
            name=form.cleaned_data["file"].name,
            content=form.content(),
            by=request.user,  # type: ignore[arg-type]
        )
    except FileRefused as refused:
        form.add_error("file", str(refused))
        return _upload_page(request, form, status=400)
    chosen = {name: form.cleaned_data[name] for name in ("set", "title") if form.cleaned_data[name]}
    return redirect(reverse("records-import-check", args=[kept.pk], query=chosen))


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    tables = [card for card in model_cards.model_cards() if not card.suspended and not card.is_image]
    shown = {"form": form, "step": 1, "tables": tables}
    return render(request, "predictions/records/import.html", shown, status=status)


@require_safe
@login_required
@permission_required("predictions.add_record", raise_exception=True)
def sample(request: HttpRequest, model: str) -> HttpResponse:
    """/records/import/sample/<model>/: a file with what the model asks for, to fill in."""
    try:
        champion = serving.champion(model)
    except (UnknownModel, ModelSuspended) as error:
        raise Http404(str(error)) from error
    if champion.signature.image is not None:
        raise Http404(_("This model takes pictures."))
    headers = {"Content-Disposition": f'attachment; filename="{model}.csv"'}
    lines = "".join(samples.sample_lines(champion))
    return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("predictions.add_record", raise_exception=True)
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/records/import/<id>/: how the file is read, all of it in the address; sending the form imports it."""
    kept = Upload.objects.filter(pk=pk, user_id=request.user.pk).first()  # type: ignore[misc]
    if kept is None:
        raise Http404(_("This file is not here any more. Files are kept for a day: select it again."))
    reading = Reading(kept, request.GET, is_final=request.method == "POST")
    if request.method != "POST":
        return _check_page(request, CheckPage(reading))
    try:
        done = _import(request, reading)
    except FileRefused as refused:
        page = CheckPage(reading)
        page.said = [] if page.problems else [str(problem) for problem in refused.problems]
        return _check_page(request, page, status=400)
    except SetInUse as busy:
        return _check_page(request, CheckPage(reading, said=[str(busy)]), status=409)
    messages.success(request, _said(done))
    return redirect("records", done.dataset.name)


def _import(request: HttpRequest, reading: Reading) -> Imported:
    return verbs.import_records(
        name=reading.name,
        title=reading.title,
        content=reading.content,
        dialect=reading.dialect,
        key_column=reading.key,
        model=reading.model,
        fresh=reading.dataset is None,
        by=request.user,  # type: ignore[arg-type]
    )


def _said(done: Imported) -> str:
    numbers = {name: figure(getattr(done, name), grouped=True) for name in ("created", "changed", "unchanged")}
    text = _("Imported into %(title)s. New: %(created)s, changed: %(changed)s, unchanged: %(unchanged)s.")
    return text % {"title": done.dataset.called, **numbers}


def _check_page(request: HttpRequest, page: CheckPage, status: int = 200) -> HttpResponse:
    return render(request, "predictions/records/import_check.html", {"page": page, "step": 2}, status=status)
