"""What the form begins with: an example, a record, an earlier answer, or what was typed before the session ended.

Each is fetched with the rights of who asks for it, and raises Http404 where there is nothing that this person may see.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from predictions import asking, drafts, masking
from predictions.example_cases import example_cases
from predictions.forms import PredictionForm
from predictions.models import Prediction, Record
from predictions.presenters import shown_value
from predictions.typed import field_name, typed
from predictions.views.case_file import visible_record
from registry.serving import Serving
from registry.signature import Signature


@dataclass(frozen=True)
class Start:
    """Texts by field name, and what the page says of them. `kind`: example, record, answer, change, draft or nothing."""

    values: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    example: int = 0
    record: Record | None = None
    case: asking.Case | None = None  # of an answer without a record
    changed: tuple[tuple[str, str], ...] = ()  # name of a field, and its new value as it is shown
    missing: tuple[str, ...] = ()  # titles of the features that the record's set has no column for


def start_of(request: HttpRequest, champion: Serving) -> Start:
    """What `?record=`, `?from=`, `?changes=` or `?example=` asks for; a draft goes before all of them."""
    query = request.GET
    draft = drafts.take(request, champion.model.name, request.user)  # type: ignore[arg-type]  # somebody is logged in
    if draft is not None:
        return _draft(request, champion.signature, draft)
    if number := query.get("changes"):
        return _change(request, champion, number)
    if number := query.get("from"):
        return _answer(request, champion, number)
    if number := query.get("record"):
        return _record(champion.signature, asking.visible_record_row(request.user, number))
    if number := query.get("example"):
        return _example(champion, number)
    return Start()


def taken_from(record: Record | None, signature: Signature, user: Any) -> dict[str, Any]:
    """What a record holds of the features that this person may not see. What it lacks has to be entered."""
    if record is None:
        return {}
    hidden = masking.hidden(signature, user)
    return {
        name: value for name, value in asking.values(signature, record).items() if name in hidden and value is not None
    }


def case_sent(request: HttpRequest, signature: Signature, number: str) -> asking.Case | None:
    """Whom the answer of this number was about, from a form's hidden field. Raises Http404."""
    return asking.case_of(visible_record(request.user, number), signature, request.user) if number else None


def _draft(request: HttpRequest, signature: Signature, values: dict[str, str]) -> Start:
    record = None
    with suppress(Http404):  # it may be gone by now; what was typed is not
        record = asking.visible_record_row(request.user, values["record"]) if values.get("record") else None
    case = None
    with suppress(Http404):
        case = case_sent(request, signature, values.get("answer", ""))
    return Start(values, "draft", record=record, case=case)


def _example(champion: Serving, number: str) -> Start:
    for case in example_cases(champion):
        if str(case.number) == number:
            return Start(typed(champion.signature, case.values), "example", example=case.number)
    return Start()


def _record(signature: Signature, record: Record) -> Start:
    missing = tuple(feature.title for feature in signature.features if feature.name not in record.data)
    if len(missing) == len(signature.features):
        return Start(kind="record")
    return Start(typed(signature, asking.values(signature, record)), "record", record=record, missing=missing)


def _answer(request: HttpRequest, champion: Serving, number: str) -> Start:
    answer = visible_record(request.user, number)
    if answer.version.model_id != champion.model.pk:
        return Start()
    return _again(request, champion.signature, answer, {}, "answer")


def _change(request: HttpRequest, champion: Serving, place: str) -> Start:
    """`<answer>.<n>`: an answer with the n-th of its changes made, counted from 0."""
    number, _dot, index = place.partition(".")
    answer = visible_record(request.user, number)
    changes = (answer.explanation or {}).get("changes") or []
    if not (index.isascii() and index.isdecimal() and len(index) < 3 and int(index) < len(changes)):
        raise Http404(_("There is no such change."))
    if answer.version.model_id != champion.model.pk:
        return Start()
    wanted = {item["field"]: item["value"] for item in changes[int(index)]["set"]}
    return _again(request, champion.signature, answer, wanted, "change")


def _again(
    request: HttpRequest, signature: Signature, answer: Prediction, wanted: Mapping[str, Any], kind: str
) -> Start:
    """An answer's inputs, and what it is about if this person may see that."""
    record = None
    with suppress(Http404):
        record = asking.visible_record_row(request.user, answer.record_id) if answer.record_id else None
    hidden = masking.hidden_in_answer(answer, signature, request.user)
    values = {name: value for name, value in {**answer.inputs, **wanted}.items() if name not in hidden}
    seen = [feature for feature in signature.features if feature.name in wanted.keys() - hidden]
    changed = tuple((field_name(feature.name), shown_value(feature, wanted[feature.name])) for feature in seen)
    case = asking.case_of(answer, signature, request.user)
    return Start(typed(signature, values), kind, record=record, case=case, changed=changed)


def filled(signature: Signature, start: Start, user: Any, **more: Any) -> PredictionForm:
    """The form that a start gives; `more` are initial values besides."""
    taken = taken_from(start.record, signature, user)
    initial = {**start.values, **more}
    return PredictionForm(signature, initial=initial, record=start.record, case=start.case, taken=taken)
