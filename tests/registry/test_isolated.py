"""The isolated runtime: the same answers as in process, and nothing a model does takes the server with it."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

from registry.importer.process import JailedChild, memory_for
from registry.runtimes import isolated
from registry.runtimes.answers import checked
from registry.runtimes.base import RuntimeFailed
from tests.registry import pipelines
from tests.registry.hostile import (
    ABORT,
    BURN,
    COUNT,
    ENVIRONMENT,
    EXPLODE,
    LOOP,
    NO_SUM,
    NOISE,
    NOT_A_NUMBER,
    OVERSIZE,
    RAISE,
    SLEEP,
    kind_of,
    make,
    x,
)


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


def answers(runtime):
    return np.array_equal(runtime.predict(x(0.25), 1), [[0.25, 0.75]])


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


def test_child_gets_eight_variables_and_no_more(hostile, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    assert hostile.predict(x(ENVIRONMENT), 1)[0, 0] == 1 / 8


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_value_must_be_a_number(wrong):
    answer = {"scores": np.array([wrong]).tobytes(), "shape": [1, 1]}
    with pytest.raises(RuntimeFailed, match="no number"):
        checked(answer, 1, 1, distribution=False)
