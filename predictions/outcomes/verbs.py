"""What happened is reported: one outcome by hand, or those of a whole file; never changed, only replaced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from predictions.imports.csv_files import Sheet
from predictions.models import Awaited, Outcome, Prediction
from predictions.monitoring.rollups import marks
from predictions.outcomes.planning import Choices, plan
from predictions.outcomes.sentences import too_early, why
from predictions.outcomes.words import LONGEST_LABEL, Said
from predictions.outcomes.writing import payload, write
from registry import serving
from registry.exceptions import NotAllowed
from registry.facts import seal
from registry.rights import demand
from registry.signature import Signature

RIGHT = "predictions.add_outcome"
LONGEST_COMMENT = 2_000
MOST_NAMED = 20  # classes in a sentence


class OutcomeRefused(ValueError):
    """This cannot have happened; `problems` holds a sentence per argument of the verb."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class Meanwhile(Exception):
    """Somebody else reported first, or something changed since the page was made: look again, then decide."""


def record_outcome(
    *,
    prediction: Prediction,
    by: User,
    origin: str,
    label: str = "",
    value: float | None = None,
    observed_date: date | None = None,
    comment: str = "",
    replaces: Outcome | None = None,
    withdrawn: bool = False,
) -> Outcome:
    """Report what became of one answer: a class of its version as text, or a value where it answers values.

    `replaces`: the latest outcome of the answer, which this one corrects; `withdrawn`: that one is taken back, and
    neither a label, a value nor a day is needed. What was said already makes no second row: the row there is returned.
    The answer is awaited no more, from the same transaction on. Raises NotAllowed, OutcomeRefused, Meanwhile.
    """
    return recorded(
        prediction=prediction,
        by=by,
        origin=origin,
        label=label,
        value=value,
        observed_date=observed_date,
        comment=comment,
        replaces=replaces,
        withdrawn=withdrawn,
    )[0]


def recorded(
    *,
    prediction: Prediction,
    by: User,
    origin: str,
    label: str = "",
    value: float | None = None,
    observed_date: date | None = None,
    comment: str = "",
    replaces: Outcome | None = None,
    withdrawn: bool = False,
) -> tuple[Outcome, bool]:
    """The same, and whether the outcome is new: for a door that tells a retry from a first time.

    Raises as `record_outcome`.
    """
    demand(by, RIGHT)
    if not may_see(prediction, by):
        raise NotAllowed(_("You may not see this answer, so you cannot report what became of it."))
    latest = latest_of(prediction)
    if withdrawn:
        label, value, observed_date = "", None, latest.observed_date if latest else None
    wanted = Outcome(
        prediction=prediction,
        by=by,
        label=label[:LONGEST_LABEL],
        value=value,
        is_withdrawn=withdrawn,
        observed_date=observed_date,  # type: ignore[misc]  # nobody stores it without one: see problems
        origin=origin,
        comment=comment,
        replaces=replaces,
    )
    if found := problems(wanted):
        raise OutcomeRefused(found)
    return _once(wanted, latest)


@dataclass(frozen=True)
class Reported:
    """What a file did. `left`: outcomes that were reported otherwise before, and stay; `refused`: rows not taken."""

    recorded: int
    corrected: int
    unchanged: int
    left: int
    refused: int = 0


class PlanChanged(Meanwhile):
    """The file would do something else now than what was agreed to."""


def report_file(*, sheet: Sheet, choices: Choices, by: User, agreed: str, corrects: bool) -> Reported:
    """Report what the good rows of a file say, all of them or none.

    `agreed`: the digest of the plan that was shown; a file that was sent before has nothing left to do, and says so.
    `corrects`: outcomes that were reported otherwise before are replaced, else left. Raises NotAllowed, PlanChanged,
    Meanwhile.
    """
    demand(by, RIGHT)
    made = plan(sheet, choices, by=by)
    corrections = made.corrections if corrects else []
    reports = [*made.fresh, *corrections]
    if reports and made.digest != agreed:
        raise PlanChanged(_changed())
    try:
        with transaction.atomic():
            write(reports, by=by, origin=Outcome.Origin.FILE.value)
    except IntegrityError as error:
        raise PlanChanged(_changed()) from error
    except OperationalError as error:
        refuse_to_wait(error)
        raise
    left = len(made.corrections) - len(corrections)
    return Reported(len(made.fresh), len(corrections), made.unchanged, left, made.refused)


