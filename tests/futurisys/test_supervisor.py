"""The supervisor, with tiny processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from futurisys.supervisor import Child, Failed, Stopped, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); "
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "log", cwd=tmp_path, grace=5) as found:
        yield found


def wrote(child: Child, text: str) -> bool:
    return text in child.log.read_text()


def wait_for_the_end_of(group: int) -> None:
    """An orphan may stay a zombie, when nobody reaps it; that is an end too."""
    for _ in range(400):
        if not any(alive(process, group) for process in psutil.process_iter()):
            return
        time.sleep(0.05)
    pytest.fail("still running")


def alive(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def test_a_process_that_fails_stops_the_watch_and_shows_its_log(supervisor: Supervisor) -> None:
    supervisor.start("steady", SLEEP)
    supervisor.start("weak", [sys.executable, "-c", "print('out of tea'); raise SystemExit(3)"])
    with pytest.raises(Failed, match=r"(?s)weak ended with code 3.*out of tea"):
        supervisor.watch()


def test_a_service_that_ends_with_success_is_a_failure_too(supervisor: Supervisor) -> None:
    supervisor.start("short", [sys.executable, "-c", ""])
    with pytest.raises(Failed, match="short ended by itself"):
        supervisor.watch()


def test_leaving_stops_every_process_last_first(tmp_path: Path) -> None:
    ended = []
    with Supervisor(tmp_path, cwd=tmp_path) as supervisor:
        children = [supervisor.start(name, SLEEP) for name in ("first", "second")]
        for child in children:
            stop = child.stop
            child.stop = lambda grace, name=child.name, stop=stop: (ended.append(name), stop(grace))
    assert ended == ["second", "first"]
    assert [child.process.returncode for child in children] == [-signal.SIGTERM] * 2


def test_a_process_that_ignores_sigterm_is_killed_with_its_group(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); " + IGNORE + "time.sleep(60)"
    with Supervisor(tmp_path, cwd=tmp_path, grace=0.2) as supervisor:
        child = supervisor.start("deaf", [sys.executable, "-c", code])
        supervisor.wait_until(lambda: wrote(child, "on"), child=child, seconds=20)
    assert child.process.returncode == -signal.SIGKILL
    wait_for_the_end_of(child.process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_an_exception(supervisor: Supervisor, number: signal.Signals) -> None:
    supervisor.start("steady", SLEEP)
    with pytest.raises(Stopped, match=number.name):
        signal.raise_signal(number)


def test_a_second_signal_does_not_interrupt_the_stopping(supervisor: Supervisor) -> None:
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    supervisor.stop()
    assert supervisor.children == []


def test_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Supervisor(tmp_path, cwd=tmp_path):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_finish_waits_for_the_end_of_a_task(supervisor: Supervisor) -> None:
    task = supervisor.start("task", [sys.executable, "-c", "print('done')"])
    supervisor.finish(task)
    assert wrote(task, "done")
    assert supervisor.children == []


def test_finish_notices_that_another_one_failed(supervisor: Supervisor) -> None:
    task = supervisor.start("task", SLEEP)
    supervisor.start("weak", [sys.executable, "-c", "raise SystemExit(4)"])
    with pytest.raises(Failed, match="weak ended with code 4"):
        supervisor.finish(task)


def test_a_service_that_does_not_get_ready_is_a_failure(supervisor: Supervisor) -> None:
    child = supervisor.start("slow", SLEEP)
    with pytest.raises(Failed, match="slow was not ready"):
        supervisor.wait_until(lambda: False, child=child, seconds=0.2)


def test_children_see_the_added_environment(supervisor: Supervisor) -> None:
    code = "import os; print(os.environ['TEA'])"
    supervisor.finish(task := supervisor.start("task", [sys.executable, "-c", code], {"TEA": "green"}))
    assert wrote(task, "green")


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a process that its parent died.")
def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from futurisys.supervisor import Supervisor
with Supervisor(Path({str(tmp_path)!r}), cwd=Path("/")) as supervisor:
    print(supervisor.start("steady", {SLEEP!r}).process.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    wait_for_the_end_of(child)
