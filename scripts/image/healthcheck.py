"""HEALTHCHECK of the image: exit code 0 while the role of this container works, else 1 with a sentence.

A worker or beat touches PULSE_FILE while it does its rounds; where there is no such file, this is a web server and is
asked for /health/ready. Standard library only.
"""

import http.client
import os
import sys
import time
from pathlib import Path

SECONDS = 5
PULSE_SECONDS = 60  # a worker leaves one each 5 s at most, beat each 10 s


def problem_of_pulse(file: Path, now: float) -> str:
    """What is wrong with a worker, or nothing."""
    age = now - file.stat().st_mtime
    return f"No sign of life for {age:.0f} s." if age > PULSE_SECONDS else ""


def problem_of_web() -> str:
    """What is wrong with a web server, or nothing: readiness is asked for as the proxy would."""
    host, _, port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")
    port = "7860" if os.environ.get("FUTURISYS_SPACE", "").lower() in {"1", "on", "true", "yes", "y", "t"} else port
    name = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "127.0.0.1"
    connection = http.client.HTTPConnection("127.0.0.1" if host.strip("0.") == "" else host, int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready", headers={"Host": name, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        said = answer.read(2_000).decode(errors="replace")
    except OSError as error:
        return f"Nobody answers on port {port}: {error}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"/health/ready answers {answer.status}: {said}"


def main() -> None:
    """Say it, and exit."""
    pulse = os.environ.get("PULSE_FILE", "")
    if pulse and Path(pulse).exists():
        sys.exit(problem_of_pulse(Path(pulse), time.time()) or 0)
    sys.exit(problem_of_web() or 0)


if __name__ == "__main__":
    main()
