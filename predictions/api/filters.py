"""What a list of answers may be filtered by: names that are known, each with its own kind of value."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound

from predictions.exceptions import InvalidInput, UnknownModel
from predictions.history.moments import first_id_of
from predictions.history.wanted import NOBODY, Wanted, range_of, records_of, versions_of
from predictions.models import Batch, Dataset, Record, Source
from predictions.models.prediction import a_second_after
from registry.api.moments import moment
from registry.models import RegisteredModel

NAME = r"[-a-zA-Z0-9_]{1,80}"
OTHERS = "predictions.view_prediction"


def name(text: str) -> str:
    """Of a model, or of a set of records. Raises ValueError."""
    if not re.fullmatch(NAME, text):
        raise ValueError(_("A name has up to 80 letters, digits, “-” and “_”."))
    return text


def _short(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not 0 < len(text) <= most:
            raise ValueError(_("Send 1 to %(most)d characters.") % {"most": most})
        return text

    return read


def _version(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise ValueError(_("A version is a number from 1 on."))
    return int(text)


def _source(text: str) -> str:
    if text not in Source.values:
        raise ValueError(_("The source is one of: %(sources)s.") % {"sources": ", ".join(Source.values)})
    return text


def _number(text: str) -> uuid.UUID:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError(_("This is no number: it has 36 characters, with dashes."))
    return uuid.UUID(text)


_READ: dict[str, Callable[[str], Any]] = {
    "model": name,
    "version": _version,
    "label": _short(255),
    "source": _source,
    "user": _short(150),
    "request_id": _number,
    "record": _short(200),
    "dataset": name,
    "batch": _number,
    "created_after": moment,
    "created_before": moment,
}
_NEEDS = {"version": "model", "dataset": "record"}
NAMES = tuple(_READ)


def _parameter(name: str, schema: dict[str, Any], description: str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, description=description)


_TEXT = {"type": "string", "minLength": 1}
_INSTANT = {"type": "string", "format": "date-time"}
DESCRIBED = (
    _parameter("model", {"type": "string", "pattern": f"^{NAME}$"}, "Answers of this model."),
    _parameter("version", {"type": "integer", "minimum": 1, "maximum": 999_999_999}, "Its version; needs `model`."),
    _parameter("label", {**_TEXT, "maxLength": 255}, "The class that was answered."),
    _parameter("source", {"type": "string", "enum": list(Source.values)}, "The door that the question came through."),
    _parameter("user", {**_TEXT, "maxLength": 150}, "User name of who asked."),
    _parameter(
        "request_id",
        {"type": "string", "format": "uuid"},
        "Answers of this call: the `request_id` of its answer, not the `X-Request-ID` of a request.",
    ),
    _parameter("record", {**_TEXT, "maxLength": 200}, "Key of the case: of a record, or of a row of a file."),
    _parameter("dataset", {"type": "string", "pattern": f"^{NAME}$"}, "The set that `record` is of; needs `record`."),
    _parameter("batch", {"type": "string", "format": "uuid"}, "Answers to this file."),
    _parameter("created_after", _INSTANT, "From this moment on, to the millisecond; with its zone."),
    _parameter("created_before", _INSTANT, "Before this moment; with its zone."),
)


def wanted(query: Mapping[str, str], user: User) -> Wanted:
    """Which answers an address asks for, of those that the person may see.

    Raises InvalidInput naming each filter that is wrong; UnknownModel and NotFound for a model, a version, a set of
    records or a file that is not there, or not for this person.
    """
    asked = _read(query)
    found: dict[str, Any] = {name: asked[name] for name in ("label", "source") if name in asked}
    lows = [first_id_of(asked["created_after"])] if "created_after" in asked else []
    highs = [first_id_of(asked["created_before"])] if "created_before" in asked else []
    if name := asked.get("user"):
        found["user"] = User.objects.filter(username=name).values_list("pk", flat=True).first() or NOBODY
    if call := asked.get("request_id"):
        found["call"] = call
        lows, highs = [*lows, call], [*highs, a_second_after(call)]
    if number := asked.get("batch"):
        batch = _batch(number, user)
        limits = range_of(batch)
        lows, highs = [*lows, limits["low"]], [*highs, limits["high"]]
        # Whose answers they are is known: their index finds them.
        found |= {
            "batch": batch.pk,
            "user": batch.user_id if found.get("user", batch.user_id) == batch.user_id else NOBODY,
        }
    if "model" in asked:
        found["versions"] = _versions(asked["model"], asked.get("version"))
    owner = None if user.has_perm(OTHERS) else user.pk
    return Wanted(
        owner=owner, low=max(lows, default=None), high=min(highs, default=None), **found, **_case(asked, user)
    )


def _read(query: Mapping[str, str]) -> dict[str, Any]:
    asked, errors = {}, []
    for name, read in _READ.items():
        if name not in query:
            continue
        try:
            asked[name] = read(query[name])
        except ValueError as wrong:
            errors.append((name, "bad_value", str(wrong)))
    for name, needed in _NEEDS.items():
        if name in query and needed not in query:
            message = _("“%(name)s” needs “%(needed)s” beside it.") % {"name": name, "needed": needed}
            errors.append((name, "incomplete", message))
    if errors:
        raise InvalidInput(
            [dict(zip(("row", "field", "code", "message"), (None, *one), strict=True)) for one in errors]
        )
    return asked


def _versions(model: str, number: int | None) -> tuple[int, ...]:
    if not RegisteredModel.objects.filter(name=model).exists():
        raise UnknownModel(_("There is no model of this name."))
    found = versions_of(model, number) or (NOBODY,)
    if number is not None and found == (NOBODY,):
        raise UnknownModel(_("The model has no version of this number."))
    return found


def _batch(number: uuid.UUID, user: User) -> Batch:
    found = Batch.objects.visible_to(user).filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no file of this number."))
    return found


def _case(asked: Mapping[str, Any], user: User) -> dict[str, Any]:
    """By its key: of a record of one set, or of whatever was called so."""
    if "record" not in asked:
        return {}
    key = asked["record"]
    if "dataset" not in asked:
        return {"key": key, "records": records_of(key)}
    dataset = Dataset.objects.visible_to(user).filter(name=asked["dataset"]).first()
    if dataset is None:
        raise NotFound(_("There is no set of records of this name."))
    record = Record.objects.filter(dataset=dataset, key=key).values_list("pk", flat=True).first()
    return {"record": record or NOBODY}
