"""Which answers somebody looks for, in terms of what is stored. Everything that is known beforehand is looked up here."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from predictions.history.forms import OTHERS, SINCE, UNTIL, SearchForm
from predictions.history.moments import first_id_after_day, first_id_of_day
from predictions.history.segments import Inside
from predictions.models import Batch, BatchChunk, Dataset, Prediction, Record
from predictions.models.prediction import a_second_after
from registry.models import ModelVersion

NOBODY = 0  # no person and no version has this number: it finds nothing


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an answer must meet; None and "" ask for nothing. Answers lie from `low` to before `high`.

    `owner`: whose answers the reader may see, where not everybody's. `users`: of whom they are wanted.
    `key`: what the case is called; `records`: those of that key, for answers of a time when keys were not kept.
    `record`: the one that was asked about. `actual`: what really happened; `inside`: a value of the question.
    """

    owner: int | None = None
    user: int | None = None
    versions: tuple[int, ...] | None = None
    label: str = ""
    source: str = ""
    low: uuid.UUID | None = None
    high: uuid.UUID | None = None
    decision: str = ""
    outcome: str = ""
    warned: bool = False
    call: uuid.UUID | None = None
    batch: uuid.UUID | None = None
    key: str = ""
    records: tuple[int, ...] = ()
    record: int | None = None
    actual: str = ""
    inside: Inside | None = None


@dataclass(frozen=True)
class Named:
    """What a number or a key names. At most one of them; `is_missing`: a number that names nothing for this reader."""

    answer: Prediction | None = None
    is_call: bool = False
    batch: Batch | None = None
    key: str = ""
    is_missing: bool = False


def named(text: str, user: User | AnonymousUser) -> Named:
    """What somebody searches for."""
    text = text.strip()
    if not text:
        return Named()
    number = _number(text)
    if number is None:
        return Named(key=text)
    found = Prediction.objects.filter(pk=number).defer("inputs", "explanation").first()
    if found and (found.user_id == user.pk or user.has_perm(OTHERS)):
        others = Prediction.objects.of_call(number).exclude(pk=number)
        return Named(answer=found, is_call=found.request_id == number and others.exists())
    if batch := Batch.objects.visible_to(user).filter(pk=number).first():
        return Named(batch=batch)
    return Named(is_missing=True)


def _number(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID("".join(text.split()))
    except ValueError:
        return None


def wanted(form: SearchForm, about: Named, user: User | AnonymousUser) -> Wanted:
    """What a valid form asks for, of what this reader may see."""
    asked = form.cleaned_data
    since, until = asked[SINCE], asked[UNTIL]
    batch = about.batch or (_batch(asked["batch"], user) if asked["batch"] else None)
    limits: list[dict[str, Any]] = [
        {"low": first_id_of_day(since) if since else None, "high": first_id_after_day(until) if until else None}
    ]
    more: dict[str, Any] = {}
    if about.is_missing or (asked["batch"] and batch is None):
        more["user"] = NOBODY
    elif batch is not None:
        limits.append(range_of(batch))
        more |= {"batch": batch.pk, "user": batch.user_id}
    if about.answer is not None and about.is_call:
        limits.append({"low": about.answer.pk, "high": a_second_after(about.answer.pk)})
        more |= {"call": about.answer.pk, "user": about.answer.user_id}
    if asked.get("by"):
        asker = form.asker or NOBODY
        more["user"] = asker if more.get("user", asker) == asker else NOBODY
    if about.key:
        more |= {"key": about.key, "records": records_of(about.key)}
    return Wanted(
        owner=None if user.has_perm(OTHERS) else user.pk,
        versions=versions_of(asked["model"], asked["version"]),
        label=asked["answer"],
        source=asked["source"],
        decision=asked["decision"],
        outcome=asked["outcome"],
        warned=asked["warned"],
        actual=asked["actual"],
        inside=form.inside,
        low=max((limit["low"] for limit in limits if limit["low"]), default=None),
        high=min((limit["high"] for limit in limits if limit["high"]), default=None),
        **more,
    )


def batch_of(form: SearchForm, about: Named, user: User | AnonymousUser) -> Batch | None:
    """The file that the answers are of, as far as the reader may see it."""
    return about.batch or (_batch(form.cleaned_data["batch"], user) if form.cleaned_data["batch"] else None)


def _batch(number: uuid.UUID, user: User | AnonymousUser) -> Batch | None:
    return Batch.objects.visible_to(user).filter(pk=number).first()


def range_of(batch: Batch) -> dict[str, uuid.UUID]:
    """Between which numbers the answers of a file lie: from its first call to a second after its last one."""
    # Not Min and Max: PostgreSQL has none for UUIDs.
    calls = BatchChunk.objects.filter(batch=batch, request_id__isnull=False).values_list("request_id", flat=True)
    first, last = calls.order_by("request_id").first(), calls.order_by("-request_id").first()
    if first is None or last is None:
        return {"low": first_id_of_day(batch.created_at.date()), "high": first_id_of_day(batch.created_at.date())}
    return {"low": first, "high": a_second_after(last)}


def records_of(key: str) -> tuple[int, ...]:
    """The records of that key in all sets."""
    # The index begins with the set: each is looked into.
    sets = list(Dataset.objects.values_list("pk", flat=True))
    return tuple(Record.objects.filter(dataset__in=sets, key=key).values_list("pk", flat=True))


def versions_of(model: str, number: int | None) -> tuple[int, ...] | None:
    """The versions of a model, or the one of that number; None without a model, and nobody's where there is none."""
    if not model:
        return None
    found = ModelVersion.objects.filter(model__name=model)
    found = found.filter(number=number) if number else found
    return tuple(found.order_by("pk").values_list("pk", flat=True)) or (NOBODY,)
