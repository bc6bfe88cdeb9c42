"""The Celery application: `celery -A futurisys worker`."""

import logging
import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

logging.captureWarnings(True)  # a worker warns before it sets its logging up

TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "futurisys.redis_broker:Transport"))

app = Celery("futurisys")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("futurisys.pulse:WorkerPulse")
