"""What really happened: reported by hand or by a file, and what is due."""

import uuid
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from predictions.history.unseen import kept_back
from predictions.imports.csv_files import FileRefused
from predictions.imports.verbs import keep_upload
from predictions.models import Outcome, Prediction, Upload
from predictions.outcomes import verbs
from predictions.outcomes.check import CheckPage
from predictions.outcomes.due import PAGE
from predictions.outcomes.due import cursor as read_cursor
from predictions.outcomes.files import OutcomeReading
from predictions.outcomes.forms import OutcomeForm, UploadForm, WithdrawForm
from predictions.outcomes.pages import DuePage, ReportPage
from predictions.outcomes.template import Template
from predictions.outcomes.verbs import RIGHT, Meanwhile, OutcomeRefused, Reported
from predictions.views.case_file import record_number, visible_record
from registry.languages import switched
from registry.texts import figure


@require_safe
@login_required
def due(request: HttpRequest) -> HttpResponse:
    """/outcomes/: what is due, by cursor (`?after=`), and what was reported last."""
    user: User = request.user  # type: ignore[assignment]  # somebody is logged in
    if not (user.has_perm(RIGHT) or user.has_perm("predictions.view_outcome")):
        raise PermissionDenied
    text = request.GET.get("after", "")
    after = read_cursor(text)
    if text and after is None:
        raise Http404(_("There is no such place in the list."))
    page = DuePage(user, after=after, most=PAGE, kept_back=partial(kept_back, request))
    return render(request, "predictions/outcomes/due.html", {"page": page})


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def template(request: HttpRequest) -> StreamingHttpResponse:
    """/outcomes/template/: what is due, as a file to fill in."""
    name = f"outcomes-{timezone.localdate().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    lines = Template(request.user).lines()  # type: ignore[arg-type]  # somebody is logged in
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


# By hand


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(RIGHT, raise_exception=True)
def report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/history/<id>/outcome: the form of the record's page, with a page of its own; `?back=list` leads to the list."""
    answer = visible_record(request.user, str(pk))
    latest = verbs.latest_of(answer)
    if request.method != "POST":
        if kept_back(request, [answer.pk]):
            return redirect("record", answer.pk)  # that page keeps the answer back until there is an estimate
        return _report_page(request, answer, OutcomeForm(answer, latest, initial={"back": request.GET.get("back")}))
    if "language" in request.POST:
        kept = {name: request.POST.get(name, "") for name in OutcomeForm(answer, latest).fields}
        return switched(request, lambda: _report_page(request, answer, OutcomeForm(answer, latest, initial=kept)))
    withdraws = "withdraw" in request.POST
    form = WithdrawForm(request.POST) if withdraws else OutcomeForm(answer, latest, request.POST)
    if form.is_valid():
        return _reported(request, answer, form, withdraws=withdraws)
    return _report_page(request, answer, form, status=400)


def _reported(
    request: HttpRequest, answer: Prediction, form: OutcomeForm | WithdrawForm, *, withdraws: bool
) -> HttpResponse:
    said = {name: value for name, value in form.cleaned_data.items() if name not in {"replaces", "back"}}
    seen = form.cleaned_data["replaces"]
    replaces = Outcome.objects.filter(pk=seen, prediction=answer).first() if seen else None
    try:
        made = verbs.record_outcome(
            prediction=answer,
            by=request.user,  # type: ignore[arg-type]  # somebody is logged in
            origin=Outcome.Origin.HAND,
            replaces=replaces,
            withdrawn=withdraws,
            **said,
        )
    except OutcomeRefused as refused:
        form.refuse(refused.problems)
        return _report_page(request, answer, form, status=400)
    except Meanwhile as late:
        return _too_late(request, answer, form, str(late))
    messages.success(request, _said_of_one(withdraws=withdraws, is_new=made.pk != seen))
    if form.cleaned_data["back"]:
        return redirect("outcomes")
    return redirect(f"{reverse('record', args=[answer.pk])}#outcome")


def _said_of_one(*, withdraws: bool, is_new: bool) -> str:
    if not is_new:
        return _("Nothing changed: what you sent is what was there already.")
    return _("The outcome is withdrawn.") if withdraws else _("The outcome is recorded.")


