"""The wizard of a file of rows: the file, what its columns mean, what the check found; then it runs."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from predictions.batches import intake, mapping, verbs
from predictions.batches.check_page import CheckingPage, CheckPage
from predictions.batches.columns_page import ColumnsPage
from predictions.batches.upload_page import UploadPage
from predictions.batches.verbs import NotNow
from predictions.imports import samples
from predictions.imports.csv_files import FileRefused
from predictions.models import Batch
from registry import serving
from registry.exceptions import ModelSuspended, UnknownModel
from registry.languages import switched
from registry.models import RegisteredModel

RIGHTS = ("predictions.add_batch", "predictions.add_prediction")
Status = Batch.Status
# The pages that there are of a file, the one it waits on first; afterwards it has a page outside of the wizard.
PAGES = {
    Status.READING: ("batch-columns",),
    Status.MAPPING: ("batch-columns",),
    Status.CHECKING: ("batch-check", "batch-columns"),
    Status.CHECKED: ("batch-check", "batch-columns"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # whoever may not send files does not make us read one to find the token in it: `_sent` asks for it
@login_required
@permission_required(RIGHTS, raise_exception=True)
def new(request: HttpRequest) -> HttpResponse:
    """/batches/new/?model=: the file, and the model that is asked about its rows."""
    if request.method != "POST":
        return _new_page(request, UploadPage(_person(request), request.GET))
    try:
        return _sent(request)
    except OSError:
        page = UploadPage(_person(request), request.GET)
        page.said = [_("The file could not be kept: there is no room for it. Tell an administrator.")]
        return _new_page(request, page, status=503)


@csrf_protect
def _sent(request: HttpRequest) -> HttpResponse:
    """The file came. Raises OSError when it could not be put down."""
    if "language" in request.POST:  # a browser does not send a file twice: it is selected again
        return switched(request, lambda: _new_page(request, UploadPage(_person(request), request.POST)))
    page = UploadPage(_person(request), request.GET)
    form = page.bound(request.POST, request.FILES)
    if not form.is_valid():
        return _new_page(request, page, status=400)
    try:
        batch = intake.receive(
            file=form.cleaned_data["file"],
            name=form.cleaned_data["file"].name,
            model=RegisteredModel.objects.get(name=form.cleaned_data["model"]),
            by=_person(request),
            language=get_language() or "en",
        )
    except FileRefused as refused:
        form.add_error("file", str(refused))
        return _new_page(request, page, status=400)
    return redirect("batch-columns", batch.pk)


def _new_page(request: HttpRequest, page: UploadPage, status: int = 200) -> HttpResponse:
    return render(request, "predictions/batches/new.html", {"page": page, "step": 1}, status=status)


@require_safe
@login_required
@permission_required(RIGHTS, raise_exception=True)
def sample(request: HttpRequest, model: str) -> HttpResponse:
    """/batches/sample/<model>/: a file to fill in, with made-up rows; with `?rows=0` its headings alone."""
    try:
        champion = serving.champion(model)
    except (UnknownModel, ModelSuspended) as error:
        raise Http404(str(error)) from error
    if champion.signature.image is not None:
        raise Http404(_("This model takes pictures."))
    is_template = request.GET.get("rows") == "0"
    lines = list(samples.sample_lines(champion))
    name = f"{model}-{'template' if is_template else 'sample'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(
        "".join(lines[: 1 if is_template else None]), content_type="text/csv; charset=utf-8", headers=headers
    )


def _person(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]  # somebody is logged in


def _batch(request: HttpRequest, pk: uuid.UUID) -> Batch:
    """The person's own file. Raises Http404 for anybody else's."""
    found = Batch.objects.select_related("model", "version__model", "dataset").filter(pk=pk, user=request.user.pk)
    batch = found.first()
    if batch is None:
        raise Http404(_("There is no such file of yours."))
    return batch


def _place(batch: Batch) -> str:
    """Where the file is now."""
    return reverse(PAGES.get(Status(batch.status), ("batch",))[0], args=[batch.pk])


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(RIGHTS, raise_exception=True)
def columns(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/batches/<id>/columns/: how the file is read, and which column each field of the model is."""
    batch = _batch(request, pk)
    if "batch-columns" not in PAGES.get(Status(batch.status), ()):
        return redirect(_place(batch))
    if batch.status == Status.READING:
        return render(request, "predictions/batches/reading.html", {"batch": batch, "step": 2})
    if request.method != "POST":
        return _columns_page(request, ColumnsPage(batch, _person(request)))
    if "language" in request.POST:
        kept = ColumnsPage(batch, _person(request), sent=request.POST, is_kept=True)
        return switched(request, lambda: _columns_page(request, kept))
    if "read" in request.POST:
        return _read_again(request, batch)
    return _mapped(request, ColumnsPage(batch, _person(request), sent=request.POST))


