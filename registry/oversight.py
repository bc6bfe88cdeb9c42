"""How a model is looked after: risk, approval, automatic promotion, polling. Who changed what is kept beside it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _

from registry.exceptions import RegistryError
from registry.models import RegisteredModel
from registry.rights import demand

MOST_MINUTES = 7 * 24 * 60
MOST_DAYS = 3650
CHANGES_SHOWN = 30
_ARROW = " → "


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What may be set. `metric_floors`: smallest value per metric, for automatic promotion.

    `outcome_days`: after how many days it is known whether an answer was right; None where that is never asked.
    """

    is_high_risk: bool = False
    approval: str = "one"
    auto_promote: bool = False
    metric_floors: Mapping[str, float] = field(default_factory=dict)
    poll_minutes: int = 15
    outcome_days: int | None = None


@dataclass(frozen=True)
class Changed:
    """One change of one setting: `what` is the name of a field of Rules, both values as text."""

    by: User
    at: datetime
    what: str
    before: str
    after: str


class Refused(RegistryError):
    """Rules that do not go together; `problems` holds a sentence per field of Rules."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def rules_of(model: RegisteredModel) -> Rules:
    """The rules in force."""
    return Rules(**{name: getattr(model, name) for name in Rules.__dataclass_fields__})


def problems(rules: Rules) -> dict[str, str]:
    """What does not go together, a sentence per field; empty when all is well. Pure."""
    found: dict[str, str] = {}
    if rules.approval not in RegisteredModel.Approval.values:
        found["approval"] = _("Choose how many people a promotion takes.")
    if not 0 <= rules.poll_minutes <= MOST_MINUTES:
        found["poll_minutes"] = _("Enter a whole number of minutes from 0 to %(most)d.") % {"most": MOST_MINUTES}
    if rules.outcome_days is not None and not 0 <= rules.outcome_days <= MOST_DAYS:
        found["outcome_days"] = _("Enter a whole number of days from 0 to %(most)d, or nothing.") % {"most": MOST_DAYS}
    if not all(math.isfinite(value) for value in rules.metric_floors.values()):
        found["metric_floors"] = _("Enter a finite number.")
    if rules.auto_promote and rules.approval == RegisteredModel.Approval.TWO:
        found["auto_promote"] = _("A model that needs two people cannot promote by itself: choose one of the two.")
    elif rules.auto_promote and not rules.metric_floors:
        found["auto_promote"] = _("Set at least one floor: without one, no version is promoted by itself.")
    return found


def oversee(*, model: RegisteredModel, rules: Rules, by: User) -> RegisteredModel:
    """Put rules in force, and note what changed for whom. Open requests stay as they are.

    Who asks for promotions must not be able to take the second person away: that needs the right to approve as well.
    Raises NotAllowed, and Refused with a sentence per field. Nothing changed is noted nowhere.
    """
    demand(by, "registry.oversee_model")
    if found := problems(rules):
        raise Refused(found)
    with transaction.atomic():
        model = RegisteredModel.objects.select_for_update().get(pk=model.pk)
        if model.approval == RegisteredModel.Approval.TWO != rules.approval and not _approves(by):
            raise Refused({"approval": _("Only who may approve promotions can let one person be enough again.")})
        lines = _changes(rules_of(model), rules)
        if lines:
            for name, value in asdict(rules).items():
                setattr(model, name, value)
            model.save(update_fields=list(Rules.__dataclass_fields__))
            LogEntry.objects.log_actions(by.pk, [model], CHANGE, "\n".join(lines), single_object=True)
    return model


def _approves(by: User) -> bool:
    return by.has_perm("registry.approve_promotion")


def _changes(before: Rules, after: Rules) -> list[str]:
    old, new = asdict(before), asdict(after)
    return [f"{name}: {_shown(old[name])}{_ARROW}{_shown(new[name])}" for name in new if old[name] != new[name]]


def _shown(value: Any) -> str:
    """In English, as the log keeps it, on one line: names of metrics come from a repository."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        floors = ", ".join(f"{name} {floor:g}" for name, floor in sorted(value.items()))
        return " ".join(floors.replace(_ARROW.strip(), "->").split()) or "none"
    return str(value)


def history(model: RegisteredModel) -> list[Changed]:
    """The latest changes of the rules, newest first; other edits in the admin are not among them."""
    kept = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(RegisteredModel), object_id=str(model.pk)
    ).select_related("user")
    found = [changed for entry in kept.order_by("-action_time", "-id")[:CHANGES_SHOWN] for changed in _parsed(entry)]
    return found[:CHANGES_SHOWN]


def _parsed(entry: LogEntry) -> list[Changed]:
    found = []
    for line in entry.change_message.splitlines():
        what, _colon, values = line.partition(": ")
        before, arrow, after = values.partition(_ARROW)
        if arrow and what in Rules.__dataclass_fields__:
            found.append(Changed(entry.user, entry.action_time, what, before, after))
    return found
