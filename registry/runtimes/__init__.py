"""From a version to what executes it, loaded once per process."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

from django.conf import settings

from registry import artifacts
from registry.environments import builds
from registry.environments.locks import LOCK
from registry.models import ModelVersion
from registry.runtimes.base import Runtime, RuntimeFailed
from registry.runtimes.isolated import IsolatedRuntime
from registry.runtimes.onnx import OnnxRuntime

ONNX_SESSIONS = 32

_lock = threading.Lock()
_loaded: OrderedDict[int, Runtime] = OrderedDict()
_owner = os.getpid()


def load(version: ModelVersion) -> Runtime:
    """The runtime of a ready version. Raises RuntimeFailed (kind "load") when its files cannot be used."""
    runtime = _loaded.get(version.pk)
    if runtime is None or _owner != os.getpid():
        with _lock:
            _after_fork()
            runtime = _loaded.get(version.pk)
            if runtime is None:
                runtime = _loaded[version.pk] = _build(version)
                _make_room()
    return runtime


def check(version: ModelVersion) -> None:
    """Raises RuntimeFailed when a version cannot be had here, as far as this process knows without asking it."""
    runtime = load(version)
    if isinstance(runtime, IsolatedRuntime):
        runtime.check()


def warmed(version: ModelVersion) -> threading.Event | None:
    """Start what a version needs before its first question; set once that came to an end, well or not.

    None where nothing takes time: a graph, or a child that is there. Raises RuntimeFailed as `load` does.
    """
    runtime = load(version)
    return runtime.begin() if isinstance(runtime, IsolatedRuntime) else None


def _after_fork() -> None:
    # A forked process has copies of pipes to children that belong to its parent: it starts its own.
    global _owner  # noqa: PLW0603
    if _owner != os.getpid():
        _loaded.clear()
        _owner = os.getpid()


def _make_room() -> None:
    """Close the longest-loaded runtimes beyond the limits; a request in flight keeps its own until it is done."""
    for name, limit in (("isolated", settings.ISOLATED_RUNTIMES), ("onnx", ONNX_SESSIONS)):
        same = [key for key, runtime in _loaded.items() if runtime.name == name]
        for key in same[:-limit]:
            _loaded.pop(key).close()


def _build(version: ModelVersion) -> Runtime:
    serving = version.report["serving"]
    if version.runtime == "onnx":
        graph = artifacts.read(version, serving["graph"])
        if graph is None:
            raise RuntimeFailed(f"{version} has no graph.", kind="load")
        return OnnxRuntime(graph, inputs=serving["inputs"], scores=serving["scores"])
    files = {path: _local(version, path) for path in serving["files"]}
    return _isolated(serving, files, python=_python(version) if serving.get("environment") else None)


def _isolated(serving: dict, files: dict[str, Path], *, python: str | None) -> IsolatedRuntime:
    """The isolated runtime for files on disk and the `serving` part of an import's report."""
    return IsolatedRuntime(
        files=files,
        file=serving["file"],
        format=serving["format"],
        trusted=serving["trusted"],
        steps=serving.get("steps"),
        scores=serving["scores"],
        n_outputs=serving["n_outputs"],
        deadline=settings.ISOLATED_DEADLINE_SECONDS,
        merge=serving.get("merge", False),
        python=python,
    )


def lock_of(version: ModelVersion) -> str:
    """The lock of a version's own environment. Raises RuntimeFailed when it is damaged, or not among its files."""
    content = artifacts.read(version, LOCK)
    if content is None:
        raise RuntimeFailed(f"{version} has no {LOCK}.", kind="load")
    return content.decode()


def _python(version: ModelVersion) -> str:
    """The interpreter of the version's own environment; building one would take longer than anybody waits here."""
    environment = builds.find(lock_of(version))
    if environment is None:
        command = f"manage.py build_environments {version.model.name} --number {version.number}"
        raise RuntimeFailed(f"This machine has not the environment of {version}: run {command}.", kind="load")
    return environment.python


def _local(version: ModelVersion, path: str) -> Path:
    file = artifacts.local(version, path)
    if file is None:
        raise RuntimeFailed(f"{version} has no file {path}.", kind="load")
    return file


def forget() -> None:
    """Close every runtime of this process."""
    with _lock:
        while _loaded:
            _loaded.popitem()[1].close()
