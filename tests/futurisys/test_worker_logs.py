"""What a worker logs is written as by the web server: without the values of a person's row."""

import json
import os
import subprocess
import sys

from tests.worlds import ROOT

# As a worker sets its logging up, and as Celery tells of a task that failed.
FAILED = """
import logging
import django
from futurisys.celery import app
django.setup()
app.log.setup(loglevel="INFO")
try:
    raise ValueError("duplicate key\\nDETAIL:  Key (name)=(Ada Lovelace) already exists.")
except ValueError:
    logging.getLogger("celery.app.trace").exception("Task raised an error")
"""


def test_a_task_that_failed_shows_no_value() -> None:
    environment = {"PATH": os.environ["PATH"], "FUTURISYS_ENV": "development"}
    command = [sys.executable, "-c", FAILED]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    logged = json.loads((done.stdout + done.stderr).splitlines()[-1])
    assert logged["message"] == "Task raised an error"
    assert "Lovelace" not in done.stdout + done.stderr
