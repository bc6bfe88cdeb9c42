"""Celery's pool of processes, with locks that a killed process does not leave shut.

Where a transport has no event loop, as pgmq has none, all processes of the pool wait for tasks behind one semaphore, and
write results behind another. Whoever is killed while it holds one, which an idle process always does, stops all the
others for ever, while the main process looks healthy (measured: after about ten kills). The kernel opens a lock on a
file as soon as its holder is dead.
"""

import fcntl
import tempfile
from pathlib import Path
from typing import Any

from billiard.pool import Pool as BlockingPool
from celery.concurrency.prefork import TaskPool as PreforkPool


class FileLock:
    """What billiard needs of a lock between the processes of a pool. Made before they are forked."""

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp()  # open for as long as the process
        Path(path).unlink()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Wait for it, unless `block` is false; whether it was taken. Nobody here waits with a timeout."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the next one."""
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exception: object) -> None:
        self.release()


class _Pool(BlockingPool):  # type: ignore[misc]  # billiard has no types
    def _setup_queues(self) -> None:
        super()._setup_queues()
        self._inqueue._rlock, self._outqueue._wlock = FileLock(), FileLock()


class TaskPool(PreforkPool):  # type: ignore[misc]
    """The setting CELERY_WORKER_POOL. With an event loop each process has pipes of its own, and nothing is changed."""

    BlockingPool: Any = _Pool
