"""How files of rows look on the wire: what is sent with one, what is told of one."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from predictions.api import filters
from predictions.api.parsers import loads
from predictions.batches.counts import Counts
from predictions.batches.unattended import Wishes
from predictions.exceptions import InvalidInput
from predictions.imports.csv_files import DECIMALS, DELIMITERS, ENCODINGS, LONGEST_NAME
from predictions.models import OVER, Batch
from registry.api.documents import StrictSerializer

Status = Batch.Status
LONGEST_MAPPING = 200_000  # characters: 500 fields with the longest names
RUN, CHECK = "run", "check"
_Text, _Whole = serializers.CharField, serializers.IntegerField

# What is sent


@extend_schema_field(OpenApiTypes.BINARY)
class RowsField(serializers.FileField):
    """The file itself."""


@extend_schema_field(
    {
        "type": "string",
        "contentMediaType": "application/json",
        "maxLength": LONGEST_MAPPING,
        "examples": ['{"age": "Âge"}'],
    }
)
class MappingField(serializers.CharField):
    """JSON text of an object: field of the model -> heading in the file, or null."""

    def to_internal_value(self, data: Any) -> Any:
        """The object. Raises ValidationError."""
        text = super().to_internal_value(data)
        try:
            found = loads(text.encode()) if len(text) <= LONGEST_MAPPING else None
        except (APIException, InvalidInput):
            found = None
        if not isinstance(found, dict) or not all(isinstance(one, str | None) for one in found.values()):
            raise ValidationError(
                _("Send a JSON object: field of the model, heading of the file or null."), "not_an_object"
            )
        return found


def _choice(known: Any, **more: Any) -> serializers.ChoiceField:
    names = list(known)
    message = gettext_lazy("Send one of the values that the API's document lists.")
    return serializers.ChoiceField(choices=names, required=False, error_messages={"invalid_choice": message}, **more)


class NewBatchSerializer(StrictSerializer):
    """A file of rows and how it is meant. All but the file may be left out."""

    file = RowsField(
        allow_empty_file=True,
        help_text="CSV, or a workbook (.xlsx); told apart by its content. One row for each question.",
    )
    model = _Text(
        required=False,
        max_length=80,
        help_text="Name of a model that takes columns. Without it: the default tabular model.",
    )
    mapping = MappingField(
        required=False,
        help_text='JSON text: field of the model to heading, as in `{"age": "Âge"}`; null for a field that the file does '
        "not have. What is left out is mapped as for the last file with these headings, or by what the headings say. "
        "Without names in the first row the headings are `column_1`, `column_2`, …",
    )
    key = _Text(
        required=False,
        allow_blank=True,
        max_length=LONGEST_NAME,
        help_text="Heading of the column that tells the rows apart; it is kept with each answer. Empty: none. Without it: "
        "a column that is called like a key.",
    )
    dataset = _Text(
        required=False,
        allow_blank=True,
        max_length=80,
        help_text="Name of the set of records that the keys belong to. Empty: none. Without it: the model's only set whose "
        "records are told apart by a column of this name.",
    )
    delimiter = _choice(DELIMITERS, help_text="Between two cells; guessed without it. Of CSV only.")
    decimal = _choice(DECIMALS, help_text="Decimal sign; guessed without it. Of CSV only.")
    encoding = _choice(ENCODINGS, help_text="Guessed without it. Of CSV only.")
    header = serializers.BooleanField(
        required=False, help_text="Whether the first row holds names; guessed without it."
    )
    start = _choice(
        (RUN, CHECK),
        help_text="`run` (without it, too): the good rows are answered after the check, by themselves. `check`: the file "
        "waits after the check for its sender, who runs it by `links.run` or on the page.",
    )


def sent(request: Request) -> dict[str, Any]:
    """What came, as NewBatchSerializer describes it. Raises ValidationError, ParseError, UnsupportedMediaType."""
    form: Any = request.data  # a form that a browser could send, too; an empty body is none
    values = {name: form.getlist(name) for name in form} if hasattr(form, "getlist") else {}
    if twice := [name for name, found in values.items() if len(found) > 1]:
        message = _("Send it once.")
        raise ValidationError({name[:80]: [message] for name in twice}, code="duplicate_field")
    plain = {name: found[0] for name, found in values.items()}
    if isinstance(plain.get("header"), str):  # a form knows texts alone
        plain["header"] = {"true": True, "false": False}.get(plain["header"], plain["header"])
    serializer = NewBatchSerializer(data=plain)
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


def wishes(said: dict[str, Any]) -> Wishes:
    """What was sent besides the file."""
    return Wishes(
        fields=said.get("mapping", {}),
        key=said.get("key"),
        dataset=said.get("dataset"),
        dialect={name: said[name] for name in ("delimiter", "decimal", "encoding", "header") if name in said},
        runs=said.get("start", RUN) == RUN,
    )


# What is told


class BatchRowsSerializer(serializers.Serializer):
    """What became of the rows, so far."""

    total = _Whole(allow_null=True, min_value=0, help_text="Null until they were counted.")
    checked = _Whole(min_value=0)
    predicted = _Whole(min_value=0)
    rejected = _Whole(min_value=0)


class BatchLinksSerializer(serializers.Serializer):
    """Paths on this server; null where there is nothing yet, or nothing any more."""

    self = _Text()
    results = _Text(allow_null=True)
    rejected = _Text(allow_null=True)
    run = _Text(allow_null=True, help_text="While it waits to be run, POST.")
    cancel = _Text(allow_null=True, help_text="As long as it can be stopped, POST.")


class BatchLineSerializer(serializers.Serializer):
    """A file, as a list tells of it."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.values)
    is_over = serializers.BooleanField(help_text="Nothing will happen to it any more.")
    is_cancelled = serializers.BooleanField(help_text="Somebody stopped it; rows that have an answer keep it.")
    reason = _Text(allow_null=True, help_text="Why it was refused, is incomplete or waits; a sentence for a person.")
    name = _Text(allow_blank=True, help_text="As the file was called.")
    kind = serializers.ChoiceField(choices=Batch.Kind.values)
    size = _Whole(min_value=0, help_text="Bytes.")
    sha256 = _Text(help_text="Of the file as it was sent.")
    by = _Text(help_text="User name of who sent it.")
    model = _Text()
    version = _Whole(allow_null=True, help_text="Pinned when the check begins.")
    commit = _Text(allow_null=True)
    rows = BatchRowsSerializer()
    links = BatchLinksSerializer()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True, help_text="When its run began.")
    finished_at = serializers.DateTimeField(allow_null=True)


