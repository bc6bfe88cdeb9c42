"""What is counted of questions and answers, for Prometheus. Never a person, a record or a request in a label."""

from prometheus_client import Counter, Histogram

from registry import metrics  # noqa: F401  # it says where the counts are kept, before the first is made

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

PREDICTIONS = Counter(
    "futurisys_predictions_total",
    "Rows that a model was asked about: answered, refused (their values), or failed (in the runtime).",
    ["model", "version", "source", "outcome"],
    registry=None,
)
DURATION = Histogram(
    "futurisys_prediction_duration_seconds",
    "From the question to the commit of its answer, for one call of one or many rows.",
    ["model"],
    buckets=SECONDS,
    registry=None,
)
BATCH_ROWS = Counter(
    "futurisys_batch_rows_total", "Rows of files that are over: answered or rejected.", ["result"], registry=None
)


def asked(model: str, version: int, source: str, outcome: str, rows: int) -> None:
    """Rows of one call; `outcome`: answered, refused or failed."""
    PREDICTIONS.labels(model, str(version), source, outcome).inc(rows)


def took(model: str, seconds: float) -> None:
    """One call, whose answers are stored."""
    DURATION.labels(model).observe(seconds)


def file_ended(*, answered: int, rejected: int) -> None:
    """A file was counted for the last time."""
    BATCH_ROWS.labels("answered").inc(answered)
    BATCH_ROWS.labels("rejected").inc(rejected)
