"""How far the fields of each model are from its training data, for Prometheus: read from roll-ups when asked."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import Error
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from predictions.monitoring.drift import limits, straying
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.reading import Wanted
from predictions.monitoring.rollups.tally import added
from registry import serving
from registry.runtimes.base import RuntimeFailed

DAYS = 7
SECONDS = 60  # what was read is told again for so long
NAMES = ("model", "feature")
SCORE = "futurisys_drift_score"
LIMIT = "futurisys_drift_limit"
Found = tuple[str, str, float, float]  # model, field, distance, limit


class DriftMetrics:
    """The distance of the last seven days of each champion, and how far chance alone takes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def collect(self) -> Iterator[Metric]:
        """Two gauges, with a sample for each field of tabular models that have enough answers."""
        score = GaugeMetricFamily(
            SCORE, "Population stability index of the last 7 days against the training data.", labels=NAMES
        )
        limit = GaugeMetricFamily(
            LIMIT, "The index that chance alone explains with as many answers and training rows.", labels=NAMES
        )
        for model, name, distance, end in self._recent():
            score.add_metric([model, name], distance)
            limit.add_metric([model, name], end)
        yield score
        yield limit

    def forget(self) -> None:
        """Drop what this process remembers."""
        self._read_at = float("-inf")
        self._found: list[Found] = []

    def _recent(self) -> list[Found]:
        with self._lock:
            if time.monotonic() - self._read_at > SECONDS:
                self.forget()
                with contextlib.suppress(Error):  # the counts are wanted most while the database is away
                    self._found = [one for name in serving.promoted_names() for one in _of_model(name)]
                self._read_at = time.monotonic()
            return self._found


DRIFT = DriftMetrics()  # one for the process: it remembers


def _of_model(name: str) -> Iterator[Found]:
    version, _is_suspended = serving.in_charge(name)
    with contextlib.suppress(RuntimeFailed):  # whose files are damaged is told elsewhere
        found = layout.of(version)
        known = limits.of(version)
        if known is None or found.signature.image is not None:
            return
        until = reading.today()
        wanted = Wanted(model=version.model, since=until - timedelta(days=DAYS - 1), until=until)
        days = reading.days(wanted, [version])
        if not days:
            return
        whole = added([one.tally for one in days])
        bins = limits.bins_of(found)
        for field, reference in limits.references_of(found).items():
            counts = whole.of(bins[field])[None]
            distance = float(straying.distances(reference, counts)[0])
            end = float(straying.limits_at(known.fields[field], reference.rows, counts.sum(-1))[0])
            if distance == distance:  # noqa: PLR0124  there are enough answers
                yield name, field, distance, end
