"""What is done with a comparison: ask for one, and stop it."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from predictions.exceptions import NotNow
from predictions.models import ComparedVersion, Comparison, ReplayedAnswer, Source
from predictions.monitoring.comparison import hints
from predictions.monitoring.comparison.alike import differences
from predictions.monitoring.comparison.turns import OPEN
from registry import serving
from registry.exceptions import NotAllowed
from registry.models import ModelVersion, RegisteredModel
from registry.rights import demand

MOST = (1_000, 10_000, 100_000)  # rows
FEWEST_VERSIONS, MOST_VERSIONS = 2, 4
MOST_DAYS = 731

__all__ = ["MOST", "NotAllowed", "NotComparable", "NotNow", "cancel", "compare", "reasons_against"]


class NotComparable(Exception):
    """The versions, or what they shall be asked, make no comparison; `reasons`: sentences for a person.

    `about`: the argument that is wrong.
    """

    def __init__(self, reasons: Sequence[str], about: str = "versions") -> None:
        super().__init__(" ".join(reasons))
        self.reasons, self.about = list(reasons), about


def compare(
    *,
    model: RegisteredModel,
    versions: Sequence[ModelVersion],
    since: date,
    until: date,
    source: str = "",
    most: int,
    by: User,
) -> Comparison:
    """Ask for the recorded inputs of a model to be scored again on each version; the first is what others are held to.

    `source`: a door, or "" for all. `most`: one of MOST. Raises NotAllowed, NotComparable; NotNow while an earlier
    comparison of the same person is not over.
    """
    demand(by, "predictions.add_comparison")
    if reasons := _of_period(since, until):
        raise NotComparable(reasons, "since")
    if reasons := [*_of_choice(source, most), *reasons_against(versions)]:
        raise NotComparable(reasons)
    with transaction.atomic():
        _one_at_a_time(by)
        made = Comparison.objects.create(
            model=model, by=by, since_date=since, until_date=until, source=source, most=most
        )
        ComparedVersion.objects.bulk_create(
            ComparedVersion(comparison=made, place=place, version=one) for place, one in enumerate(versions)
        )
        hints.after_commit()
    return made


def cancel(*, comparison: Comparison, by: User) -> None:
    """Stop it: what was scored so far is forgotten. Raises NotAllowed, NotNow."""
    demand(by, "predictions.add_comparison")
    over = _("That is not possible any more: the comparison is over.")
    try:
        with transaction.atomic():
            found = Comparison.objects.filter(pk=comparison.pk, status__in=OPEN)
            # Whoever works on it finds its lease gone when the next chunk is stored, and stores nothing.
            if not found.update(
                status=Comparison.Status.CANCELLED,
                is_cancelled=True,
                finished_at=timezone.now(),
                lease=None,
                leased_until=None,
            ):
                raise NotNow(over)
            ReplayedAnswer.objects.filter(comparison=comparison.pk).delete()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise NotNow(_("A worker is storing rows. Try again in a moment.")) from error
        raise
    comparison.refresh_from_db()


def reasons_against(versions: Sequence[ModelVersion]) -> list[str]:
    """Why these versions cannot be compared, as sentences; empty when they can."""
    if len({one.pk for one in versions}) < FEWEST_VERSIONS:
        return [_("Choose at least two versions.")]
    if len(versions) > MOST_VERSIONS:
        return [_("Choose %(most)s versions at most.") % {"most": MOST_VERSIONS}]
    if unready := [one for one in versions if one.status != ModelVersion.Status.READY or one.is_draft]:
        return [
            _("%(version)s is not ready: confirm its signature first.") % {"version": named(one)} for one in unready
        ]
    base = versions[0]
    return [
        _("%(other)s cannot be held against %(base)s. %(why)s")
        % {"other": named(one), "base": named(base), "why": " ".join(why)}
        for one in versions[1:]
        if (why := differences(serving.signature_of(base), serving.signature_of(one)))
    ]


def named(version: ModelVersion) -> str:
    """How sentences call a version."""
    return _("Version %(number)s of %(model)s") % {"number": version.number, "model": version.model.name}


def _of_period(since: date, until: date) -> list[str]:
    if since > until:
        return [_("The first day must not be after the last one.")]
    if until - since > timedelta(days=MOST_DAYS):
        return [_("Choose a period of two years at most.")]
    return []


def _of_choice(source: str, most: int) -> list[str]:
    found = [] if source == "" or source in Source.values else [_("Choose one of the ways of asking.")]
    return found if most in MOST else [*found, _("Choose how many answers are scored again.")]


def _one_at_a_time(by: User) -> None:
    """Raises NotNow while an earlier comparison of this person is not over."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two clicks are two requests
    if Comparison.objects.filter(by=by, status__in=OPEN).exists():
        raise NotNow(_("Your last comparison is not over yet: wait for it, or cancel it."))
