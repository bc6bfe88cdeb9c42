"""What a worker is given in tests to be busy with: `celery worker --include tests.futurisys.slow_task`.

Tests send it by its name: imported, it would be one of the product's tasks.
"""

import time

from celery import shared_task


@shared_task(name="tests.sleep")  # type: ignore[untyped-decorator]  # celery has no types
def sleep(seconds: float) -> None:
    """Keep a process of the pool busy."""
    time.sleep(seconds)
