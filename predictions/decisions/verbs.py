"""To decide about an answer, and to say first what one expects. Both are facts; a correction is a new one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from predictions.decisions import reasons
from predictions.models import Awaited, Decision, Estimate, Prediction, Source
from predictions.monitoring.rollups import marks
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
    return decided(prediction=prediction, by=by, verdict=verdict, reason=reason, comment=comment, replaces=replaces)[0]


def decided(
    *, prediction: Prediction, by: User, verdict: str, reason: str, comment: str = "", replaces: Decision | None = None
) -> tuple[Decision, bool]:
    """The same, and whether the decision is new: for a door that tells a retry from a first time. Raises as `decide`."""
    demand(by, DECIDE)
    _demand_sight(by, prediction)
    said = cleaned(verdict, reason, comment)
    number = replaces.pk if replaces else None
    if known := met(latest(prediction), by, said, number):
        return known, False
    try:
        with transaction.atomic():
            own = Estimate.objects.filter(prediction=prediction, by=by).first()
            made = unsaved(prediction, by, said, replaces, own)
            made.save(force_insert=True)
            await_again([made])
            marks.mark([prediction.pk])
    except IntegrityError:  # a chain and no tree: whoever comes second finds their place taken
        if known := met(latest(prediction), by, said, number):
            return known, False
        raise
    return made, True


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


def cleaned(verdict: str, reason: str, comment: str) -> dict[str, str]:
    """What was said, as it is stored. Raises Refused."""
    try:
        comment = reasons.cleaned(comment)
    except coercion.Refused as refused:
        raise Refused({"comment": str(refused)}) from refused
    if problems := reasons.problems(verdict, reason, comment):
        raise Refused(problems)
    return {"verdict": verdict, "reason": reason, "comment": comment}


def met(known: Decision | None, by: User, said: dict[str, str], wanted: UUID | None) -> Decision | None:
    """The latest decision where it says the same already; `wanted`: the one to be replaced.

    Raises DecidedMeanwhile where the latest is one that nobody saw.
    """
    is_same = known is not None and known.by_id == by.pk and {name: getattr(known, name) for name in said} == said
    if known is not None and is_same and wanted in {known.pk, known.replaces_id}:
        return known
    if wanted != (known and known.pk):
        raise DecidedMeanwhile
    return None


def unsaved(
    prediction: Prediction, by: User, said: dict[str, str], replaces: Decision | None, own: Estimate | None
) -> Decision:
    """A decision with its digest; `own`: what the person expected."""
    return sealed(Decision(prediction=prediction, by=by, estimate=own, replaces=replaces, **said))


def sealed(made: Decision) -> Decision:
    """The decision with the digest of all that it says."""
    links = [number and str(number) for number in (made.estimate_id, made.replaces_id)]
    said = [str(made.verdict), str(made.reason), made.comment]
    kept = seal([str(made.pk), str(made.prediction_id), made.by_id, *said, *links])
    made.salt, made.digest = kept["salt"], kept["digest"]
    return made


def await_again(made: Sequence[Decision]) -> None:
    """Whether the answers still wait: no longer once they are settled, again when a correction takes that back."""
    settled = [one.prediction_id for one in made if one.verdict != Decision.Verdict.NEED_MORE]
    if settled:
        Awaited.objects.decisions().filter(prediction__in=settled).delete()
    if rows := [_awaited(one.prediction) for one in made if _is_taken_back(one)]:
        Awaited.objects.bulk_create(rows, ignore_conflicts=True)


def _is_taken_back(made: Decision) -> bool:
    if made.verdict != Decision.Verdict.NEED_MORE:
        return False
    was_settled = made.replaces is not None and made.replaces.verdict != Decision.Verdict.NEED_MORE
    answer = made.prediction
    return was_settled and answer.version.model.is_high_risk and answer.source != Source.CHANGED


def _awaited(answer: Prediction) -> Awaited:
    since = timezone.localdate(answer.created_at)  # its old place in the queue
    model = answer.version.model
    return Awaited(prediction=answer, kind=Awaited.Kind.DECISION, model=model, user_id=answer.user_id, due_date=since)


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
