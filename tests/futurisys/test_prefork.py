"""The worker's pool: a process that is killed takes nothing with it but its own task."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing import get_context

from futurisys.celery import app
from futurisys.prefork import FileLock
from tests.worlds import ROOT

# As in a worker: the pool registers with the event loop at each connection, and its timers run in it.
LOST = textwrap.dedent(
    """
    import os, signal, sys, time
    from celery.concurrency import get_implementation
    from kombu.asynchronous import Hub, set_event_loop

    from futurisys.celery import app

    def turn(until):
        ends = time.monotonic() + 20
        while not until():
            assert time.monotonic() < ends
            next(loop)

    hub = Hub()
    set_event_loop(hub)
    pool = get_implementation(sys.argv[1])(2, app=app, threads=False, initargs=(app, "here"))
    pool.start()
    processes = pool._pool
    processes.register_with_event_loop(hub)
    loop = hub.create_loop()
    turn(lambda: not processes._waiting_to_start)
    gone, other = processes._pool
    # Its end is seen before the kernel says how it ended: nothing replaces it then.
    processes.maintain_pool = lambda: None
    os.kill(gone.pid, signal.SIGKILL)
    turn(lambda: gone._sentinel_poll is None)
    del processes.maintain_pool
    hub.reset()
    loop = hub.create_loop()
    processes.register_with_event_loop(hub)
    turn(lambda: gone not in processes._pool and len(processes._pool) == 2)
    turn(lambda: all(one._sentinel_poll is not None for one in processes._pool))
    print("alive", len(processes._pool), other in processes._pool)
    pool.terminate()
    """
)


def run(pool: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", LOST, pool]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_one_that_has_ended_is_replaced_after_the_connection_came_back() -> None:
    done = run(app.conf.worker_pool)
    assert done.stdout == "alive 2 True\n", done.stderr


def test_celerys_own_pool_ends_on_it() -> None:
    """When this fails Celery has mended it: _AsynPool in futurisys/prefork.py can go."""
    assert "file descriptor is None" in run("prefork").stderr


# As the worker makes it for a transport without an event loop. Idle processes wait behind the lock that one of them has.
KILLS = """
import contextlib, os, signal, time
from futurisys.prefork import TaskPool
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


# The pool's own process is killed; the one that replaces it is in the middle of a task when the worker is told to stop.
STOP = """
import os, signal, time
from futurisys.celery import app
from futurisys.prefork import TaskPool

def slow():
    time.sleep(3)
    return "done"

pool = TaskPool(1, app=app, initargs=(app, "here"))
pool.start()
first = pool._pool._pool[0].pid
os.kill(first, signal.SIGKILL)
assert pool._pool.apply_async(os.getpid).get(timeout=20) != first
result = pool._pool.apply_async(slow)
time.sleep(1)
pool.stop()
print(result.get(timeout=0))
"""


def test_process_that_replaced_another_ends_its_task_before_the_worker_stops() -> None:
    environment = {"PATH": os.environ["PATH"], "FUTURISYS_ENV": "development"}
    command = [sys.executable, "-c", STOP]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "done\n", done.stderr


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
