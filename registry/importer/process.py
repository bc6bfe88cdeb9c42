"""The parent's side of the jailed child: start it, speak under a deadline, name the cause when it dies."""

import contextlib
import os
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from registry.exceptions import ImportRejected
from registry.importer.child import jail as child_jail
from registry.runtimes.base import Columns, RuntimeFailed

Message = dict[str, Any]

CHILD = Path(__file__).resolve().parent / "child" / "__main__.py"
MIB = 1 << 20
REQUEST_LIMIT = 64 * MIB
ANSWER_LIMIT = 256 * MIB
START_DEADLINE = 30.0  # until the child says what jail it is in; measured 0.03 s
NOBODY = 65534
KINDS = {"refused", "load", "memory", "model", "protocol"}  # what a child may say about itself
WIRE_TYPES = {"f": ("f8", np.float64), "i": ("i8", np.int64), "u": ("i8", np.int64), "b": ("b1", np.bool_)}


def memory_for(size: int) -> int:
    """Address space in bytes for answering with a model file of `size` bytes."""
    return max(1024 * MIB, 512 * MIB + 8 * size)


def memory_to_import(size: int) -> int:
    """The same for an import, which writes a graph besides: 850 MB for a compressed forest of 23 MB were measured."""
    return max(2048 * MIB, 512 * MIB + 24 * size)


def limits(jail: Message) -> str:
    """One sentence on what is in force in a child, for reports, the status page and the system check."""
    files = "yes" if jail.get("files") else f"no ({jail.get('files_why', 'unknown')})"
    network = "off" if jail.get("network") else f"on ({jail.get('network_why', 'unknown')})"
    failed = jail.get("limits_failed") or {}
    memory = "not limited" if "RLIMIT_AS" in failed else _size(jail["memory"])
    cpu = "not limited" if "RLIMIT_CPU" in failed else f"{jail['cpu']} s"
    return f"files limited: {files}, network: {network}, memory {memory}, CPU {cpu}"


def _size(count: int) -> str:
    return f"{count / (1024 * MIB):.3g} GiB" if count >= 1024 * MIB else f"{count // MIB} MiB"


def may_load(jail: Message, form: str, trusted: bool) -> None:
    """The trust policy on this host: without every layer only files that pass the exact list may load.

    Raises ImportRejected for a `trusted` file of any format where a layer or a limit is missing.
    """
    missing = [name for name in ("files", "network") if not jail.get(name)]
    missing += sorted(jail.get("limits_failed") or {})
    if trusted and missing:
        raise ImportRejected(
            f"A trusted {form} file may run its own code, which this host cannot contain: {limits(jail)}."
        )


# --- starting -------------------------------------------------------------------------------------------


class _Spawner:
    """The one thread that starts children: the kernel kills a child when the thread that started it ends."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.wanted: queue.SimpleQueue[tuple[Future[Any], list[str], Message]]
        self.wanted = queue.SimpleQueue()
        threading.Thread(target=self._run, name="child-spawner", daemon=True).start()

    def start(self, command: list[str], options: Message) -> "subprocess.Popen[bytes]":
        future: Future[subprocess.Popen[bytes]] = Future()
        self.wanted.put((future, command, options))
        return future.result(timeout=START_DEADLINE)

    def _run(self) -> None:
        while True:
            future, command, options = self.wanted.get()
            try:
                future.set_result(subprocess.Popen(command, **options))
            except BaseException as error:  # noqa: BLE001  # whatever it is belongs to the caller
                future.set_exception(error)


class _Spawners:
    """The spawner of this process; a forked process has no threads but its own and makes another."""

    def __init__(self) -> None:
        self.current: _Spawner | None = None
        self.lock = threading.Lock()

    def get(self) -> _Spawner:
        with self.lock:
            if self.current is None or self.current.process != os.getpid():
                self.current = _Spawner()
            return self.current

    def forget(self) -> None:
        self.current, self.lock = None, threading.Lock()


_spawners = _Spawners()
os.register_at_fork(after_in_child=_spawners.forget)


def _environment(folder: Path) -> dict[str, str]:
    """All the child gets. Each BLAS thread would reserve 40 MiB of address space."""
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ORT_DISABLE_TELEMETRY": "1",
    }


def _identity(folder: Path, python: str) -> Message:
    """As root without Landlock: a user who owns none of root's files, if it can read the interpreter."""
    if os.geteuid() != 0 or child_jail.landlock_abi() is not None or not _readable_to_all(python):
        return {}
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _readable_to_all(python: str) -> bool:
    paths = [Path(python).resolve(), Path(python).parent.parent, CHILD]
    return all(each.stat().st_mode & 0o005 == 0o005 for path in paths for each in path.parents) and all(
        each.stat().st_mode & 0o004 for each in paths
    )


# --- speaking -------------------------------------------------------------------------------------------