def may_see(prediction: Prediction, user: User) -> bool:
    """Whether somebody may see an answer, which is whether they may say what became of it."""
    return prediction.user_id == user.pk or user.has_perm("predictions.view_prediction")


def latest_of(prediction: Prediction) -> Outcome | None:
    """The outcome that counts, which may be a withdrawal."""
    return Outcome.objects.latest_only().filter(prediction=prediction).select_related("by").first()


def problems(wanted: Outcome) -> dict[str, str]:
    """Why this cannot be reported, a sentence per argument; empty when it can."""
    if wanted.is_withdrawn:
        return {} if wanted.replaces_id else {"withdrawn": _("There is nothing to withdraw.")}
    said = Said(wanted.label, wanted.value)
    answered = timezone.localdate(wanted.prediction.created_at)
    found = impossible(serving.signature_of(wanted.prediction.version), said, wanted.observed_date, answered)
    if len(wanted.comment) > LONGEST_COMMENT:
        found["comment"] = _("Shorten the comment to %(most)s characters.") % {"most": LONGEST_COMMENT}
    return found


def impossible(signature: Signature, said: Said, observed: date | None, answered: date) -> dict[str, str]:
    """Why this cannot have happened after an answer of that day, a sentence per argument; empty when it can."""
    found = {}
    if signature.is_regression:
        if said.value is None or not math.isfinite(said.value) or said.label:
            found["value"] = _("Enter the value that came about, as a number.")
    elif said.value is not None or said.label not in {name[:LONGEST_LABEL] for name in signature.class_names}:
        found["label"] = _choose(signature.class_names)
    if sentence := _day_problem(observed, answered):
        found["observed_date"] = sentence
    return found


def _choose(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return _("Choose what happened.")
    return _("Choose what happened, one of: %(names)s.") % {"names": ", ".join(names)}


def _day_problem(observed: date | None, answered: date) -> str:
    if observed is None:
        return _("Enter the day on which it was observed.")
    if observed > timezone.localdate():
        return why("future")
    return too_early(answered) if observed < answered else ""


def _once(wanted: Outcome, latest: Outcome | None) -> tuple[Outcome, bool]:
    """Store it, unless it is there already. Two people at once: the database lets one first, or one next, outcome be."""
    if latest is not None and _says(latest) == _says(wanted):
        return latest, False
    if wanted.replaces_id != (latest.pk if latest else None):
        raise Meanwhile(meanwhile())
    sealed = seal(payload(wanted))
    wanted.salt, wanted.digest = sealed["salt"], sealed["digest"]
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
            Awaited.objects.filter(prediction=wanted.prediction_id, kind=Awaited.Kind.OUTCOME).delete()
            marks.mark([wanted.prediction_id])
    except IntegrityError as error:
        latest = latest_of(wanted.prediction)
        if latest is not None and _says(latest) == _says(wanted):
            return latest, False
        raise Meanwhile(meanwhile()) from error
    except OperationalError as error:
        refuse_to_wait(error)
        raise
    return wanted, True


def refuse_to_wait(error: OperationalError) -> None:
    """Raises Meanwhile when somebody else writes the same outcome and has not ended."""
    if isinstance(error.__cause__, LockNotAvailable):
        raise Meanwhile(_("Somebody is reporting outcomes right now. Try again in a minute.")) from error


def _says(outcome: Outcome) -> list[Any]:
    """What two reports have in common that are one. A second withdrawal is none, whatever it says."""
    if outcome.is_withdrawn:
        return [True]
    return [outcome.label, outcome.value, outcome.observed_date, outcome.comment]


def meanwhile() -> str:
    """Why a report was too late."""
    return _("Somebody reported this outcome meanwhile. Look at what is there now, and correct it if it is wrong.")


def _changed() -> str:
    return _("Something changed since this page was made. Look at it again, and send it once more.")
