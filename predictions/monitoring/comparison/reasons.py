"""Why a comparison failed: stored as a code, since its readers have several languages."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from predictions.models import ComparedVersion
from predictions.monitoring.comparison.verbs import named

LOST, FAILED = "lost", "failed"


def of_version(place: int, text: str) -> str:
    """That a version could not answer, and what its runtime said."""
    return f"{place}:{text}"


def told(reason: str, compared: Sequence[ComparedVersion]) -> tuple[str, str]:
    """A sentence in the active language, and what a runtime said, which is English; "" where none did."""
    place, _colon, text = reason.partition(":")
    for one in compared:
        if str(one.place) == place:
            return _("%(version)s could not answer.") % {"version": named(one.version)}, text
    if reason == LOST:
        return _("The worker was lost several times at the same rows."), ""
    return _("It failed several times. The log of the worker says why."), ""
