"""Run uv with the package index that pip is configured for: `python scripts/with_uv.py pip compile ...`."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).with_name("uv")
SAME = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def pip_settings() -> dict[str, str]:
    """pip's settings by name, from its files and then, stronger, from PIP_ variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        key, _, value = line.partition("=")
        found[key.rpartition(".")[2]] = " ".join(shlex.split(value))
    return found


def environment() -> dict[str, str]:
    """The environment for uv; what is set for uv itself wins.

    pip takes the best match of all its indexes. uv is told to do the same: every file is checked by its hash.
    """
    settings = pip_settings()
    found = {uv: settings[pip] for pip, uv in SAME.items() if settings.get(pip)}
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_PROGRESS": "1", **found, **os.environ}


if __name__ == "__main__":
    sys.exit(subprocess.call([UV, *sys.argv[1:]], env=environment()))
