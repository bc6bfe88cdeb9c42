"""The files that come back of a file of rows: its answers, and the rows without one, under names that programs know."""

import uuid
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from predictions.api import batch_shapes
from predictions.api.batches import NUMBER, RETRY_AFTER, NotYet, found, person
from predictions.api.renderers import JSONRenderer
from predictions.batches import counts, downloads
from predictions.batches.counts import Counts
from predictions.models import Batch
from registry.api.base import ApiView
from registry.api.documents import described

CSV_FILE = {(200, "text/csv"): OpenApiTypes.STR}
NAME = OpenApiParameter(
    "Content-Disposition",
    str,
    OpenApiParameter.HEADER,
    required=True,
    response=[200],
    description='A name for the file, as in `attachment; filename="attrition-2026-11-21-results.csv"`.',
)
FORM = (
    "UTF-8 without a byte order mark, delimiter and decimal sign as `dialect` says (of a workbook: comma and point). `row` is "
    "the number of the row in the file, from 1: headings and empty lines do not count. Where the file has a column, or the "
    "model a field, of one of these names, ours has a number: `row_2`; the file's own are never renamed. A text that a "
    "spreadsheet would calculate has an apostrophe before it."
)


def _lines(name: str, text: str) -> OpenApiExample:
    return OpenApiExample(name, value=text, response_only=True, status_codes=["200"], media_type="text/csv")


class Gone(APIException):
    """There was a file once."""

    status_code = 410
    default_code = "gone"


class Waits(APIException):
    """Asking again changes nothing: somebody has to say how it goes on."""

    status_code = 409
    default_code = "not_run"


class CSVRenderer(JSONRenderer):
    """Who asks for a CSV file is told in JSON why there is none."""

    media_type = "text/csv"


class _DownloadView(ApiView):
    """A CSV file, streamed by what streams the page's download: written as the file was, formulas as texts."""

    throttle_scope = "files"
    renderer_classes = [CSVRenderer, JSONRenderer]

    def _batch(self, request: Request, pk: uuid.UUID, *, is_results: bool) -> Batch:
        """Raises NotFound, NotYet, Waits, Gone."""
        batch = found(request, pk)
        known = counts.counts([batch]).get(batch.pk, Counts())
        is_there = batch_shapes.has_results(batch) if is_results else batch_shapes.has_rejected(batch)
        if not is_there:
            _refuse_to_wait(batch, known)
            raise NotYet(_("There is nothing yet. Ask again in some seconds."))
        if not known.is_kept:
            raise Gone(_("Nothing was kept of this file: it was refused, or stopped before it was run."))
        return batch


def _refuse_to_wait(batch: Batch, known: Counts) -> None:
    """Raises Waits when nothing will happen by itself."""
    if batch_shapes.may_be_run(batch, known):
        path = reverse("api-batch-run", args=[batch.pk])
        raise Waits(_("The file waits to be run: POST %(path)s") % {"path": path})
    if batch_shapes.is_left_alone(batch):
        if batch.status == Batch.Status.CHECKED:
            raise Waits(_("Every row of the file has an error: there is nothing to run."))
        raise Waits(_("The columns of the file have to be chosen, on its page. Or stop it and send it again."))


class BatchResultsView(_DownloadView):
    """GET /api/v1/batches/{id}/results.csv."""

    @described(
        "batches.results",
        tag="Batches",
        summary="The answers to a file",
        description="A line for each row that was answered, in the order of the file: its own columns, as long as the file "
        "is kept and you may see all of it, else `key` and the fields that were asked about; then `row`, `prediction_id`, "
        "`label`, `score` and `probability_<class>` for each class, or `value` of a regression, and `warnings` "
        "(`field:code`, several separated by `;`). `label` is what an outcome takes; numbers have all of their digits; the "
        "language of the request changes nothing. "
        f"{FORM} 409 until the file is over, without `Retry-After` when it waits for `links.run`; 410 when nothing was kept.",
        answers=CSV_FILE,
        parameters=[NUMBER, NAME, RETRY_AFTER],
        examples=[
            _lines(
                "Two answers",
                "id,age,row,prediction_id,label,score,probability_stays,probability_leaves,warnings\n"
                "17,42,1,019c1f6e-3a51-7c3e-9f0b-5d1c2ab3e4f5,leaves,0.6312497,0.3687503,0.6312497,\n"
                "18,71,2,019c1f6e-3a51-7c3e-9f0b-5d1d8e6f7a80,stays,0.1200125,0.8799875,0.1200125,age:out_of_range\n",
            )
        ],
        problems=(404, 406, 409, 410),
    )
    def get(self, request: Request, pk: uuid.UUID) -> StreamingHttpResponse:
        """Every answer."""
        batch = self._batch(request, pk, is_results=True)
        return _file(batch, "results", downloads.results_lines(batch, person(request), for_programs=True))


class BatchRejectedView(_DownloadView):
    """GET /api/v1/batches/{id}/rejected.csv."""

    @described(
        "batches.rejected",
        tag="Batches",
        summary="The rows that got no answer",
        description="A line for each: its own columns as they were sent, then `row`, `field`, `code` and `reason`. Several "
        "errors of a row are separated by `;`, as many fields as codes, a field empty where the row itself is meant. `reason` "
        "is a sentence in the language of the request, with the cells that a row has beyond the headings. Mend the rows and "
        f"hand the file in again as it is. {FORM} 409 until the file is checked, 410 when nothing was kept of it.",
        answers=CSV_FILE,
        parameters=[NUMBER, NAME, RETRY_AFTER],
        examples=[
            _lines("One row", "id,age,row,field,code,reason\n19,old,3,age,not_a_number,Enter a number.\n"),
        ],
        problems=(404, 406, 409, 410),
    )
    def get(self, request: Request, pk: uuid.UUID) -> StreamingHttpResponse:
        """Every rejected row, and why."""
        batch = self._batch(request, pk, is_results=False)
        return _file(batch, "rejected", downloads.rejected_lines(batch, person(request), for_programs=True))


def _file(batch: Batch, what: str, lines: Iterator[str]) -> StreamingHttpResponse:
    named = {
        "Content-Disposition": f'attachment; filename="{downloads.file_name(batch, what)}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(downloads.blocks(lines), content_type="text/csv; charset=utf-8", headers=named)