def _columns_page(request: HttpRequest, page: ColumnsPage, status: int = 200) -> HttpResponse:
    shown = {"page": page, "batch": page.batch, "step": 2, "language_form": "columns"}
    return render(request, "predictions/batches/columns.html", shown, status=status)


def _read_again(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Read the file in another way; what was chosen stays while the headings do."""
    page = ColumnsPage(batch, _person(request), sent=request.POST, is_kept=True)
    chosen, before = page.form.said(request.POST), batch.headings
    try:
        if batch.status != Status.MAPPING:
            verbs.map_again(batch=batch, by=_person(request))
        intake.reread(batch=batch, dialect=page.reading.dialect())
    except (FileRefused, NotNow) as refused:
        page.said = [str(refused)]
        return _columns_page(request, page, status=400)
    if batch.headings == before:
        mapping.keep(batch, chosen)
    return redirect("batch-columns", batch.pk)


def _mapped(request: HttpRequest, page: ColumnsPage) -> HttpResponse:
    """Remember the mapping, and check the rows."""
    if not page.form.is_valid():
        return _columns_page(request, page, status=400)
    batch, said = page.batch, page.form.said(request.POST)
    try:
        verbs.start_check(
            batch=batch,
            mapping=mapping.chosen(said),
            dataset=page.form.dataset(),
            by=_person(request),
        )
    except NotNow as refused:
        page.said = [str(refused)]
        return _columns_page(request, page, status=409)
    mapping.remember(batch.model, batch.headings, said)
    return redirect("batch-check", batch.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(RIGHTS, raise_exception=True)
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/batches/<id>/check/: how far the check is, then what it found; from here the good rows are run."""
    batch = _batch(request, pk)
    if "batch-check" not in PAGES.get(Status(batch.status), ()):
        return redirect(_place(batch))
    if request.method == "POST":
        return _acted(request, batch)
    return _check_page(request, batch)


def _check_page(request: HttpRequest, batch: Batch, said: str = "", status: int = 200) -> HttpResponse:
    shown: dict[str, Any] = {"batch": batch, "step": 3}
    if batch.status == Status.CHECKING:
        shown["page"] = CheckingPage(batch)
        return render(request, "predictions/batches/checking.html", shown, status=status)
    shown["page"] = CheckPage(batch, [said] if said else [])
    return render(request, "predictions/batches/check.html", shown, status=status)


def _acted(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Run the good rows, or stop."""
    verb = {"run": verbs.submit, "stop": verbs.cancel}.get(request.POST.get("verb", ""))
    if verb is None:
        said = _("The form came back incomplete. Check it and send it again.")
        return _check_page(request, batch, said, status=400)
    try:
        verb(batch=batch, by=_person(request))
    except NotNow as meanwhile:  # the page of what it is now says the rest
        messages.warning(request, str(meanwhile))
        return redirect("batch-check", batch.pk)
    return redirect("batch", batch.pk)
