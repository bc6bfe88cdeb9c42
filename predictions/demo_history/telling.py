"""What people made of the answers of a day, what became of them, and what is still awaited."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from numpy.random import Generator

from predictions.decisions import verbs as decisions
from predictions.demo_history.answering import Answered
from predictions.demo_history.moments import at_hour, number_of
from predictions.demo_history.plan import Plan
from predictions.demo_history.users import Users
from predictions.demo_history.versions import OUTCOME_DAYS
from predictions.models import Awaited, Decision, Outcome
from predictions.outcomes.writing import payload
from registry.facts import seal

LOOKED_AT = {"leaves": 0.85, "stays": 0.25}  # of the answers somebody decides about
# Somebody disagrees with so many answers: (that turn out right, that turn out wrong), before the change and after it.
BEFORE, AFTER = (0.02, 0.15), (0.06, 0.5)
NEED_MORE = 0.03
WITHIN_DAYS = 3  # of the answer
WAIT_DAYS = 5  # at the end: of what nobody decided about, this is still in the queue

KNOWN_AFTER = (30, 61)  # days, from and to before
NEVER_KNOWN = 0.003
REPORTED_AT = 7.5  # hours: the day begins with the files of the evening before

REASONS = {
    Decision.Verdict.AGREE: [Decision.Reason.FITS],
    Decision.Verdict.DISAGREE: [
        Decision.Reason.MISSING_CONTEXT,
        Decision.Reason.MISSING_CONTEXT,
        Decision.Reason.UNUSUAL_CASE,
        Decision.Reason.WRONG_DATA,
    ],
    Decision.Verdict.NEED_MORE: [Decision.Reason.SECOND_LOOK, Decision.Reason.MISSING_CONTEXT],
}
COMMENTS = (
    "Everybody here works overtime since the reorganisation. It is paid now, and nobody leaves for it.",
    "Joined with the new sales team. The model knows nothing about its contracts.",
    "The pay is that of the new scale, and so is everybody else’s.",
)
COMMENTED = 0.06  # of the disagreements after the change


@dataclass
class Told:
    """Facts about the answers of a day, and what is awaited: (kind, due, who asked) -> numbers of answers."""

    decisions: list[Decision] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    awaited: dict[tuple[Awaited.Kind, date, User], list[UUID]] = field(default_factory=lambda: defaultdict(list))


def tell(plan: Plan, day: int, answers: Sequence[Answered], users: Users) -> Told:
    """All that is known at the end of the plan."""
    random = np.random.default_rng([plan.seed, 12, day])
    told, end, on = Told(), at_hour(plan, plan.days, 0), plan.date_of(day)
    for answer in answers:
        decision = _decided(plan, day, answer, users, random)
        if decision is not None and decision.created_at < end:
            told.decisions.append(decisions.sealed(decision))
        elif day >= plan.days - WAIT_DAYS:
            told.awaited[Awaited.Kind.DECISION, on, answer.by].append(answer.number)
        outcome = _became(plan, day, answer, users, random)
        if outcome is not None and outcome.created_at < end:
            told.outcomes.append(_sealed(outcome))
        else:
            told.awaited[Awaited.Kind.OUTCOME, on + timedelta(days=OUTCOME_DAYS), answer.by].append(answer.number)
    return told


def _decided(plan: Plan, day: int, answer: Answered, users: Users, random: Generator) -> Decision | None:
    """Draws as many numbers for each answer, so that one does not depend on what was made of another."""
    looks, says, why, delay, comments, hour = random.random(6)
    if looks >= LOOKED_AT[answer.label]:
        return None
    verdict = _verdict(_change(plan, day), answer, says)
    reasons = REASONS[verdict]
    is_commented = verdict == Decision.Verdict.DISAGREE and comments < COMMENTED * _change(plan, day)
    moment = at_hour(plan, day + _working_days(plan, day, 1 + int(delay * WITHIN_DAYS)), 9 + hour * 8)
    return Decision(
        pk=number_of(moment),
        prediction_id=answer.number,
        by=users.decides,
        verdict=verdict.value,
        reason=reasons[int(why * len(reasons))].value,
        comment=COMMENTS[int(why * len(COMMENTS))] if is_commented else "",
        created_at=moment,
    )


def _verdict(change: float, answer: Answered, says: float) -> Decision.Verdict:
    is_wrong = answer.label != answer.outcome
    disagrees = BEFORE[is_wrong] + (AFTER[is_wrong] - BEFORE[is_wrong]) * change
    if says < disagrees:
        return Decision.Verdict.DISAGREE
    return Decision.Verdict.NEED_MORE if says < disagrees + NEED_MORE else Decision.Verdict.AGREE


def _change(plan: Plan, day: int) -> float:
    """How far the change has come, from 0 to 1."""
    first, last = plan.changes
    return min(max((day - first) / max(last - first, 1), 0.0), 1.0)


def _working_days(plan: Plan, day: int, wanted: int) -> int:
    """So many days later, and then the next one on which somebody works."""
    while plan.is_weekend(day + wanted):
        wanted += 1
    return wanted


def _became(plan: Plan, day: int, answer: Answered, users: Users, random: Generator) -> Outcome | None:
    reported, left = int(random.integers(*KNOWN_AFTER)), int(random.integers(3, KNOWN_AFTER[0] + 1))
    if random.random() < NEVER_KNOWN:
        return None
    moment = at_hour(plan, day + reported, REPORTED_AT)
    return Outcome(
        pk=number_of(moment),
        prediction_id=answer.number,
        by=users.asks,
        label=answer.outcome,
        observed_date=plan.date_of(day + (left if answer.outcome == "leaves" else KNOWN_AFTER[0])),
        origin=Outcome.Origin.FILE.value,
        created_at=moment,
    )


def _sealed(outcome: Outcome) -> Outcome:
    kept = seal(payload(outcome))
    outcome.salt, outcome.digest = kept["salt"], kept["digest"]
    return outcome
