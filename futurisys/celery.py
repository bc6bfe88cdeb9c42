"""The Celery application: `celery -A futurisys worker`."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_shutdown
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

logging.captureWarnings(True)  # a worker warns before it sets its logging up

TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "futurisys.redis_broker:Transport"))

app = Celery("futurisys")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("futurisys.pulse:WorkerPulse")
app.conf.worker_consumer = "futurisys.pulse:Consumer"


@worker_process_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]  # celery has no types
def _leave_no_models(**_more: Any) -> None:
    """A process of the pool that is replaced, or told to stop, ends by os._exit (billiard/pool.py, _do_exit).

    What tidies up at the end of any other process does not run then, and nothing but a receiver is called before.
    """
    from registry.runtimes import isolated  # models cannot be imported before Django is set up

    isolated.end_all()
