"""Business rows, and a model asked about them by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import actions, asking, masking
from predictions.api import bodies, headers, record_shapes, shapes
from predictions.api.answers import answer_body
from predictions.exceptions import InvalidInput, KeyReused, UnknownModel
from predictions.listing import lists
from predictions.listing.askable import models_of
from predictions.listing.fields import Field, fields_of
from predictions.models import Dataset, IdempotencyKey, Prediction, Record, Source
from registry import serving
from registry.api.base import ApiView, wrong
from registry.api.documents import CURSOR, IDEMPOTENCY_KEY, PAGE_SIZE, TRACEPARENT, described
from registry.api.paging import PARAMETERS, Cursor, Pages
from registry.models import ModelVersion
from registry.presenters import title_of
from registry.rights import demand
from registry.signature import Signature

SEES_RECORDS = "predictions.view_record"
LONGEST_KEY = 200
_MEMBERS = ("model", "version", "keys", "explain", "partial")


def _user(request: Request) -> User:
    """Who asks. Raises NotAllowed for somebody who may see no records at all."""
    demand(request.user, SEES_RECORDS)  # type: ignore[arg-type]  # IsAuthenticated lets nobody else in
    return request.user  # type: ignore[return-value]


def _set(user: User, name: str) -> Dataset:
    """Raises Http404 for one that is not there, or that this person may not see."""
    found = Dataset.objects.visible_to(user).select_related("model").filter(name=name[:100]).first()
    if found is None:
        raise Http404
    return found


class DatasetsView(ApiView):
    """GET /api/v1/datasets."""

    parameters = PARAMETERS

    @described(
        "datasets.list",
        tag="Records",
        summary="Sets of records",
        description="Those that the token's user may see, newest first.",
        answers={200: record_shapes.SetsSerializer},
        parameters=[CURSOR, PAGE_SIZE],
        examples=record_shapes.SETS,
        problems=(400,),
    )
    def get(self, request: Request) -> Response:
        """A page of sets."""
        user, pages = _user(request), Pages()
        found = Dataset.objects.visible_to(user).select_related("model")
        return pages.get_paginated_response([_told(each) for each in pages.paginate_queryset(found, request)])


def _told(dataset: Dataset) -> dict[str, Any]:
    columns = [column for column in dataset.columns if isinstance(column, dict)]
    return {
        "name": dataset.name,
        "title": dataset.called,
        "model": dataset.model.name if dataset.model else None,
        "key_column": dataset.key_column,
        "columns": [{"name": str(each.get("name", "")), "kind": str(each.get("kind", "text"))} for each in columns],
        "size": dataset.size,
        "is_example": dataset.is_example,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
    }


class RecordsView(ApiView):
    """GET /api/v1/datasets/{dataset}/records."""

    parameters = (*PARAMETERS, "search", "key")

    @described(
        "records.list",
        tag="Records",
        summary="Records of a set",
        description="Newest first. Values that the token's user may not see are null, and `hidden` names them.",
        answers={200: record_shapes.RecordsSerializer},
        parameters=[record_shapes.SET, CURSOR, PAGE_SIZE, record_shapes.SEARCH, record_shapes.KEY_FILTER],
        examples=record_shapes.RECORDS,
        problems=(400, 404),
    )
    def get(self, request: Request, dataset: str) -> Response:
        """A page of records, of all or of those that a search finds."""
        user = _user(request)
        found, pages = _set(user, dataset), Pages()
        records = Record.objects.filter(dataset=found).defer("search")
        if "key" in request.query_params:
            records = records.filter(key=request.query_params["key"])
        if "search" in request.query_params:
            page = _searched(found, records, request, pages)
        else:
            page = pages.paginate_queryset(records, request)
        fields = fields_of(found, user)
        return pages.get_paginated_response([_record(record, found, fields) for record in page])


def _searched(dataset: Dataset, records: "QuerySet[Record]", request: Request, pages: Pages) -> list[Record]:
    """A page of what the table's own search finds: it looks in the index of the set, and only the page is read."""
    sent = QueryDict(mutable=True)
    sent["q"] = request.query_params["search"]
    user: Any = request.user
    if problems := lists.ask(dataset, sent, user).problems:
        raise wrong("search", "bad_search", problems[0].text)
    numbers = np.sort(lists.matching(dataset, sent, user))
    if "key" in request.query_params:
        numbers = np.intersect1d(numbers, list(records.values_list("pk", flat=True)))

    def window(cursor: Cursor | None, most: int) -> Sequence[Record]:
        low, high = 0, len(numbers)
        if cursor is not None and cursor.back:
            low = int(np.searchsorted(numbers, cursor.position, side="right"))
            nearest = numbers[low : low + most].tolist()
        else:
            high = high if cursor is None else int(np.searchsorted(numbers, cursor.position))
            nearest = numbers[max(0, high - most) : high][::-1].tolist()
        known = records.in_bulk(nearest)
        return [known[number] for number in nearest if number in known]

    return pages.walk(request, window, read=_number, at=lambda record: record.pk)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= asking.LONGEST_NUMBER):
        raise ValueError("no number of a record")
    return int(text)


