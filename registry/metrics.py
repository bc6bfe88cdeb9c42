"""What is counted of models, for Prometheus. Never a person, a record or a request in a label."""

from django.conf import settings
from prometheus_client import Counter

from registry import metric_files

if settings.METRICS_FOLDER:  # in tests the counts stay in memory
    metric_files.use(settings.METRICS_FOLDER)

IMPORTS = Counter(
    "futurisys_imports_total", "Versions that were imported: ready or rejected.", ["model", "result"], registry=None
)


def imported(model: str, result: str) -> None:
    """An import is over; `result`: ready or rejected."""
    IMPORTS.labels(model=model, result=result).inc()
