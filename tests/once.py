"""What is made once for all of pytest's workers: trained examples, environments, what they download.

`make test` runs two workers, each with a PostgreSQL of its own. Their temporary folders lie side by side; what is
here lies beside them.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def one_thread_each() -> None:
    """Let a worker, and what it starts, compute in one thread: threads of several would wait for each other, busily.

    To be called before anything imports NumPy.
    """
    if WORKER:
        for name in THREADS:
            os.environ.setdefault(name, "1")


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see; it is deleted with pytest's other temporary folders."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if WORKER else own) / "once"
    folder.mkdir(exist_ok=True)
    return folder


def once(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name`, which `make(folder)` fills for the first that asks; others wait for it.

    What `make` raises is raised; the next one to ask tries again.
    """
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder
