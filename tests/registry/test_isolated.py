"""The isolated runtime: the same answers as in process, and nothing a model does takes the server with it."""

import contextlib
import fcntl
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest

from registry.importer.process import JailedChild, memory_for
from registry.runtimes.answers import checked
from registry.runtimes.base import RuntimeFailed
from registry.runtimes.isolated import IsolatedRuntime
from tests.registry import pipelines
from tests.worlds import ROOT

isolated = importlib.import_module(IsolatedRuntime.__module__)  # the package has a function of this name

# A repository's own code, as a trusted version may bring it. `x` decides what it does.
HOSTILE = """
import os, sys, threading, time
import numpy as np

class Hostile:
    classes_ = np.array([0, 1])
    sizes = []

    def predict_proba(self, table):
        x = table["x"].to_numpy()
        self.sizes.append(len(x))
        what = next((each for each in x if each >= 100), 0)
        if what == 101:
            while True: pass
        if what == 102:
            os.abort()
        if what == 103:
            bytearray(8 << 30)
        if what == 104:
            raise ValueError("a secret")
        if what == 105:
            print("noise" * 100000); os.write(1, b"noise" * 100000); sys.stdout.flush()
        if what == 106:
            return np.zeros((100000, 2))
        if what == 107:
            return np.full((len(x), 2), 0.7)
        if what == 108:
            return np.full((len(x), 2), np.nan)
        if what == 109:
            threading.Thread(target=self.burn, daemon=True).start()
        if what == 110:
            time.sleep(0.3)
        if what == 111:
            return np.repeat([[1 / len(self.sizes), 1 - 1 / len(self.sizes)]], len(x), axis=0)
        if what == 112:
            count = sum(not name.startswith("KMP_") for name in os.environ)  # scikit-learn sets those itself
            return np.array([[1 / count, 1 - 1 / count]])
        return np.column_stack([x % 1, 1 - x % 1])

    def predict(self, table):
        return self.predict_proba(table).argmax(axis=1)

    def burn(self):
        while True: pass
"""
LOOP, ABORT, EXPLODE, RAISE, NOISE, OVERSIZE, NO_SUM, NOT_A_NUMBER, BURN, SLEEP, COUNT, ENVIRONMENT = range(101, 113)


@pytest.fixture(scope="session")
def hostile_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.py").write_text(HOSTILE)
    script = "import hostile, joblib; joblib.dump(hostile.Hostile(), 'model.joblib')"
    environment = {"PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-B", "-c", script], cwd=folder, env=environment, check=True)
    return {name: folder / name for name in ("hostile.py", "model.joblib")}


@pytest.fixture(scope="module")
def hostile(hostile_files):
    """One runtime for all hostile tests: it must get over each of them."""
    runtime = make(hostile_files, trusted=True, merge=True, deadline=1.0)
    if not (runtime_jail := jail_of(hostile_files))["files"] or not runtime_jail["network"]:
        pytest.skip("This host cannot contain a trusted model's own code.")
    yield runtime
    runtime.close()


def jail_of(files):
    child = JailedChild(folder=next(iter(files.values())).parent, memory=memory_for(0), cpu=60)
    child.close()
    return child.jail


@pytest.fixture(autouse=True)
def forgiving(monkeypatch):
    """The restart budget has a test of its own."""
    monkeypatch.setattr(isolated, "DEATHS_WITHIN", 0.0)


def make(files, **how):
    how = {"format": "joblib", "trusted": False, "scores": "probability", "n_outputs": 2} | how
    return IsolatedRuntime(files=files, file="model.joblib", **how)


def x(*values):
    return {"x": np.array(values, dtype=np.float64)}


def kind_of(runtime, *values):
    with pytest.raises(RuntimeFailed) as caught:
        runtime.predict(x(*values), len(values))
    return caught.value.kind


def answers(runtime):
    return np.array_equal(runtime.predict(x(0.25), 1), [[0.25, 0.75]])


@pytest.fixture(scope="module")
def forest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forest")
    joblib.dump(pipelines.fitted("forest"), folder / "model.joblib")
    runtime = make({"model.joblib": folder / "model.joblib"}, merge=True)
    yield runtime
    runtime.close()


def test_equal_to_in_process(forest):
    scores = forest.predict(pipelines.columns(), pipelines.ROWS)
    assert np.array_equal(scores, pipelines.expected("forest"))


def test_concurrent_callers_get_their_own_rows(forest):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: forest.predict(pipelines.columns(row, row + 1), 1), range(60)))
    assert np.array_equal(np.vstack(found), pipelines.expected("forest")[:60])


