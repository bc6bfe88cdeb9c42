"""The WSGI application for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
# onnxruntime holds a telemetry client; set before its first import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

application = get_wsgi_application()
