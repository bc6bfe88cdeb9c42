"""The original pipeline in a jailed child of its own: for versions that have no ONNX graph to trust.

One dispatcher thread for each runtime speaks to the child. What queued while it was busy goes into one call:
eight rows in one call cost little more than one row.
"""

import contextlib
import os
import shutil
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from registry.exceptions import ImportRejected
from registry.folders import Folder
from registry.importer.process import JailedChild, encode_columns, may_load, memory_for
from registry.runtimes.answers import Scores, checked
from registry.runtimes.base import Columns, RuntimeFailed

MOST_MERGED = 64  # rows in one merged call; a larger request goes alone
MOST_QUEUED = 256  # rows
GATHER = 0.0005  # seconds, and only after a call that held more than one request
LOAD_DEADLINE = 60.0
PER_THOUSAND_ROWS = 2.0  # seconds added to the deadline
IDLE = 600.0
MOST_CALLS = 10_000
CPU = 1800  # seconds in the life of a child; it is replaced long before
CPU_SLACK = 1.0
DEATHS, DEATHS_WITHIN = 3, 60.0
BACK_OFF = (1.0, 5.0, 30.0)


class _Request:
    """Columns waiting for their scores; `done` is set exactly once, with `scores` or `error`."""

    def __init__(self, columns: Columns, rows: int, *, patience: float, expires: float) -> None:
        self.columns, self.rows = columns, rows
        self.patience, self.expires = patience, expires
        self.done = threading.Event()
        self.scores: Scores | None = None
        self.error: RuntimeFailed | None = None

    def fail(self, error: RuntimeFailed) -> None:
        self.error = error
        self.done.set()

    def answer(self, scores: Scores) -> None:
        self.scores = scores
        self.done.set()

    def result(self) -> Scores:
        """A fresh error for each caller: a traceback is written into the one that is raised."""
        if self.error is not None:
            raise RuntimeFailed(str(self.error), kind=self.error.kind) from self.error
        assert self.scores is not None  # noqa: S101
        return self.scores


