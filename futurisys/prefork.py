"""Celery's pool of processes, whose worker outlives the death of one of them.

The name of this module has to hold "prefork": by it Celery knows that the pool has processes (celery/fixups/django.py).

Where a transport has no event loop, as pgmq has none, all processes of the pool wait for tasks behind one semaphore, and
write results behind another. Whoever is killed while it holds one, which an idle process always does, stops all the
others for ever, while the main process looks healthy (measured: after about ten kills). The kernel opens a lock on a
file as soon as its holder is dead. And a thread replaces what has ended, which is over as soon as the worker is told to
stop, while the kernel kills a process when the thread that forked it ends (Celery asks for that): a process that had
replaced another lost its task in each stop.

Where it has one, as Redis and RabbitMQ do, each process has pipes of its own. There a process that ends while the
connection to the broker is lost would end the whole worker.
"""

import fcntl
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from billiard.pool import Pool as BlockingPool
from celery.concurrency.asynpool import AsynPool
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


class _BlockingPool(BlockingPool):  # type: ignore[misc]  # billiard has no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._forking_thread = ThreadPoolExecutor(1, thread_name_prefix="pool-forks")  # one that does not end before us
        super().__init__(*arguments, **options)

    def _create_worker_process(self, i: int) -> Any:
        return self._forking_thread.submit(super()._create_worker_process, i).result()

    def _setup_queues(self) -> None:
        super()._setup_queues()
        self._inqueue._rlock, self._outqueue._wlock = FileLock(), FileLock()


class _AsynPool(AsynPool):  # type: ignore[misc]
    def _track_child_process(self, proc: Any, hub: Any) -> None:
        """Watch for the end of a process, but not of one that is seen to have ended and waits for its replacement.

        Such a one has no descriptor any more, and after a lost connection all are watched anew: Celery 5.7 ends the whole
        worker on that ("file descriptor is None"). A timer replaces it within five seconds (AsynPool.timers).
        """
        if getattr(proc, "_sentinel_poll", proc) is not None:
            super()._track_child_process(proc, hub)


class TaskPool(PreforkPool):  # type: ignore[misc]
    """The setting CELERY_WORKER_POOL."""

    Pool: Any = _AsynPool
    BlockingPool: Any = _BlockingPool
