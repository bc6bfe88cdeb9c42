"""uv with the package index that pip is configured for. Standard library only: scripts/ use it too."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SAME = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def find_uv() -> str | None:
    """Path of uv: beside this Python, where pip puts it, or anywhere in PATH."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def pip_settings() -> dict[str, list[str]]:
    """pip's settings by name, from its files and then, stronger, from PIP_ variables; none where there is no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {}
    for line in sorted(done.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _, value = line.partition("=")
        # quoted as a whole, with spaces or line ends between several
        found[key.rpartition(".")[2]] = " ".join(shlex.split(value)).replace("\\n", " ").split()
    return found


def uv_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with what uv needs to use pip's index; what is set for uv itself wins.

    pip takes the best match of all its indexes. uv is told to do the same: every file is checked by its hash.
    """
    settings = pip_settings()
    found = {uv: " ".join(settings[pip]) for pip, uv in SAME.items() if settings.get(pip)}
    if "UV_FIND_LINKS" in found:  # the one that takes commas
        found["UV_FIND_LINKS"] = ",".join(settings["find-links"])
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_PROGRESS": "1", **found, **environment}
