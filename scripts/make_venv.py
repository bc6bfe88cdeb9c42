"""Create .venv, or say in a sentence why this Python can't. Written so that an old Python can read it."""

import subprocess
import sys

TOO_OLD = "Python >= 3.11 is needed, this is {}.{}: name another one, like make PYTHON=python3.13 run."
NO_VENV = "This Python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv)."

if sys.version_info < (3, 11):  # noqa: UP036 - the one file that meets an older one
    sys.exit(TOO_OLD.format(*sys.version_info[:2]))
try:
    import ensurepip  # noqa: F401 - the part that Debian leaves out
    import venv  # noqa: F401
except ImportError:
    sys.exit(NO_VENV)
sys.exit(subprocess.call([sys.executable, "-m", "venv", ".venv"]))
