"""Days of answers whose fields are, or are not, as in the training data."""

from datetime import date

import numpy as np

from predictions.models import DailyRollup
from predictions.monitoring.drift import limits
from predictions.monitoring.drift.limits import SCORE
from registry.models import ModelVersion
from tests.predictions import watched


def answered(version: ModelVersion, day: date, answers: int, **moved: int) -> None:
    """A day whose fields are as in the training data, but for those that all fall into one bin."""
    tally = watched.tally(version, {"answers": answers}, seed=day.toordinal())
    for name, bin_ in moved.items():
        bins = limits.bins_of(tally.layout)[name if name != "score" else SCORE]
        found = np.zeros(bins.size, np.int64)
        found[bin_] = answers
        tally.bins[bins.start : bins.start + bins.size] = found
    DailyRollup.objects.create(version=version, day=day, source="", field="", place=0, **tally.columns())
