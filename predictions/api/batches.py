"""Files of rows, as the wizard takes them: handed in, followed, run and stopped."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from predictions.api import batch_shapes, filters, headers
from predictions.api.batch_shapes import (
    BEGUN,
    EXAMPLE,
    FILTERS,
    RUNNING,
    WHOLE,
    BatchPageSerializer,
    BatchSerializer,
    NewBatchSerializer,
)
from predictions.batches import counts, unattended, verbs
from predictions.batches.counts import Counts
from predictions.batches.earlier import earlier
from predictions.batches.listing import SEES_ALL
from predictions.exceptions import Changed, InvalidInput, NotNow
from predictions.models import Batch
from predictions.models.batch import BatchQuerySet
from registry.api.base import ApiView
from registry.api.documents import CURSOR, IDEMPOTENCY_KEY, PAGE_SIZE, REPLAYED, TRACEPARENT, described, example
from registry.api.moments import moment
from registry.api.paging import PARAMETERS, Cursor, Pages
from registry.rights import demand

RIGHTS = ("predictions.add_batch", "predictions.add_prediction")
POLL_SECONDS = 5
Status = Batch.Status
NUMBER = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Number of a file.")
AT, BEGUN_AT = (
    OpenApiParameter(
        "Location", str, OpenApiParameter.HEADER, required=True, response=statuses, description="Path of the file."
    )
    for statuses in ([200, 202], [202])
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    {"type": "integer", "minimum": 0},
    OpenApiParameter.HEADER,
    response=[409],
    description="Seconds to wait before the next try; not there where waiting changes nothing.",
)


class NotYet(APIException):
    """Ask again."""

    status_code = 409
    default_code = "not_now"
    wait = POLL_SECONDS


class NoRoom(APIException):
    """The server could not put the file down."""

    status_code = 503
    default_code = "no_room"
    wait = 60


class BatchesView(ApiView):
    """GET and POST /api/v1/batches."""

    parameters = (*PARAMETERS, "status", "model", "created_after", "created_before")
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A file counts to another share of calls than a look at the list."""
        self.throttle_scope = "files" if request.method == "POST" else "read"
        super().initial(request, *args, **kwargs)

    @described(
        "batches.list",
        tag="Batches",
        summary="Files that were handed in, newest first",
        description="Your own files; everybody's with the right to see them. Pages go by cursor and are never counted.",
        answers={200: BatchPageSerializer},
        parameters=[*FILTERS, CURSOR, PAGE_SIZE],
        examples=[example("One file", {"next": None, "previous": None, "results": [EXAMPLE]}, status=200)],
        problems=(400,),
    )
    def get(self, request: Request) -> Response:
        """A page of files."""
        user = person(request)
        if not (user.has_perm("predictions.add_batch") or user.has_perm(SEES_ALL)):
            raise PermissionDenied
        wanted = _named(Batch.objects.visible_to(user)).filter(_filtered(request.query_params.dict()))

        def window(cursor: Cursor | None, most: int) -> Sequence[Batch]:
            is_back = cursor is not None and cursor.back
            found = wanted if cursor is None else wanted.filter(_beside(*cursor.position, is_newer=is_back))
            return list(found.order_by(*(("created_at", "pk") if is_back else ("-created_at", "-pk")))[:most])

        pages = Pages()
        page: list[Batch] = pages.walk(request, window, read=_place, at=_written)
        known = counts.counts(page)
        return pages.get_paginated_response([batch_shapes.line(one, known.get(one.pk, Counts())) for one in page])

    @described(
        "batches.create",
        tag="Batches",
        summary="Hand in a file of rows",
        description="The file is kept, checked row by row and, unless `start` is `check`, run by itself: good rows are "
        "answered, the others come back in `rejected.csv` with the reason. With `check` it waits for `links.run`. If another "
        "version is promoted in between, the file is checked again for it. Follow it at `Location`. Headings that leave out a "
        "field which the model needs are 400 with `mapping.<field>` in `errors`; of a workbook they are known only once it "
        "was read: it is `refused` then, with the `reason`. The same content may be sent again: `same_file_as` names the "
        "file before.",
        request={"multipart/form-data": NewBatchSerializer},
        answers={202: BatchSerializer, 200: BatchSerializer},
        parameters=[IDEMPOTENCY_KEY, TRACEPARENT, AT, RETRY_AFTER],
        examples=[
            example(
                "With a mapping", {"file": "…", "model": "attrition", "mapping": '{"age": "Âge"}', "key": "Matricule"}
            ),
            example("Taken", BEGUN, status=202),
            example("Taken by an earlier call", WHOLE, status=200),
        ],
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """Take a file."""
        user = person(request)
        for right in RIGHTS:  # before a file is read
            demand(user, right)
        key = headers.idempotency_key(request) or ""
        try:
            said = batch_shapes.sent(request)
            received = unattended.receive(
                file=said["file"],
                name=said["file"].name or "",
                model=said.get("model"),
                by=user,
                language=get_language() or "en",
                wishes=batch_shapes.wishes(said),
                key=key,
            )
        except OSError as error:
            raise NoRoom(_("The file could not be kept: there is no room for it. Tell an administrator.")) from error
        more = {"Location": reverse("api-batch", args=[received.batch.pk]), **_trace(request)}
        return told(request, received.batch.pk, 200 if received.is_replay else 202, more, is_replay=received.is_replay)


class BatchView(ApiView):
    """GET /api/v1/batches/{id}."""

    @described(
        "batches.read",
        tag="Batches",
        summary="How far a file is, and what came of it",
        description="Ask until `is_over`, every few seconds. `done`: answers and rejected rows add up to the rows of the "
        "file; anything else that is over says why in `reason`.",
        answers={200: BatchSerializer},
        parameters=[NUMBER],
        examples=[example("A file that is done", WHOLE, status=200)],
        problems=(404,),
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One file."""
        return told(request, pk, 200)


class BatchRunView(ApiView):
    """POST /api/v1/batches/{id}/run."""

    throttle_scope = "write"

    @described(
        "batches.run",
        tag="Batches",
        summary="Run a file that was checked",
        description="For a file that was sent with `start=check`: its good rows are answered, the others come back in "
        "`rejected.csv`. Only who sent it may. Running it twice is the same as once. 409 with `Retry-After` until it is "
        "checked; 409 `version_changed` when another version was promoted after the check: it is checked again for that one "
        "and waits for another word; 409 `not_now` says why it cannot be run at all.",
        request=None,
        answers={202: BatchSerializer, 200: BatchSerializer},
        parameters=[NUMBER, BEGUN_AT, REPLAYED, RETRY_AFTER],
        examples=[
            example("It runs", RUNNING, status=202),
            example("It was run before", WHOLE | {"start": "check"}, status=200),
        ],
        problems=(404, 409),
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Run it."""
        batch = found(request, pk)
        try:
            verbs.submit(batch=batch, by=person(request))
        except Changed:
            raise
        except NotNow as late:
            batch.refresh_from_db()
            if batch.status in {Status.DONE, Status.INCOMPLETE} or batch_shapes.is_running(batch):
                return told(request, pk, 200, is_replay=True)
            if batch_shapes.is_on_its_way(batch):
                raise NotYet(_("The file is not checked yet. Ask again in some seconds.")) from late
            raise
        return told(request, pk, 202, {"Location": reverse("api-batch", args=[pk])})


class BatchCancelView(ApiView):
    """POST /api/v1/batches/{id}/cancel."""

    throttle_scope = "write"

    @described(
        "batches.cancel",
        tag="Batches",
        summary="Stop a file",
        description="Rows that have an answer keep it; before the run nothing is kept of the file. A file that is running "
        "ends within seconds: ask until `is_over`. Stopping it twice is the same as once. 409 when it is over.",
        answers={200: BatchSerializer},
        parameters=[NUMBER, REPLAYED],
        examples=[example("Stopped", WHOLE | {"status": "cancelled", "is_cancelled": True}, status=200)],
        problems=(404, 409),
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Stop it."""
        batch = found(request, pk)
        try:
            verbs.cancel(batch=batch, by=person(request))
        except NotNow:
            batch.refresh_from_db(fields=["is_cancelled"])
            if not batch.is_cancelled:
                raise
            return told(request, pk, 200, is_replay=True)
        return told(request, pk, 200)


def person(request: Request) -> User:
    """Whose token came."""
    return request.user  # type: ignore[return-value]  # IsAuthenticated lets nobody else in


def _named(batches: BatchQuerySet) -> BatchQuerySet:
    return batches.select_related("model", "user", "version__model", "dataset").defer("version__report")


def found(request: Request, pk: uuid.UUID) -> Batch:
    """A file that the person may see; another one and none are told in the same words. Raises NotFound."""
    batch = _named(Batch.objects.visible_to(person(request))).filter(pk=pk).first()
    if batch is None:
        raise NotFound(_("There is no such file."))
    return batch


def told(
    request: Request, pk: uuid.UUID, status: int, more: Mapping[str, str] | None = None, *, is_replay: bool = False
) -> Response:
    """Everything about a file as it is now."""
    batch = found(request, pk)
    known, before = counts.counts([batch]).get(batch.pk, Counts()), earlier(batch, person(request))
    body = batch_shapes.whole(batch, known, counts.findings(batch), before.batch.pk if before else None)
    replay = {"Idempotent-Replayed": "true"} if is_replay else {}
    return Response(body, status=status, headers={**(more or {}), **replay})


def _trace(request: Request) -> dict[str, str]:
    return {"traceparent": request.headers["traceparent"]} if headers.trace_id(request) else {}


# -- the list


def _filtered(query: Mapping[str, str]) -> Q:
    """Raises InvalidInput, naming each filter that is wrong."""
    wanted, errors = Q(), []
    for name, lookup in (("created_after", "created_at__gte"), ("created_before", "created_at__lt")):
        try:
            wanted &= Q(**{lookup: moment(query[name])}) if name in query else Q()
        except ValueError as wrong:
            errors.append({"row": None, "field": name, "code": "bad_value", "message": str(wrong)})
    if (status := query.get("status")) is not None:
        wanted &= Q(status=status)
        if status not in Batch.Status.values:
            message = _("The state is one of: %(states)s.") % {"states": ", ".join(Batch.Status.values)}
            errors.append({"row": None, "field": "status", "code": "bad_value", "message": message})
    try:
        wanted &= Q(model__name=filters.name(query["model"])) if "model" in query else Q()
    except ValueError as wrong:
        errors.append({"row": None, "field": "model", "code": "bad_value", "message": str(wrong)})
    if errors:
        raise InvalidInput(errors)
    return wanted


def _written(batch: Batch) -> str:
    return f"{batch.created_at.isoformat()}/{batch.pk}"


def _place(text: str) -> tuple[datetime, uuid.UUID]:
    """When a file was sent, and its number. Raises ValueError for what `_written` did not write."""
    sent, _slash, number = text.partition("/")
    return moment(sent), uuid.UUID(number)


def _beside(sent: datetime, number: uuid.UUID, *, is_newer: bool) -> Q:
    """The files on one side of another one: several may be of one moment."""
    side = "gt" if is_newer else "lt"
    return Q(**{f"created_at__{side}": sent}) | Q(created_at=sent, **{f"pk__{side}": number})
