"""Start processes, watch them, stop all of them together.

Each one has a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone, which then
stops them in reverse order; and each one ends when the supervisor is killed.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from futurisys.embedded_programs import die_with_parent

POLL_SECONDS = 0.1


class Failed(Exception):
    """A process ended that should not have, or was not ready in time; the text shows the tail of its log."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP. No `except Exception` of a command in progress may swallow it."""


@dataclass
class Child:
    """One process and the file its output goes to."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def failure(self, what: str) -> Failed:
        """What happened, and the last lines that the process wrote."""
        tail = self.log.read_text(errors="replace").splitlines()[-20:]
        return Failed("\n".join([f"{self.name} {what}. The end of {self.log}:", *tail]))

    def stop(self, grace: float) -> None:
        """SIGTERM to the process; after `grace` seconds SIGKILL to whatever is left of its group."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Use it as a context manager in the main thread; leaving it stops everything that it started.

    Inside, SIGINT, SIGTERM and SIGHUP raise Stopped, once: while stopping, further ones are ignored.
    """

    def __init__(self, logs: Path, *, cwd: Path, grace: float = 20) -> None:
        self.logs, self.cwd, self.grace = logs, cwd, grace
        self.children: list[Child] = []
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._stop_once)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned

    def _stop_once(self, number: int, _: FrameType | None) -> None:
        for other in self._handlers:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
        """Start a process whose output goes to NAME.log. `environment` is added to this process's own."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def finish(self, child: Child) -> None:
        """Wait for a process that is meant to end. Raises Failed when it, or any other, ends badly."""
        while child.process.poll() is None:
            self.check()
            time.sleep(POLL_SECONDS)
        self.check()
        self.children.remove(child)

    def check(self) -> None:
        """Raises Failed when a process has ended badly; success is what `finish` waits for."""
        for child in self.children:
            code = child.process.poll()
            if code:
                raise child.failure(f"ended with code {code}")

    def wait_until(self, ready: Callable[[], bool], *, child: Child, seconds: float) -> None:
        """Wait until `ready` says so of `child`. Raises Failed when it ends before, or does not get ready."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if child.process.returncode is not None or time.monotonic() > deadline:
                raise child.failure(f"was not ready within {seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def watch(self, died: Callable[[], str] = str) -> None:
        """Never returns: raises Failed when a process ends, whatever its code, and Stopped by a signal.

        `died` may tell of something else that must live, in a sentence; it is empty while all is well.
        """
        while True:
            self.check()
            if sentence := died():
                raise Failed(sentence)
            for child in self.children:
                if child.process.returncode is not None:
                    raise child.failure("ended by itself")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop what is running, the last started first."""
        while self.children:
            self.children.pop().stop(self.grace)