class BatchFindingSerializer(serializers.Serializer):
    """A kind of error or warning, of one field: in how many rows."""

    field = _Text(allow_null=True, help_text="Field of the model; null for the row itself.")
    code = _Text()
    count = _Whole(min_value=1)


class BatchFindingsSerializer(serializers.Serializer):
    """What the check found, the most frequent first."""

    errors = BatchFindingSerializer(many=True)  # type: ignore[assignment]  # DRF takes it away from the class
    warnings = BatchFindingSerializer(many=True)


class BatchDialectSerializer(serializers.Serializer):
    """How the file is read."""

    delimiter = serializers.ChoiceField(choices=list(DELIMITERS))
    encoding = serializers.ChoiceField(choices=list(ENCODINGS))
    decimal = serializers.ChoiceField(choices=list(DECIMALS))
    header = serializers.BooleanField()


class BatchMappingSerializer(serializers.Serializer):
    """Which columns are used: fields of the model to headings; `key`: the heading of the key."""

    fields = serializers.DictField(child=_Text())  # type: ignore[assignment]  # DRF takes it away from the class
    key = _Text(allow_null=True)


class BatchSerializer(BatchLineSerializer):
    """The same, with how it is read and what its check found."""

    start = serializers.ChoiceField(choices=[RUN, CHECK], help_text="`run`: it runs by itself after the check.")
    dataset = _Text(allow_null=True)
    dialect = BatchDialectSerializer(allow_null=True)
    mapping = BatchMappingSerializer(allow_null=True)
    findings = BatchFindingsSerializer()
    same_file_as = serializers.UUIDField(
        allow_null=True, help_text="The last file with the same content and model that was sent before."
    )


class BatchPageSerializer(serializers.Serializer):
    """A page of files; `next` and `previous` are addresses, null at the ends."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BatchLineSerializer(many=True)


def line(batch: Batch, counts: Counts) -> dict[str, Any]:
    """BatchLineSerializer, flat and by hand."""
    return {
        "id": batch.pk,
        "status": batch.status,
        "is_over": batch.is_over,
        "is_cancelled": batch.is_cancelled,
        "reason": batch.reason or None,
        "name": batch.name,
        "kind": batch.kind,
        "size": batch.size,
        "sha256": batch.sha256,
        "by": batch.user.get_username(),
        "model": batch.model.name,
        "version": batch.version.number if batch.version else None,
        "commit": batch.version.commit if batch.version else None,
        "rows": {
            "total": batch.rows,
            "checked": counts.checked,
            "predicted": counts.predicted,
            "rejected": counts.rejected,
        },
        "links": _links(batch, counts),
        "created_at": batch.created_at,
        "submitted_at": batch.submitted_at,
        "finished_at": batch.finished_at,
    }


def has_results(batch: Batch) -> bool:
    """Whether every answer that will come is there."""
    return batch.is_over


def has_rejected(batch: Batch) -> bool:
    """Whether the whole file is checked."""
    return batch.is_over or batch.status in {Status.CHECKED, Status.RUNNING}


def is_left_alone(batch: Batch) -> bool:
    """Whether it goes on by somebody's word alone: no worker will choose its columns, or run it."""
    is_chosen = batch.status == Status.CHECKED and not batch.runs_after_check
    return is_chosen or (batch.status == Status.MAPPING and batch.wishes is None)


