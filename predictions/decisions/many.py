"""Decisions about many answers at once, as programs send them: by the rules of one, in as many statements as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from predictions.decisions.verbs import DECIDE, DecidedMeanwhile, Refused, await_again, cleaned, met, unsaved
from predictions.models import Decision, Estimate, Prediction
from predictions.monitoring.rollups import marks
from predictions.outcomes import sentences
from predictions.rows import Kept, Wrong, contradictions
from registry.models import ModelVersion
from registry.rights import demand

TRIES = 3


@dataclass(frozen=True)
class Wish:
    """A decision that somebody wants to take; `replaces`: the latest one that they saw."""

    prediction: UUID
    verdict: str
    reason: str
    comment: str = ""
    replaces: UUID | None = None


def decide_many(wishes: Mapping[int, Wish], *, by: User, partial: bool) -> tuple[list[Kept], list[Wrong]]:
    """Store what a person makes of many answers: all of it, or nothing when a row is wrong; with `partial` the good rows.

    `wishes`: by the row in which each was said. What is there already is kept once. Raises NotAllowed, and
    DecidedMeanwhile when others decide about the same answers all the while.
    """
    demand(by, DECIDE)
    for _try in range(TRIES):
        try:
            return _decide(wishes, by, partial=partial)
        except IntegrityError:  # somebody else was first: look at what is there now
            continue
    raise DecidedMeanwhile


def _decide(wishes: Mapping[int, Wish], by: User, *, partial: bool) -> tuple[list[Kept], list[Wrong]]:
    numbers = {wish.prediction for wish in wishes.values()}
    answers = _answers(numbers, by)
    latest = {one.prediction_id: one for one in Decision.objects.latest_only().filter(prediction__in=numbers)}
    own = {one.prediction_id: one for one in Estimate.objects.filter(prediction__in=numbers, by=by)}
    known: dict[UUID, Decision] = {}
    made: dict[UUID, Decision] = {}
    rows: dict[UUID, list[int]] = {}
    wrong = contradictions(wishes)
    refused = {one.row for one in wrong}
    for row, wish in wishes.items():
        answer, last = answers.get(wish.prediction), latest.get(wish.prediction)
        if row in refused:
            continue
        if answer is None:
            wrong.append(Wrong(row, "prediction", "unknown_number", sentences.why("unknown_number")))
            continue
        try:
            said = cleaned(wish.verdict, wish.reason, wish.comment)
            if found := met(last, by, said, wish.replaces):
                known[answer.pk] = found
            elif answer.pk not in made:
                made[answer.pk] = unsaved(answer, by, said, last, own.get(answer.pk))
        except Refused as error:
            wrong += [Wrong(row, field, "invalid", text) for field, text in error.problems.items()]
        except DecidedMeanwhile:
            wrong.append(Wrong(row, "replaces", "decided_meanwhile", overtaken(last), is_conflict=True))
        else:
            rows.setdefault(answer.pk, []).append(row)
    if wrong and not partial:
        return [], sorted(wrong)
    _store(list(made.values()))
    kept = [
        Kept(row, number, (made.get(number) or known[number]).pk, is_new=number in made and row == found[0])
        for number, found in rows.items()
        for row in found
    ]
    return sorted(kept), sorted(wrong)


def overtaken(last: Decision | None) -> str:
    """Why a decision was refused that replaces something else than the latest one, and how to go on."""
    if last is None:
        return _("Nobody decided about this answer yet: leave “replaces” out.")
    text = _("There is a decision already, %(number)s. Look at it, and name it in “replaces” to correct it.")
    return text % {"number": last.pk}


def _answers(numbers: set[UUID], by: User) -> dict[UUID, Prediction]:
    """Those that the person may see."""
    found = Prediction.objects.only("user_id", "source", "created_at", "version_id")
    if not by.has_perm("predictions.view_prediction"):
        found = found.filter(user=by)
    versions = ModelVersion.objects.only("model").select_related("model")
    return found.prefetch_related(Prefetch("version", versions)).in_bulk(list(numbers))


def _store(made: Sequence[Decision]) -> None:
    if not made:
        return
    # Two callers at once meet in the same order, so that neither waits for the other.
    ordered = sorted(made, key=lambda one: one.prediction_id.int)
    with transaction.atomic():
        Decision.objects.bulk_create(ordered)
        await_again(ordered)
        marks.mark(one.prediction_id for one in ordered)
