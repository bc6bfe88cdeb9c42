"""Run uv with the package index that pip is configured for: `python scripts/with_uv.py pip compile ...`."""

import os
import subprocess
import sys
from pathlib import Path

# The product builds the environments of models the same way. Of it only what needs nothing installed is imported.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from registry.environments.package_index import uv_variables

UV = Path(sys.executable).with_name("uv")


def environment() -> dict[str, str]:
    """The environment for uv."""
    return uv_variables(os.environ)


if __name__ == "__main__":
    sys.exit(subprocess.call([UV, *sys.argv[1:]], env=environment()))