def test_text_imputation_is_served(tmp_path):
    joblib.dump(pipelines.fitted("text_imputation"), tmp_path / "model.joblib")
    runtime = make({"model.joblib": tmp_path / "model.joblib"})
    assert np.array_equal(runtime.predict(pipelines.columns(), pipelines.ROWS), pipelines.expected("text_imputation"))
    runtime.close()


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (LOOP, "deadline"),
        (ABORT, "signal"),
        (EXPLODE, "memory"),
        (RAISE, "model"),
        (OVERSIZE, "answer"),
        (NO_SUM, "answer"),
        (NOT_A_NUMBER, "answer"),
    ],
)
def test_failure_has_a_name_and_the_next_request_an_answer(hostile, what, kind):
    assert kind_of(hostile, what) == kind
    assert answers(hostile)


def test_noise_on_stdout_changes_nothing(hostile):
    assert np.array_equal(hostile.predict(x(NOISE), 1), [[0, 1]])
    assert answers(hostile)


def test_child_killed_in_mid_request(hostile):
    hostile.start()
    pid = hostile._child.pid
    threading.Timer(0.1, os.kill, (pid, signal.SIGKILL)).start()
    assert kind_of(hostile, SLEEP) == "signal"
    assert answers(hostile)


def test_child_that_computes_between_requests_is_replaced(hostile, monkeypatch):
    monkeypatch.setattr(isolated, "CPU_SLACK", 0.05)
    hostile.predict(x(BURN), 1)
    pid = hostile._child.pid
    deadline = time.monotonic() + 20
    while hostile._child is not None and hostile._child.pid == pid and time.monotonic() < deadline:
        time.sleep(0.1)
        answers(hostile)
    assert hostile._child is None or hostile._child.pid != pid


def together(runtime, *values):
    """Ask while the child is busy, so that all of `values` wait and are merged; scores or kinds."""

    def ask(value):
        try:
            return runtime.predict(x(value), 1)[0, 0]
        except RuntimeFailed as error:
            return error.kind

    runtime.start()
    with ThreadPoolExecutor(len(values) + 1) as pool:
        busy = pool.submit(ask, SLEEP)
        time.sleep(0.1)
        found = [each.result() for each in [pool.submit(ask, value) for value in values]]
        busy.result()
    return found


def test_waiting_requests_are_one_call(hostile_files):
    runtime = make(hostile_files, trusted=True, merge=True)
    assert together(runtime, COUNT, COUNT, COUNT) == [1 / 2] * 3
    runtime.close()


def test_without_merge_each_is_its_own_call(hostile_files):
    runtime = make(hostile_files, trusted=True, merge=False)
    assert sorted(together(runtime, COUNT, COUNT, COUNT)) == [1 / 4, 1 / 3, 1 / 2]
    runtime.close()


def test_one_bad_row_fails_nobody_else(hostile):
    assert together(hostile, 0.25, RAISE, 0.5) == [0.25, "model", 0.5]


def test_full_queue_is_busy(hostile, monkeypatch):
    monkeypatch.setattr(isolated, "MOST_QUEUED", 2)
    assert sorted(map(str, together(hostile, 0.25, 0.25, 0.25, 0.25))) == ["0.25", "0.25", "busy", "busy"]


def test_model_that_keeps_dying_is_stopped(hostile_files, monkeypatch):
    monkeypatch.setattr(isolated, "DEATHS_WITHIN", 60.0)
    monkeypatch.setattr(isolated, "BACK_OFF", (60.0,))
    runtime = make(hostile_files, trusted=True)
    assert [kind_of(runtime, ABORT) for _ in range(4)] == ["signal", "signal", "signal", "stopped"]
    runtime.close()


def test_trusted_code_needs_the_jail(hostile_files, monkeypatch):
    monkeypatch.setattr(JailedChild, "_first_message", lambda child: {"memory": 1, "cpu": 1, "files": None})
    runtime = make(hostile_files, trusted=True)
    with pytest.raises(RuntimeFailed, match="which this host cannot contain") as refused:
        runtime.predict(x(0.25), 1)
    assert refused.value.kind == "load"
    runtime.close()


def test_own_code_is_refused_without_trust(hostile_files):
    runtime = make(hostile_files, trusted=False)
    with pytest.raises(RuntimeFailed, match=r"[Nn]ot on the list of allowed names") as refused:
        runtime.predict(x(0.25), 1)
    assert refused.value.kind == "load"
    runtime.close()


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


def test_child_gets_eight_variables_and_no_more(hostile, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    assert hostile.predict(x(ENVIRONMENT), 1)[0, 0] == 1 / 8


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_value_must_be_a_number(wrong):
    answer = {"scores": np.array([wrong]).tobytes(), "shape": [1, 1]}
    with pytest.raises(RuntimeFailed, match="no number"):
        checked(answer, 1, 1, distribution=False)
