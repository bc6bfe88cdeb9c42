"""How long one row takes: of the runtime that will serve, and of the original beside it."""

import statistics
import time

from registry.runtimes.base import Columns, Runtime, RuntimeFailed

CALLS = 50
ENOUGH = 1.0  # seconds; a slow model is asked less often, five times at least
LEAST = 5


def one_row(runtime: Runtime, columns: Columns, rows: int) -> float | None:
    """Milliseconds of one row, the median of up to 50 calls after a first one; None when none is answered."""
    took = []
    began = time.perf_counter()
    for call in range(CALLS + 1):
        row = call % rows
        one = {name: array[row : row + 1] for name, array in columns.items()}
        start = time.perf_counter()
        try:
            runtime.predict(one, 1)
        except RuntimeFailed as error:
            if error.kind != "model":
                raise
            continue  # a row that this model does not answer
        end = time.perf_counter()
        took.append(end - start)
        if end - began > ENOUGH and len(took) > LEAST:
            break
    # the first call pays for what is made once
    return round(1000 * statistics.median(took[1:]), 4) if len(took) > 1 else None
