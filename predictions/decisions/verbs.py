"""To decide about an answer, and to say first what one expects. Both are facts; a correction is a new one."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from predictions.decisions import reasons
from predictions.models import Awaited, Decision, Estimate, Prediction, Source
from registry import coercion, serving
from registry.exceptions import NotAllowed
from registry.facts import seal
from registry.rights import demand

DECIDE, ESTIMATE = "predictions.add_decision", "predictions.add_estimate"
LONGEST_LABEL = 255


class Refused(Exception):
    """What was said cannot be kept; `problems` holds a sentence per field."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class DecidedMeanwhile(Exception):
    """Somebody else decided since the person looked: nothing was stored."""


class TooLate(Exception):
    """An estimate after the own decision, which is none any more."""


def decide(
    *,
    prediction: Prediction,
    by: User,
    verdict: str,
    reason: str,
    comment: str = "",
    replaces: Decision | None = None,
) -> Decision:
    """Store what a person makes of an answer; `replaces` is the latest decision that they saw, None if there was none.

    The same said again by the same person stores nothing and returns what is there. With a verdict that settles it, the
    answer waits no longer; "need more" leaves it waiting. Raises NotAllowed, Refused and DecidedMeanwhile.
    """
    demand(by, DECIDE)
    _demand_sight(by, prediction)
    said = _said(verdict, reason, comment)
    if known := _met(prediction, by, said, replaces):
        return known
    try:
        with transaction.atomic():
            made = _decision(prediction, by, said, replaces)
            made.save(force_insert=True)
            _await(made)
    except IntegrityError:  # a chain and no tree: whoever comes second finds their place taken
        if known := _met(prediction, by, said, replaces):
            return known
        raise
    return made


def latest(prediction: Prediction) -> Decision | None:
    """The decision that counts."""
    return Decision.objects.filter(prediction=prediction).latest_only().first()


def seen(prediction: Prediction, number: UUID | None) -> Decision | None:
    """The decision that a form was made for, by its number. Raises DecidedMeanwhile for one about another answer."""
    if number is None:
        return None
    found = Decision.objects.filter(pk=number, prediction=prediction).first()
    if found is None:
        raise DecidedMeanwhile
    return found


def _demand_sight(by: User, prediction: Prediction) -> None:
    if not (prediction.user_id == by.pk or by.has_perm("predictions.view_prediction")):
        raise NotAllowed(_("You may not see this answer."))


def _said(verdict: str, reason: str, comment: str) -> dict[str, str]:
    try:
        comment = reasons.cleaned(comment)
    except coercion.Refused as refused:
        raise Refused({"comment": str(refused)}) from refused
    if problems := reasons.problems(verdict, reason, comment):
        raise Refused(problems)
    return {"verdict": verdict, "reason": reason, "comment": comment}


def _met(prediction: Prediction, by: User, said: dict[str, str], replaces: Decision | None) -> Decision | None:
    """The latest decision where it says the same already. Raises DecidedMeanwhile where it is one that nobody saw."""
    known, wanted = latest(prediction), replaces and replaces.pk
    is_same = known is not None and known.by_id == by.pk and {name: getattr(known, name) for name in said} == said
    if known is not None and is_same and wanted in {known.pk, known.replaces_id}:
        return known
    if wanted != (known and known.pk):
        raise DecidedMeanwhile
    return None


def _decision(prediction: Prediction, by: User, said: dict[str, str], replaces: Decision | None) -> Decision:
    own = Estimate.objects.filter(prediction=prediction, by=by).first()
    made = Decision(prediction=prediction, by=by, estimate=own, replaces=replaces, **said)
    linked = [own and str(own.pk), replaces and str(replaces.pk)]
    sealed = seal([str(made.pk), str(prediction.pk), by.pk, *said.values(), *linked])
    made.salt, made.digest = sealed["salt"], sealed["digest"]
    return made


def _await(made: Decision) -> None:
    """Whether the answer still waits: no longer once it is settled, again when a correction takes that back."""
    if made.verdict != Decision.Verdict.NEED_MORE:
        Awaited.objects.decisions().filter(prediction=made.prediction).delete()
        return
    answer, model = made.prediction, made.prediction.version.model
    was_settled = made.replaces is not None and made.replaces.verdict != Decision.Verdict.NEED_MORE
    if was_settled and model.is_high_risk and answer.source != Source.CHANGED:
        since = timezone.localdate(answer.created_at)  # its old place in the queue
        row = Awaited(
            prediction=answer, kind=Awaited.Kind.DECISION, model=model, user_id=answer.user_id, due_date=since
        )
        Awaited.objects.bulk_create([row], ignore_conflicts=True)


def estimate(*, prediction: Prediction, by: User, label: str = "", value: float | None = None) -> Estimate:
    """Store what a person expects, a class of the model or a finite value, before they see the answer.

    The first one counts: another returns it. Raises NotAllowed, Refused, and TooLate once they decided.
    """
    demand(by, ESTIMATE)
    _demand_sight(by, prediction)
    _check_estimate(prediction, label, value)
    mine: dict[str, Any] = {"prediction": prediction, "by": by}
    if known := Estimate.objects.filter(**mine).first():
        return known
    if Decision.objects.filter(**mine).exists():
        raise TooLate(_("You have decided already: an estimate counts only before."))
    made = Estimate(label=label[:LONGEST_LABEL], value=value, **mine)
    sealed = seal([str(made.pk), str(prediction.pk), by.pk, label, value])
    made.salt, made.digest = sealed["salt"], sealed["digest"]
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:  # the other half of a double click
        return Estimate.objects.get(**mine)
    return made


def _check_estimate(prediction: Prediction, label: str, value: float | None) -> None:
    signature = serving.signature_of(prediction.version)
    if signature.is_regression:
        try:
            coercion.number(value)
        except coercion.Refused as refused:
            raise Refused({"value": str(refused)}) from refused
    if not signature.is_regression and (label not in signature.class_names or value is not None):
        raise Refused({"label": _("Choose what you expect.")})
    if signature.is_regression and label:
        raise Refused({"value": _("Enter a number.")})
