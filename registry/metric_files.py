"""Where the counts of a process are kept: in a file of its place, which the next process in that place goes on with.

prometheus_client names the files after the process: with workers that come and go there would be ever more of them,
and each look at the counts would read all. A place is free as soon as its process is gone, however it went.
"""

import contextlib
import fcntl
import os
import threading
from pathlib import Path

from prometheus_client import values

MOST = 4096  # processes at once


class Places:
    """`folder`: where the files are; processes that share it are counted together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._pid, self._number = 0, 0

    def mine(self) -> int:
        """The place of this process; of another one after a fork. Raises OSError when the folder cannot be written."""
        pid = os.getpid()
        if self._pid != pid:
            with self._lock:
                if self._pid != pid:
                    self._number, self._pid = self._take(), pid
        return self._number

    def _take(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(MOST):
            with contextlib.suppress(OSError):  # taken, or another user's
                _lock(self.folder / f"place-{number}.lock")
                return number
        raise OSError(f"No process can count in {self.folder}: set METRICS_FOLDER to a folder that can be written.")


def _lock(path: Path) -> None:
    """Lock it for as long as this process lives. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        # Unlike flock it is not inherited: a child must find its parent's place taken.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise


def use(folder: Path) -> None:
    """From now on counters are made in files of that folder; to be called before the first of them is."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(Places(folder).mine)  # type: ignore[no-untyped-call]