def may_be_run(batch: Batch, counts: Counts) -> bool:
    """Whether it waits to be run, and has a good row."""
    return batch.status == Status.CHECKED and is_left_alone(batch) and counts.rejected < (batch.rows or 0)


def is_running(batch: Batch) -> bool:
    """Whether its rows are being answered, and nobody has stopped that."""
    return batch.status == Status.RUNNING and not batch.is_cancelled


def is_on_its_way(batch: Batch) -> bool:
    """Whether it will be checked by itself."""
    begins = batch.status in {Status.READING, Status.MAPPING, Status.CHECKING}
    return begins and not batch.is_cancelled and not is_left_alone(batch)


def _links(batch: Batch, counts: Counts) -> dict[str, str | None]:
    there = {
        "self": True,
        "results": counts.is_kept and has_results(batch),
        "rejected": counts.is_kept and has_rejected(batch),
        "run": may_be_run(batch, counts),
        "cancel": batch.status not in OVER and not batch.is_cancelled,
    }
    return {
        name: reverse("api-batch" if name == "self" else f"api-batch-{name}", args=[batch.pk]) if is_there else None
        for name, is_there in there.items()
    }


def whole(batch: Batch, counts: Counts, findings: dict[str, Any], same_file_as: Any) -> dict[str, Any]:
    """BatchSerializer."""
    return line(batch, counts) | {
        "start": RUN if batch.runs_after_check else CHECK,
        "dataset": batch.dataset.name if batch.dataset else None,
        "dialect": batch.dialect or None,
        "mapping": _mapping(batch),
        "findings": findings,
        "same_file_as": same_file_as,
    }


def _mapping(batch: Batch) -> dict[str, Any] | None:
    if not batch.mapping:
        return None
    key = batch.mapping.get("key")
    fields = {name: batch.headings[place] for name, place in batch.mapping["fields"].items() if place is not None}
    return {"fields": fields, "key": None if key is None else batch.headings[key]}


FILTERS = (
    OpenApiParameter("status", {"type": "string", "enum": Status.values}, description="Files in this state."),
    OpenApiParameter("model", {"type": "string", "pattern": f"^{filters.NAME}$"}, description="Files for this model."),
    OpenApiParameter("created_after", OpenApiTypes.DATETIME, description="Sent from this moment on; with its zone."),
    OpenApiParameter("created_before", OpenApiTypes.DATETIME, description="Sent before this moment; with its zone."),
)
EXAMPLE: dict[str, Any] = {
    "id": "7f3c2a54-5b0e-4c55-9f3a-0d6a6f1f2b11",
    "status": "done",
    "is_over": True,
    "is_cancelled": False,
    "reason": None,
    "name": "employees.csv",
    "kind": "csv",
    "size": 812_345,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "by": "nightly-job",
    "model": "attrition",
    "version": 3,
    "commit": "9f2c1d4e8b7a6950c3d2e1f0a9b8c7d6e5f4a3b2",
    "rows": {"total": 10_000, "checked": 10_000, "predicted": 9_700, "rejected": 300},
    "links": {
        "self": "/api/v1/batches/7f3c2a54-5b0e-4c55-9f3a-0d6a6f1f2b11",
        "results": "/api/v1/batches/7f3c2a54-5b0e-4c55-9f3a-0d6a6f1f2b11/results.csv",
        "rejected": "/api/v1/batches/7f3c2a54-5b0e-4c55-9f3a-0d6a6f1f2b11/rejected.csv",
        "run": None,
        "cancel": None,
    },
    "created_at": "2026-11-21T08:00:00Z",
    "submitted_at": "2026-11-21T08:00:04Z",
    "finished_at": "2026-11-21T08:00:21Z",
}
WHOLE: dict[str, Any] = EXAMPLE | {
    "start": "run",
    "dataset": "employees",
    "dialect": {"delimiter": "semicolon", "encoding": "utf-8", "decimal": "comma", "header": True},
    "mapping": {"fields": {"age": "Âge", "overtime": "Heures supplémentaires"}, "key": "Matricule"},
    "findings": {"errors": [{"field": "age", "code": "not_a_number", "count": 300}], "warnings": []},
    "same_file_as": None,
}
BEGUN: dict[str, Any] = WHOLE | {
    "status": "checking",
    "is_over": False,
    "rows": {"total": None, "checked": 0, "predicted": 0, "rejected": 0},
    "links": WHOLE["links"] | {"results": None, "rejected": None, "cancel": f"{WHOLE['links']['self']}/cancel"},
    "submitted_at": None,
    "finished_at": None,
    "findings": {"errors": [], "warnings": []},
}
RUNNING: dict[str, Any] = WHOLE | {
    "status": "running",
    "is_over": False,
    "start": "check",
    "rows": {"total": 10_000, "checked": 10_000, "predicted": 0, "rejected": 300},
    "links": WHOLE["links"] | {"results": None, "cancel": f"{WHOLE['links']['self']}/cancel"},
    "finished_at": None,
}
