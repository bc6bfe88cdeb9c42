"""Why rows of a file of outcomes are not taken, as sentences that say what to mend. None repeats a value."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_SENTENCES = {
    "nobody": gettext_lazy("The row says neither a number of an answer nor a key."),
    "bad_number": gettext_lazy("This is no number of an answer: copy it from the page or the file it stands in."),
    "unknown_number": gettext_lazy("There is no answer of this number, or you may not see it."),
    "unknown_key": gettext_lazy(
        "You see no answer of this model about this key, of the day it was observed or before."
    ),
    "several_sets": gettext_lazy("Several sets of records have this key: choose the set."),
    "no_model": gettext_lazy("A key alone does not say which answer is meant: choose the model that was asked."),
    "other_key": gettext_lazy("The number and the key are of different answers. Were the columns sorted apart?"),
    "no_outcome": gettext_lazy("The outcome is missing."),
    "no_day": gettext_lazy("The day on which it was observed is missing."),
    "bad_day": gettext_lazy("The day cannot be read: write it as 31/12/2025 or 2025-12-31."),
    "future": gettext_lazy("The day on which it was observed lies in the future."),
    "before": gettext_lazy("The outcome was observed before the answer was given."),
    "contradiction": gettext_lazy("The file says different things about the same answer: keep one of these rows."),
}


def why(code: str, about: Any = "") -> str:
    """The sentence of a code; `about`: what may be said instead, for an outcome that is no answer of the model."""
    if code == "unknown_outcome":
        if not about:
            return _("The outcome is no number that can be read in one way.")
        return _("The outcome is no answer of this model. It may be: %(values)s.") % {"values": about}
    return str(_SENTENCES[code])
