"""Install requirements/NAME.txt into .venv, every file checked by its hash: `python scripts/install.py NAME`.

With uv, which takes a third of pip's time; with pip when uv is not to be had or fails.
"""

import subprocess
import sys
import time
from pathlib import Path

import with_uv

REQUIREMENTS = Path("requirements")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]


def by_uv(name: str) -> bool:
    """Make .venv hold exactly the lock (pip and uv may stay); False when uv can't."""
    if subprocess.call([*PIP, "-r", REQUIREMENTS / "bootstrap.txt"]):
        return False
    options = ["--quiet", "--require-hashes", "--compile-bytecode", "--python", sys.executable]
    command = [with_uv.UV, "pip", "sync", *options, REQUIREMENTS / f"{name}.txt"]
    return not subprocess.call(command, env=with_uv.environment())


def main(name: str) -> None:
    """Install, then leave a stamp for make: dev holds run too, and run alone drops what dev added."""
    start = time.monotonic()
    print(f"Installing requirements/{name}.txt ...", flush=True)  # noqa: T201
    if not by_uv(name):
        print("uv did not do it, pip will.", flush=True)  # noqa: T201
        subprocess.run([*PIP, "-r", REQUIREMENTS / f"{name}.txt"], check=True)
    stamps = Path(".venv")
    (stamps / "dev.stamp").unlink(missing_ok=True)
    for stamp in {name, "run"}:
        (stamps / f"{stamp}.stamp").touch()
    print(f"Installed in {time.monotonic() - start:.0f} s.", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
