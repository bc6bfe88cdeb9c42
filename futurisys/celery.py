"""The Celery application: `celery -A futurisys worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

app = Celery("futurisys")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