def _too_late(
    request: HttpRequest, answer: Prediction, form: OutcomeForm | WithdrawForm, sentence: str
) -> HttpResponse:
    """What was typed, to be sent again as a correction of what is there now."""
    latest = verbs.latest_of(answer)
    kept = {name: request.POST.get(name, "") for name in form.fields} | {"replaces": latest.pk if latest else None}
    again = OutcomeForm(answer, latest, initial=kept)
    return _report_page(request, answer, again, status=409, said=sentence)


def _report_page(
    request: HttpRequest,
    answer: Prediction,
    form: OutcomeForm | WithdrawForm,
    *,
    status: int = 200,
    said: str = "",
) -> HttpResponse:
    page = ReportPage(answer, request.user, form, said)
    return render(request, "predictions/outcomes/report.html", {"page": page, "form": page.form}, status=status)


# By a file


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(RIGHT, raise_exception=True)
def upload(request: HttpRequest) -> HttpResponse:
    """/outcomes/import/: the file; with `?file=<number>`, how it is read, all of it in the address."""
    if request.GET.get("file"):
        return _check(request, request.GET["file"])
    if request.method != "POST":
        return _upload_page(request, UploadForm())
    if "language" in request.POST:  # a browser does not send a file twice: it is selected again
        return switched(request, lambda: _upload_page(request, UploadForm()))
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=400)
    try:
        name, by = form.cleaned_data["file"].name, request.user
        kept = keep_upload(name=name, content=form.content(), by=by, right=RIGHT)  # type: ignore[arg-type]
    except FileRefused as refused:
        form.add_error("file", str(refused))
        return _upload_page(request, form, status=400)
    return redirect(reverse("outcomes-import", query={"file": kept.pk}))


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    return render(request, "predictions/outcomes/import.html", {"form": form, "step": 1}, status=status)


def _check(request: HttpRequest, number: str) -> HttpResponse:
    """How the file is read; sending the form reports what its good rows say."""
    kept = Upload.objects.filter(pk=record_number(number), user_id=request.user.pk).first()  # type: ignore[misc]
    if kept is None:
        raise Http404(_("This file is not here any more. Files are kept for a day: select it again."))
    user: User = request.user  # type: ignore[assignment]  # somebody is logged in
    reading = OutcomeReading(kept, request.GET, user)
    if request.method != "POST":
        return _check_page(request, CheckPage(reading))
    return _sent(request, reading, user)


def _sent(request: HttpRequest, reading: OutcomeReading, user: User) -> HttpResponse:
    if reading.sheet is None or reading.missing:
        return _check_page(request, CheckPage(reading), status=400)
    corrects, agreed = "corrects" in request.POST, request.POST.get("agreed", "")
    try:
        done = verbs.report_file(
            sheet=reading.sheet, choices=reading.choices(), by=user, agreed=agreed, corrects=corrects
        )
    except Meanwhile as changed:
        return _check_page(request, CheckPage(reading, said=[str(changed)]), status=409)
    if done.left and not done.recorded and not corrects:
        said = _("Tick the box to correct what was reported otherwise before, or stop here.")
        return _check_page(request, CheckPage(reading, said=[said]), status=400)
    messages.success(request, _said(done))
    return redirect("outcomes")


def _said(done: Reported) -> str:
    text = _said_of_good(done)
    if done.refused:
        rows = _("Rows that could not be taken: %(count)s.") % {"count": figure(done.refused, grouped=True)}
        text = f"{text} {rows}"
    return text


def _said_of_good(done: Reported) -> str:
    if not (done.recorded or done.corrected or done.left):
        return _("Nothing new: everything that the file says was reported before.")
    numbers = {
        name: figure(getattr(done, name), grouped=True) for name in ("recorded", "corrected", "unchanged", "left")
    }
    if done.left:
        text = _(
            "New: %(recorded)s, corrected: %(corrected)s, reported already: %(unchanged)s, "
            "left as reported before: %(left)s."
        )
    else:
        text = _("New: %(recorded)s, corrected: %(corrected)s, reported already: %(unchanged)s.")
    return text % numbers


def _check_page(request: HttpRequest, page: CheckPage, status: int = 200) -> HttpResponse:
    return render(request, "predictions/outcomes/check.html", {"page": page, "step": 2}, status=status)