class _Deaths:
    """How often the child died of late: too often stops the model for a while."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=DEATHS)
        self.stops = 0
        self.until = 0.0
        self.reason, self.kind = "", "stopped"

    def add(self, reason: str, *, kind: str = "stopped") -> None:
        """`kind`: what those are told who ask while the model is stopped; "load" if it never started."""
        now = time.monotonic()
        if self.times and now - self.times[-1] > DEATHS_WITHIN:
            self.stops = 0
        self.times.append(now)
        self.reason, self.kind = reason, kind
        if len(self.times) == DEATHS and now - self.times[0] < DEATHS_WITHIN:
            self.until = now + BACK_OFF[min(self.stops, len(BACK_OFF) - 1)]
            self.stops += 1

    def check(self) -> None:
        """Raises RuntimeFailed while the model is stopped."""
        if time.monotonic() < self.until:
            raise RuntimeFailed(f"The model is stopped for a moment: {self.reason}", kind=self.kind)


class IsolatedRuntime:
    """Answers with the original pipeline in a jailed child; several threads may ask at once.

    `files`: what the child finds in its folder, by name there; they are copied, as the child may write to its
    folder and a hard link would lead back to the cache. `scores`: "probability", "label" or "value";
    `n_outputs`: columns of an answer. `memory` in bytes and `cpu` in seconds of one child. `deadline`:
    seconds for queueing, sending and answering, plus 2 s for each 1000 rows; starting a child comes on top.
    `merge`: rows of several requests may be computed together; the import has seen it make no difference.
    `python`: the interpreter of the model's own environment; None is the server's.
    """

    name = "isolated"

    def __init__(
        self,
        *,
        files: Mapping[str, Path],
        file: str,
        format: str,  # noqa: A002  # the manifest's word
        trusted: bool,
        scores: str,
        n_outputs: int,
        steps: Sequence[object] | None = None,
        memory: int | None = None,
        cpu: int | None = None,
        deadline: float = 2.0,
        merge: bool = False,
        python: str | None = None,
    ) -> None:
        self._python = python or sys.executable
        self._files = dict(files)
        self._load = {"file": file, "format": format, "trusted": trusted, "steps": list(steps or ())}
        self._scores, self._outputs = scores, n_outputs
        self._memory, self._cpu = memory, cpu or CPU
        self._deadline, self._merge = deadline, merge
        self._reset()
        _runtimes.add(self)

    def _reset(self) -> None:
        """The state of a process that has started nothing yet: also after a fork."""
        self._wake = threading.Condition()
        self._queue: deque[_Request] = deque()
        self._thread: threading.Thread | None = None
        self._child: JailedChild | None = None
        self._folder: Folder | None = None
        self._deaths = _Deaths()
        self._closed = self._ended = self._is_loaded = False
        self._calls, self._busy, self._cpu_before = 0, 0.0, 0.0

    # --- for callers ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the child and load the model now, so that the first request need not wait for it.

        Raises RuntimeFailed.
        """
        self._ask(_Request({}, 0, patience=LOAD_DEADLINE, expires=time.monotonic() + LOAD_DEADLINE))

    def begin(self) -> threading.Event | None:
        """The same without waiting: set once the child has loaded the model or failed to; None when it has already."""
        if self._is_loaded:
            return None
        request = _Request({}, 0, patience=LOAD_DEADLINE, expires=time.monotonic() + LOAD_DEADLINE)
        self._send(request)
        return request.done

    def check(self) -> None:
        """Raises RuntimeFailed (kind "load") when the child could not be started the last time; starts none."""
        if self._deaths.kind == "load" and not self._is_loaded:
            raise RuntimeFailed(self._deaths.reason, kind="load")

    def predict(self, columns: Columns, rows: int) -> Scores:
        """See Runtime. Kinds besides the child's: deadline, busy (a full queue), stopped (died too often)."""
        patience = self._deadline + PER_THOUSAND_ROWS * (rows // 1000)
        return self._ask(_Request(columns, rows, patience=patience, expires=time.monotonic() + patience))

    def close(self) -> None:
        """Answer what waits, then end the child; later requests fail with kind "stopped"."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=self._deadline)

    def end(self) -> None:
        """Leave neither child nor folder, whatever waits for an answer: this process is about to end by os._exit."""
        self._ended = True  # whoever waits is told so once the child is dead
        child = self._child
        if child is not None:
            child.close()
        self.close()
        folder = self._folder
        if folder is not None:
            folder.remove()  # the dispatcher has, unless it is starting a child

    def _send(self, request: _Request) -> None:
        with self._wake:
            self._admit(request)
            self._queue.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="isolated-runtime", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _ask(self, request: _Request) -> Scores:
        self._send(request)
        while not request.done.wait(max(0.0, request.expires - time.monotonic())):
            if time.monotonic() < request.expires:
                continue  # extended: the child is being started
            with contextlib.suppress(ValueError), self._wake:
                self._queue.remove(request)
            request.fail(RuntimeFailed("The model did not answer within its deadline.", kind="deadline"))
        return request.result()

    def _admit(self, request: _Request) -> None:
        if self._closed:
            raise RuntimeFailed("The runtime is closed.", kind="stopped")
        self._deaths.check()
        waiting = sum(each.rows for each in self._queue)
        if waiting and waiting + request.rows > MOST_QUEUED:
            raise RuntimeFailed("Too many requests wait for this model.", kind="busy")
        if self._child is None:
            request.expires += LOAD_DEADLINE

    def _after_fork(self) -> None:
        """The child and the dispatcher belong to the process that was forked; this one starts its own."""
        if self._child is not None:
            self._child.abandon()
        if self._folder is not None:
            self._folder.abandon()
        self._reset()

    # --- the dispatcher's thread ------------------------------------------------------------------------

    def _run(self) -> None:
        held_more = False
        while (batch := self._next(held_more)) is not None:
            held_more = len(batch) > 1
            try:
                self._serve(batch)
            except BaseException as error:  # noqa: BLE001  # nobody may wait for a thread that has died
                failure = RuntimeFailed(f"The runtime failed: {type(error).__name__}.", kind="protocol")
                for request in batch:
                    request.fail(failure)
                self._end_child()
        self._end_child()

    def _next(self, held_more: bool) -> list[_Request] | None:
        """The next requests to answer together, or None when closed. Ends an idle child while it waits."""
        with self._wake:
            while not self._queue and not self._closed:
                if not self._wake.wait(timeout=IDLE) and not self._queue:
                    self._end_child()
            if not self._queue:
                return None
            if held_more and self._merge:
                self._wake.wait_for(lambda: self._closed, timeout=GATHER)
            return self._take()

    def _take(self) -> list[_Request]:
        batch = [self._queue.popleft()]
        rows = batch[0].rows
        while self._merge and self._queue and rows + self._queue[0].rows <= MOST_MERGED:
            batch.append(self._queue.popleft())
            rows += batch[-1].rows
        return batch

    def _serve(self, batch: list[_Request]) -> None:
        now = time.monotonic()
        batch = [each for each in batch if not each.done.is_set() and now < each.expires]
        if not batch:
            return
        try:
            child = self._ready_child()
        except RuntimeFailed as error:
            for request in batch:
                request.fail(error)
            return
        for request in batch:
            if not request.rows:  # start() wanted the child and nothing else
                request.answer(np.empty((0, self._outputs)))
        asked = [each for each in batch if each.rows]
        if asked:
            self._start_the_clock(asked)
            self._answer(child, asked)

    def _answer(self, child: JailedChild, batch: list[_Request]) -> None:
        """One call for all; if that fails, each alone once, so that one bad row fails nobody else's."""
        try:
            scores = self._call(child, batch)
        except RuntimeFailed as error:
            if len(batch) == 1:
                batch[0].fail(error)
                return
            for request in batch:
                self._serve([request])
            return
        start = 0
        for request in batch:
            request.answer(scores[start : start + request.rows])
            start += request.rows

    def _call(self, child: JailedChild, batch: list[_Request]) -> Scores:
        rows = sum(each.rows for each in batch)
        ends = max(each.expires for each in batch)
        payload = {"columns": encode_columns(_joined([each.columns for each in batch])), "rows": rows}
        began = time.monotonic()
        try:
            limit = rows * self._outputs * 8 + 1024
            answer = child.call("predict", payload, deadline=ends - began, answer_limit=limit)
            scores = checked(answer, rows, self._outputs, distribution=self._scores != "value")
        except RuntimeFailed as error:
            self._after_failure(child, error)
            raise
        except OSError as error:  # `end` closes the pipes that are read here
            if not self._ended:
                raise
            raise RuntimeFailed("The runtime is closed.", kind="stopped") from error
        self._account(child, time.monotonic() - began)
        return scores

    def _after_failure(self, child: JailedChild, error: RuntimeFailed) -> None:
        if child.alive and error.kind not in ("memory", "answer"):
            return  # the pipeline raised, or the request could not be written; the process is well
        self._end_child()
        self._deaths.add(str(error))

    def _account(self, child: JailedChild, seconds: float) -> None:
        """Replace a child that has answered enough, or that computes between requests."""
        self._calls += 1
        self._busy += seconds
        used = child.cpu_seconds() - self._cpu_before
        burning = used > 1.2 * self._busy + CPU_SLACK
        if burning:
            self._deaths.add("it computes between requests.")
        if burning or self._calls >= MOST_CALLS or used > 0.8 * self._cpu:
            self._end_child()

    # --- the child --------------------------------------------------------------------------------------

    def _ready_child(self) -> JailedChild:
        """The living child, or a new one with the model loaded. Raises RuntimeFailed (kind "load" if it can't start)."""
        if self._child is not None and self._child.alive:
            return self._child
        self._end_child()
        if self._ended:
            raise RuntimeFailed("The runtime is closed.", kind="stopped")
        self._deaths.check()
        self._stop_the_clock()
        try:
            child = self._child = self._started()
            may_load(child.jail, str(self._load["format"]), bool(self._load["trusted"]))
            child.call("load", self._load, deadline=LOAD_DEADLINE)
        except (RuntimeFailed, ImportRejected, OSError) as error:
            self._end_child()
            self._deaths.add(str(error), kind="load")
            raise RuntimeFailed(str(error), kind="load") from error
        self._is_loaded = True
        self._calls, self._busy, self._cpu_before = 0, 0.0, child.cpu_seconds()
        with self._wake:
            self._start_the_clock(self._queue)
        return child

    def _stop_the_clock(self) -> None:
        """While a child starts, nobody's deadline passes."""
        with self._wake:
            for request in self._queue:
                request.expires = time.monotonic() + LOAD_DEADLINE + request.patience

    @staticmethod
    def _start_the_clock(requests: Iterable[_Request]) -> None:
        """Those who waited for the child to start have their deadline from now on."""
        now = time.monotonic()
        for request in requests:
            request.expires = min(request.expires, now + request.patience)

    def _started(self) -> JailedChild:
        self._folder = Folder("model")
        size = 0
        for name, source in self._files.items():
            target = self._folder.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            size += target.stat().st_size
        memory = self._memory or memory_for(size)
        return JailedChild(folder=self._folder.path, python=self._python, memory=memory, cpu=self._cpu)

    def _end_child(self) -> None:
        child, self._child = self._child, None
        folder, self._folder = self._folder, None
        self._is_loaded = False
        if child is not None:
            child.close()
        if folder is not None:
            folder.remove()


def _joined(tables: list[Columns]) -> Columns:
    """Several requests' columns under each other; a column whose types differ becomes objects."""
    if len(tables) == 1:
        return tables[0]
    return {name: np.concatenate([each[name] for each in tables]) for name in tables[0]}


_runtimes: "weakref.WeakSet[IsolatedRuntime]" = weakref.WeakSet()


def end_all() -> None:
    """End every runtime of this process, before an end that runs no finalizer."""
    for runtime in list(_runtimes):
        runtime.end()


def _forget_after_fork() -> None:
    for runtime in list(_runtimes):
        runtime._after_fork()


# In the forked process no other thread runs: the one moment when state can be reset without a lock.
os.register_at_fork(after_in_child=_forget_after_fork)
