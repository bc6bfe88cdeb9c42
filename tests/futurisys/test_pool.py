"""The worker's pool: a process that is killed takes nothing with it but its own task."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context

from futurisys.pool import FileLock
from tests.worlds import ROOT

# As the worker makes it for a transport without an event loop. Idle processes wait behind the lock that one of them has.
KILLS = """
import contextlib, os, signal, time
from futurisys.pool import TaskPool
pool = TaskPool.BlockingPool(2)
for _ in range(6):
    for process in list(pool._pool):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.3)
time.sleep(1)
print(pool.apply_async(abs, (-3,)).get(timeout=20))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_idle_processes_may_be_killed() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", KILLS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "3\n", done.stderr


def hold(lock: FileLock, taken: object) -> None:
    lock.acquire()
    taken.set()  # type: ignore[attr-defined]
    time.sleep(60)


def test_the_lock_of_a_dead_process_is_open() -> None:
    context, lock = get_context("fork"), FileLock()
    taken = context.Event()
    process = context.Process(target=hold, args=(lock, taken))
    process.start()
    assert taken.wait(10)
    assert not lock.acquire(block=False)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with lock as is_mine:
        assert is_mine