class JailedChild:
    """One child process in a folder of its own. Not for several threads at once, except `close`.

    `memory`: bytes of address space; `cpu`: seconds. `jail` holds what is in force in it.
    Any failure but an answered error kills it; `alive` tells.
    """

    def __init__(self, *, folder: Path, python: str = sys.executable, memory: int, cpu: int) -> None:
        self.alive = True
        self._last_id = 0
        command = [python, "-I", "-B", str(CHILD), str(os.getpid()), str(memory), str(cpu)]
        options: Message = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        options |= {"cwd": folder, "env": _environment(folder), "bufsize": 0}
        options |= {"close_fds": True, "start_new_session": True} | _identity(folder, python)
        try:
            self._process = _spawners.get().start(command, options)
        except OSError as error:
            self.alive = False
            raise RuntimeFailed(f"The child could not be started: {error.strerror}.", kind="exit") from error
        self.pid = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        self._write, self._read = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._write, False)
        os.set_blocking(self._read, False)
        self.jail: Message = self._first_message()

    def _first_message(self) -> Message:
        message = self._guarded(lambda: self._receive(time.monotonic() + START_DEADLINE, MIB))
        report = message.get("jail")
        if not isinstance(report, dict):
            raise self._killed("The child did not say what jail it is in.", kind="protocol")
        return report

    def call(self, op: str, payload: Message, *, deadline: float, answer_limit: int = ANSWER_LIMIT) -> Message:
        """One request, answered within `deadline` seconds and `answer_limit` bytes.

        Raises RuntimeFailed: kinds refused, load, model and memory were answered by a living child, all
        others killed it.
        """
        if not self.alive:
            raise RuntimeFailed("The child has ended.", kind="exit")
        self._last_id += 1
        body = _packed({"id": self._last_id, "op": op, "payload": payload})
        ends = time.monotonic() + deadline
        message = self._guarded(lambda: self._exchange(body, ends, answer_limit))
        if message.get("id") != self._last_id or not ("ok" in message) ^ ("error" in message):
            raise self._killed("The child answered another question.", kind="protocol")
        if "error" in message:
            kind = message["error"] if message["error"] in KINDS else "model"
            raise RuntimeFailed(_plain(message.get("text")), kind=kind)
        if not isinstance(message["ok"], dict):
            raise self._killed("The child's answer has no fields.", kind="protocol")
        return message["ok"]

    def _guarded(self, exchange: Any) -> Message:
        """Whatever goes wrong on the wire ends the child: what it would say next belongs to nobody."""
        try:
            message = exchange()
        except RuntimeFailed:
            self._kill()
            raise
        except (EOFError, BrokenPipeError, ConnectionError):
            raise self._dead() from None
        except BaseException:
            self._kill()
            raise
        if not isinstance(message, dict):
            raise self._killed("The child's answer is no message.", kind="protocol")
        return message

    def _exchange(self, body: bytes, ends: float, limit: int) -> Message:
        self._send(struct.pack("<I", len(body)) + body, ends)
        return self._receive(ends, limit)

    def _send(self, data: bytes, ends: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._write, select.POLLOUT, ends)
            view = view[os.write(self._write, view[:65536]) :]

    def _receive(self, ends: float, limit: int) -> Message:
        (length,) = struct.unpack("<I", self._exactly(4, ends))
        if length > limit:
            raise RuntimeFailed(f"The child's answer of {length} bytes is longer than it may be.", kind="answer")
        body = self._exactly(length, ends)
        try:
            return msgpack.unpackb(body)  # type: ignore[no-any-return]
        except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
            raise RuntimeFailed("The child's answer is no message.", kind="protocol") from error

    def _exactly(self, length: int, ends: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            self._wait(self._read, select.POLLIN, ends)
            piece = os.read(self._read, min(MIB, length - len(parts)))
            if not piece:
                raise EOFError
            parts += piece
        return bytes(parts)

    def _wait(self, descriptor: int, event: int, ends: float) -> None:
        left = ends - time.monotonic()
        poll = select.poll()
        poll.register(descriptor, event)
        if left <= 0 or not poll.poll(left * 1000):
            raise RuntimeFailed("The model did not answer within its deadline.", kind="deadline")

    # --- ending ---

    def _killed(self, text: str, *, kind: str) -> RuntimeFailed:
        self._kill()
        return RuntimeFailed(text, kind=kind)

    def _dead(self) -> RuntimeFailed:
        """The pipe closed by itself: the cause is in the exit status, once the child has one."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._kill()
        return _cause(self._process.returncode)

    def _kill(self) -> None:
        self.alive = False
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def cpu_seconds(self) -> float:
        """Processor time the child has used so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def abandon(self) -> None:
        """After a fork: the child belongs to the other process; close our copies of its pipes, no more."""
        self.alive = False
        self._process.returncode = 0
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def close(self) -> None:
        """End the child; more than once is fine."""
        self._kill()


def _cause(status: int) -> RuntimeFailed:
    if status == -signal.SIGXCPU:
        return RuntimeFailed("The child used up its processor time.", kind="cpu")
    if status < 0:
        return RuntimeFailed(f"The child was ended by {signal.Signals(-status).name}.", kind="signal")
    return RuntimeFailed(f"The child ended with status {status}.", kind="exit")


def _plain(text: Any) -> str:
    """The child's own words: bounded, and without control characters."""
    return "".join(each if each.isprintable() else " " for each in str(text)[:300])


def _packed(message: Message) -> bytes:
    try:
        body: bytes = msgpack.packb(message)
    except (ValueError, TypeError, OverflowError) as error:  # a lone surrogate, an object of some class
        raise RuntimeFailed("The request cannot be written for the child.", kind="protocol") from error
    if len(body) > REQUEST_LIMIT:
        raise RuntimeFailed(f"The request is larger than {REQUEST_LIMIT // MIB} MiB.", kind="protocol")
    return body


def encode_columns(columns: Columns) -> Message:
    """Cleaned columns as the wire wants them: bytes for numbers and booleans, a list for the rest."""
    wire: Message = {}
    for name, values in columns.items():
        if values.dtype.kind in WIRE_TYPES:
            code, kind = WIRE_TYPES[values.dtype.kind]
            wire[name] = {"t": code, "v": values.astype(kind).tobytes(), "s": list(values.shape)}
        else:
            wire[name] = {"t": "o", "v": values.tolist(), "s": list(values.shape)}
    return wire
