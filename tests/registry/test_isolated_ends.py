"""A model in a process of its own ends with whoever started it, however that comes, and leaves nothing behind."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from registry.importer.process import JailedChild, memory_for
from registry.runtimes import isolated
from registry.runtimes.base import RuntimeFailed
from tests.registry import pipelines
from tests.registry.hostile import LOOP, SLEEP, kind_of, make, x
from tests.worlds import ROOT


def test_close_leaves_nothing(hostile_files):
    runtime = make(hostile_files, trusted=True)
    runtime.start()
    pid, folder = runtime._child.pid, runtime._folder.path
    assert folder.exists()
    runtime.close()
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()
    assert kind_of(runtime, 0.25) == "stopped"


def test_end_waits_for_no_answer_and_leaves_nothing(hostile_files):
    runtime = make(hostile_files, trusted=True, merge=True, deadline=20)
    runtime.start()
    pid, folder = runtime._child.pid, runtime._folder.path
    with ThreadPoolExecutor(3) as pool:
        pool.submit(runtime.predict, x(SLEEP), 1)
        time.sleep(0.1)
        asked = [pool.submit(kind_of, runtime, LOOP) for _ in range(2)]  # one call; if it fails, two
        time.sleep(0.5)
        begun = time.monotonic()
        runtime.end()
        assert time.monotonic() - begun < 5
        assert [each.result() for each in asked] == ["stopped", "stopped"]
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()
    assert kind_of(runtime, 0.25) == "stopped"


def test_end_removes_the_folder_of_a_child_that_is_being_started(forest, monkeypatch):
    copied = threading.Event()
    monkeypatch.setattr(isolated.shutil, "copyfile", lambda source, target: copied.wait(20))
    runtime = make(forest._files, deadline=0.2)
    begun = runtime.begin()
    while (folder := runtime._folder) is None:
        time.sleep(0.01)
    runtime.end()
    assert not folder.path.exists()
    copied.set()
    assert begun.wait(20)


# As the worker makes its pool; each process is replaced after a task. The model is loaded for as long as the process.
POOL = """
import json, sys, tempfile, time
from pathlib import Path
import django
from futurisys.celery import app
django.setup()
from futurisys.prefork import TaskPool
from registry.runtimes.isolated import IsolatedRuntime

def folders():
    return len(list(Path(tempfile.gettempdir()).glob("futurisys-model-*")))

def use(file):
    global runtime
    runtime = IsolatedRuntime(
        files={"model.joblib": Path(file)}, file="model.joblib", format="joblib", trusted=False, scores="probability",
        n_outputs=2,
    )
    runtime.start()
    return folders()

pool = TaskPool(1, app=app, initargs=(app, "here"), maxtasksperchild=1)
pool.start()
seen = [pool._pool.apply_async(use, (sys.argv[1],)).get(timeout=60) for _ in range(2)]
pool.stop()
print(json.dumps([seen, folders()]))
"""


def test_process_of_the_pool_that_is_replaced_leaves_nothing(forest, tmp_path):
    environment = {"PATH": os.environ["PATH"], "FUTURISYS_ENV": "development", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", POOL, forest._files["model.joblib"]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "[[1, 1], 0]\n", done.stderr


def test_child_does_not_die_with_the_thread_that_asked(tmp_path):
    children = []
    start = {"folder": tmp_path, "memory": memory_for(0), "cpu": 60}
    thread = threading.Thread(target=lambda: children.append(JailedChild(**start)))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with pytest.raises(RuntimeFailed, match="No model is loaded"):
        children[0].call("inspect", {}, deadline=60)
    children[0].close()


def test_busy_child_dies_with_the_server(hostile_files, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # a killed server cannot remove its folders
    reading, writing = os.pipe()
    if (forked := fork()) == 0:
        runtime = make(hostile_files, trusted=True, deadline=60)
        runtime.start()
        os.write(writing, b"%d" % runtime._child.pid)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
        runtime.predict(x(LOOP), 1)
    os.waitpid(forked, 0)
    pid = int(os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    assert gone(pid)


@contextlib.contextmanager
def serving(files, *, forks=False):
    """The folder of a model that another process has loaded, and a function that kills it; `forks`: a third one lives on."""
    reading, writing = os.pipe()
    held, holding = os.pipe()
    if (forked := fork()) == 0:
        os.close(holding)
        try:
            runtime = make(files)
            runtime.start()
            if not forks or fork():
                os.write(writing, str(runtime._folder.path).encode())
            os.read(held, 1)  # until the test is over
        finally:
            os._exit(0)
    os.close(writing)
    folder = Path(os.read(reading, 1000).decode())
    try:
        yield folder, lambda: os.kill(forked, signal.SIGKILL)
    finally:
        for end in (reading, held, holding):
            os.close(end)
        os.waitpid(forked, 0)


@pytest.mark.parametrize("forks", [False, True])
def test_folder_of_a_killed_process_is_removed_at_the_next_load(forest, tmp_path, monkeypatch, forks):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine, other = make(forest._files), make(forest._files)
    with serving(forest._files) as (living, _), serving(forest._files, forks=forks) as (folder, kill):
        mine.start()
        assert len({living, folder, mine._folder.path}) == len(list(tmp_path.iterdir())) == 3
        kill()
        until_open(folder)
        assert folder.exists()
        other.start()
        assert set(tmp_path.iterdir()) == {living, mine._folder.path, other._folder.path}
    mine.close()
    other.close()


def until_open(folder):
    """Wait until the kernel has let go of a dead process's locks."""
    descriptor, ends = os.open(folder, os.O_RDONLY), time.monotonic() + 5
    while time.monotonic() < ends:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        time.sleep(0.02)
    os.close(descriptor)


def gone(pid):
    """Dead or a zombie that nobody reaps, within five seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_forked_process_starts_its_own_child(forest):
    forest.start()
    pid = forest._child.pid
    reading, writing = os.pipe()
    if (forked := fork()) == 0:
        scores = forest.predict(pipelines.columns(0, 3), 3)
        same = np.array_equal(scores, pipelines.expected("forest")[:3])
        os.write(writing, b"%d %d" % (same, forest._child.pid))
        forest.close()
        os._exit(0)
    os.waitpid(forked, 0)
    same, other = os.read(reading, 100).split()
    os.close(reading)
    os.close(writing)
    assert (same, int(other) != pid) == (b"1", True)
    assert forest.predict(pipelines.columns(0, 1), 1).shape == (1, 2)


def fork():
    """Pythons from 3.12 warn of forking with threads, which is what this is about."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
