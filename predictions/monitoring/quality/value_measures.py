"""Measures of values, from sums over the answers whose outcome is known: an error is the answer less what came. Pure."""

import math
from collections.abc import Iterator

from django.utils.translation import gettext as _

from predictions.monitoring.quality import intervals
from predictions.monitoring.quality.intervals import student
from predictions.monitoring.quality.measure import KNOWN, Measure, few, lacking, measured
from predictions.monitoring.rollups.tally import Tally

NAMES = ("mae", "rmse", "bias", "r2")
SQUARED = 50  # outcomes, for what single large errors decide


def of(tally: Tally) -> list[Measure]:
    """Every measure of a model of values."""
    n = tally["outcomes"]
    needed = {"rmse": SQUARED, "r2": SQUARED}
    lacks = {name: few(n, needed=needed.get(name, KNOWN)) or _unbounded(tally) for name in NAMES}
    found = {} if lacks["mae"] else {one.name: one for one in _of(tally, n)}
    return [lacking(name, n, lack) if lack else found[name] for name, lack in lacks.items()]


def _unbounded(tally: Tally) -> str:
    """Somebody may report 1e200: its fourth power is no number."""
    is_finite = all(math.isfinite(tally.sum(name)) for name in tally.layout.sum_names)
    return "" if is_finite else _("Some outcomes are too large to be added up")


def _of(tally: Tally, n: int) -> Iterator[Measure]:
    mean, size = tally.sum("error") / n, tally.sum("absolute") / n
    squared = tally.sum("squared") / n
    freed = n / (n - 1) / n
    yield measured("mae", n, size, intervals.of_size(size, (squared - size * size) * freed, n), "t of logarithm")
    # How heavy the tails are: 3 of normal errors.
    peak = tally.sum("fourth") / n / (squared * squared) if squared else 1.0
    factor = math.exp(student(n) / 2 * math.sqrt(max(peak - 1, 0.0) / (n - 1)))
    root = math.sqrt(squared)
    yield measured("rmse", n, root, (root / factor, root * factor), "delta of logarithm")
    yield measured("bias", n, mean, intervals.of_average(mean, (squared - mean * mean) * freed, n), "t")
    yield _explained(tally, n, peak)


def _explained(tally: Tally, n: int, peak: float) -> Measure:
    """R²: how much less the errors spread than the outcomes do. Taken as uncorrelated, so that it is rather too wide."""
    actual = tally.sum("actual") / n
    spread = tally.sum("actual_squared") - n * actual * actual
    if spread <= 1e-12 * max(tally.sum("actual_squared"), 1e-300):
        return lacking("r2", n, _("All outcomes are the same"))
    rest = tally.sum("squared") / spread
    factor = math.exp(student(n) * math.sqrt((peak + 1) / (n - 1)))
    return measured("r2", n, 1 - rest, (1 - rest * factor, 1 - rest / factor), "delta of logarithm")