def _record(record: Record, dataset: Dataset, fields: Mapping[str, Field]) -> dict[str, Any]:
    """A record as this person may see it; its key is no value of it, as on the pages."""
    return {
        "dataset": dataset.name,
        "key": record.key,
        "values": {name: None if field.is_hidden else record.data.get(name) for name, field in fields.items()},
        "hidden": [name for name, field in fields.items() if field.is_hidden],
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


class RecordView(ApiView):
    """GET /api/v1/datasets/{dataset}/records/{key}."""

    @described(
        "records.read",
        tag="Records",
        summary="One record",
        description="By its key, percent-encoded; it may hold slashes. The key “predict”, and those with line breaks "
        "or with dots between slashes, are found by the filter `key` of the list.",
        answers={200: record_shapes.RecordSerializer},
        parameters=[record_shapes.SET, record_shapes.KEY],
        examples=record_shapes.RECORD,
        problems=(404,),
    )
    def get(self, request: Request, dataset: str, key: str) -> Response:
        """One record."""
        user = _user(request)
        found = _set(user, dataset)
        if "\x00" in key:  # PostgreSQL cannot be asked with it
            raise Http404
        record = Record.objects.filter(dataset=found, key=key).defer("search").first()
        if record is None:
            raise Http404
        return Response(_record(record, found, fields_of(found, user)))


@dataclass(frozen=True)
class _Nobody:
    """Stands in each column for a record that is not there: no model takes it, and no other key is like it."""

    key: str


class RecordsPredictView(ApiView):
    """POST /api/v1/datasets/{dataset}/records/predict."""

    throttle_scope = "predict"

    @described(
        "records.predict",
        tag="Records",
        summary="Ask a model about records",
        description="The answers are kept with the records they are about. A key that the set has not is an error of its "
        "row. The values of the records belong to the request: once an import has changed one of them, the same "
        "`Idempotency-Key` is refused with 422.",
        request=shapes.RecordKeysSerializer,
        answers={200: shapes.RecordsAnswerSerializer},
        parameters=[record_shapes.SET, IDEMPOTENCY_KEY, TRACEPARENT],
        examples=[*shapes.KEYS, *shapes.RECORD_ANSWERS, *shapes.REFUSALS],
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, dataset: str) -> Response:
        """Answers about the records of these keys, in their order."""
        user = _user(request)
        demand(user, "predictions.add_prediction")
        found, body = _set(user, dataset), bodies.json_object(request.data)
        bodies.check_members(body, _MEMBERS)
        keys, explain = _keys(body.get("keys")), bodies.flag(body.get("explain"), "explain")
        bodies.check_rows(len(keys), explain=explain)
        name = bodies.model_member(body.get("model")) or _own_model(found)
        version, sent = bodies.version_number(body.get("version")), headers.idempotency_key(request)
        signature = _signature(user, sent, name, version, found)
        known = {record.key: record for record in _of_keys(found, keys)}
        try:
            answer = actions.predict(
                model=name,
                columns=_columns(signature, known, keys),
                rows=len(keys),
                source=Source.API,
                by=user,
                version=version,
                explain=explain,
                partial=bodies.flag(body.get("partial"), "partial"),
                idempotency_key=sent,
                trace_id=headers.trace_id(request),
                records=[known[key].pk if key in known else None for key in keys],
                cases=keys,
            )
        except InvalidInput as error:
            raise InvalidInput(_named(error.errors, known, keys)) from None
        except KeyReused as error:
            raise KeyReused(
                _(
                    "This idempotency key was used for another request, or the records have changed since. Use a new key."
                )
            ) from error
        hidden = masking.hidden(signature, user)
        told = answer_body(answer, hidden, keys)
        told |= {"errors": _named(answer.refused, known, keys), "hidden": sorted(hidden)}
        return Response(told, headers=headers.of_answer(request, answer))


def _keys(value: Any) -> list[str]:
    """Raises InvalidInput for what is no list of keys; a number is none, as 007 and 7 are two of them."""
    if not (isinstance(value, list) and value):
        code = "missing" if value in (None, []) else "invalid"
        raise wrong("keys", code, _("Send “keys”: a list of keys of records."))
    if bad := [row for row, key in enumerate(value) if not (isinstance(key, str) and key)]:
        message = _("Keys are texts, also where they look like numbers: send them in quotation marks.")
        raise InvalidInput([{"row": row, "field": "keys", "code": "not_a_text", "message": message} for row in bad])
    return value


def _own_model(dataset: Dataset) -> str:
    """Whom to ask when nobody is named: the set's own model, also while it is suspended; else the first that suits it.

    Raises UnknownModel.
    """
    if dataset.model:
        return dataset.model.name
    suiting = [model.name for model in models_of(dataset) if not model.missing]
    if not suiting:
        raise UnknownModel(_("No model can be asked about these records."))
    return suiting[0]


def _signature(user: User, key: str | None, model: str, version: int | None, dataset: Dataset) -> Signature:
    """Whose fields to look for: of a key that was sent before, the version that answered then, whatever came since.

    Raises UnknownModel, ModelSuspended, KeyReused, and InvalidInput when the set lacks what the model needs.
    """
    sent = IdempotencyKey.objects.filter(user=user, key=key).first() if key else None
    if sent is None:
        asked = (serving.champion(model) if version is None else serving.version(model, version)).version
        _check_suits(asked, dataset)
        return serving.signature_of(asked)
    first = Prediction.objects.with_versions().filter(pk=sent.request_id).first()
    if first is None:  # its partition was detached
        raise KeyReused(_("What was answered under this idempotency key is archived. Use a new key."))
    answered = first.version
    if answered.model.name != model:
        raise KeyReused(_("This idempotency key was already used for another request. Use a new key."))
    return serving.signature_of(answered)


def _check_suits(version: ModelVersion, dataset: Dataset) -> None:
    signature, title = serving.signature_of(version), title_of(version)
    if signature.image is not None:
        text = _("%(model)s answers questions about pictures. Choose another model.")
        raise wrong("model", "unsuitable_model", text % {"model": title})
    if missing := asking.fits(signature, dataset):
        text = _("%(model)s needs columns that these records do not have: %(columns)s.")
        raise wrong("model", "unsuitable_model", text % {"model": title, "columns": ", ".join(missing)})


def _of_keys(dataset: Dataset, keys: Sequence[str]) -> "QuerySet[Record]":
    wanted = {key for key in keys if len(key) <= LONGEST_KEY}
    return Record.objects.filter(dataset=dataset, key__in=wanted).only("key", "data")


def _columns(signature: Signature, known: Mapping[str, Record], keys: Sequence[str]) -> dict[str, list[Any]]:
    rows = [asking.values(signature, known[key]) if key in known else _Nobody(key) for key in keys]
    return {
        feature.name: [row if isinstance(row, _Nobody) else row[feature.name] for row in rows]
        for feature in signature.features
    }


def _named(errors: Sequence[dict[str, Any]], known: Mapping[str, Record], keys: Sequence[str]) -> list[dict[str, Any]]:
    """The errors, one for each record that is not there in place of those of its columns."""
    message = _("There is no record of this key in the set.")
    absent = {row for row, key in enumerate(keys) if key not in known}
    found = [error for error in errors if error["row"] not in absent]
    named = {error["row"] for error in errors} & absent
    found += [{"row": row, "field": "keys", "code": "unknown_record", "message": message} for row in named]
    return sorted(found, key=lambda error: error["row"])
