"""How measures are said: titles, shares in percent, other figures in three digits, intervals, marks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.monitoring.quality.measure import Measure
from predictions.monitoring.quality.offline import LESS_IS_BETTER, Promise, Verdict
from predictions.monitoring.quality.rightness import digits
from predictions.monitoring.quality.subgroups import Share
from registry import measures
from registry.charts import Range
from registry.presenters.states import Words
from registry.texts import figure

SHARES = {"accuracy", "balanced_accuracy", "recall", "precision", "specificity"}
ERRORS = {"mae", "rmse", "bias"}  # as large as the values are
FINE = 0.04  # an interval so narrow is said with a decimal
# Words for where a promise lies, and the class of the tag.
VERDICTS: dict[Verdict, tuple[Words, str]] = {
    "": ("", ""),
    "kept": (gettext_lazy("as promised"), ""),
    "better": (gettext_lazy("better than promised"), ""),
    "worse": (gettext_lazy("worse than promised"), "tag--stop"),
    "perhaps better": (gettext_lazy("better, perhaps by chance"), ""),
    "perhaps worse": (gettext_lazy("worse, perhaps by chance"), "tag--warn"),
}


def percent(value: float, *, fine: bool = False) -> str:
    """`84%` of a share from 0 to 1, or `84.3%`."""
    return _("%(number)s%%") % {"number": number_format(f"{100 * value:.{1 if fine else 0}f}")}


def title(measure: Measure) -> str:
    """What was measured; of one class among several, of which."""
    return measure_title(measure.name, measure.about)


def measure_title(name: str, about: str = "") -> str:
    """The same of a measure's name; with its direction where less is better."""
    said = _("Mean error (bias)") if name == "bias" else measures.plain(name)
    if name in LESS_IS_BETTER:
        return _("%(measure)s (lower is better)") % {"measure": said}
    return _("%(field)s: %(text)s") % {"field": said, "text": about} if about else said


def sayer(name: str, unit: str = "") -> Callable[[float], str]:
    """What writes values of a measure."""
    if name in SHARES:
        return percent
    if name not in ERRORS:
        return score
    return (lambda value: f"{digits(value)}\u00a0{unit}") if unit else digits


def score(value: float) -> str:
    """Three decimals up to one, whatever they are, so that figures beside each other look alike; three digits beyond."""
    return number_format(f"{value:.3f}") if abs(value) <= 1 else digits(value)


def interval(name: str, low: float, high: float) -> str:
    """`81% to 87%`."""
    fine = high - low < FINE
    say = (lambda value: percent(value, fine=fine)) if name in SHARES else sayer(name)
    return _("%(low)s to %(high)s") % {"low": say(low), "high": say(high)}


@dataclass(frozen=True)
class Said:
    """A figure, its interval and what it was measured on; or `lack`, why there is none."""

    value: str = ""
    interval: str = ""
    on: str = ""
    lack: str = ""


def live(measure: Measure, unit: str = "") -> Said:
    """A measure of today."""
    if measure.value is None or measure.low is None or measure.high is None:
        return Said(lack=measure.lack)
    is_fine = measure.name in SHARES and measure.high - measure.low < FINE
    value = percent(measure.value, fine=True) if is_fine else sayer(measure.name, unit)(measure.value)
    return Said(value, interval(measure.name, measure.low, measure.high), outcomes(measure.n))


def promised(name: str, promise: Promise, unit: str = "") -> Said:
    """What the manifest says."""
    bounds = "" if promise.low is None or promise.high is None else interval(name, promise.low, promise.high)
    rows = _("%(count)s rows") % {"count": figure(promise.n, grouped=True)} if promise.n else ""
    split = str(measures.split(promise.split)) if promise.split else ""
    is_fine = name in SHARES and promise.low is not None and (promise.high or 0) - promise.low < FINE
    value = percent(promise.value, fine=True) if is_fine else sayer(name, unit)(promise.value)
    return Said(value, bounds, ", ".join(filter(None, (split, rows))))


def share(found: Share) -> Said:
    """A share of a part; one that is too small says how many it would take."""
    if not found.is_enough:
        return Said(
            lack=_("needs %(needed)s, has %(count)s") % {"needed": found.needed, "count": figure(found.n, grouped=True)}
        )
    low, high = found.interval
    value = percent(found.value, fine=high - low < FINE)
    return Said(value, interval("accuracy", low, high), figure(found.n, grouped=True))


def ends(rows: Sequence[Range]) -> tuple[float, float]:
    """Where an axis of shares begins and ends: whole tenths around the intervals. Points need no zero beneath them."""
    found = [value for row in rows for value in (row.value, row.low, row.high) if value is not None]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    return max(math.floor(10 * low - 0.3), 0) / 10, min(math.ceil(10 * high + 0.3), 10) / 10


def outcomes(n: int) -> str:
    """`312 outcomes`."""
    return _("1 outcome") if n == 1 else _("%(count)s outcomes") % {"count": figure(n, grouped=True)}
