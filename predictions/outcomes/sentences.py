"""Why rows of a file of outcomes are not taken, as sentences that say what to mend. None repeats a value."""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_SENTENCES = {
    "nobody": gettext_lazy("The row says neither a number of an answer nor a key."),
    "bad_number": gettext_lazy("This is no number of an answer: copy it from the page or the file it stands in."),
    "unknown_number": gettext_lazy("There is no answer of this number, or you may not see it."),
    "unknown_key": gettext_lazy("You see no answer of this model about this key. Check the key and the model."),
    "late_key": gettext_lazy("The model answered about this key only after the day it was observed. Check the day."),
    "several_sets": gettext_lazy("Several sets of records have this key: choose the set."),
    "no_model": gettext_lazy("A key alone does not say which answer is meant: choose the model that was asked."),
    "other_key": gettext_lazy("The number and the key are of different answers. Were the columns sorted apart?"),
    "no_outcome": gettext_lazy("The outcome is missing."),
    "no_day": gettext_lazy("The day on which it was observed is missing."),
    "bad_day": gettext_lazy("The day cannot be read: write it as 31/12/2025 or 2025-12-31."),
    "future": gettext_lazy("The day on which it was observed lies in the future."),
    "before": gettext_lazy(
        "The day it was observed lies before the answer: enter the day of the answer or a later one."
    ),
    "contradiction": gettext_lazy("The file says different things about the same answer: keep one of these rows."),
}


def too_early(answered: date) -> str:
    """Why a day is refused that lies before the one of the answer."""
    day = date_format(answered, "j F Y")
    return _("The answer is of %(day)s: enter that day or a later one.") % {"day": day}


def why(code: str, about: Any = "") -> str:
    """The sentence of a code; `about`: what may be said instead, for an outcome that is no answer of the model."""
    if code == "unknown_outcome":
        if not about:
            return _("The outcome is no number that can be read in one way.")
        return _("The outcome is no answer of this model. It may be: %(values)s.") % {"values": about}
    return str(_SENTENCES[code])
