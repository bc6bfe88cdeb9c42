"""uv as a program: found or missed, run under a time limit, its words made fit for a person."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from registry.environments import package_index
from registry.exceptions import ImportRejected

MOST_SAID = 100_000  # bytes of uv's output that are looked at
# Of the server's own variables uv gets these; the database's password is none of its business.
PASSED = re.compile(r"(UV_|SSL_|LC_|XDG_).*|(https?|all|no)_proxy|PATH|HOME|LANG|TMPDIR|NETRC", re.IGNORECASE)
# What is of no use to a reader, or names a place: addresses, paths, digests.
PLACES = re.compile(r"\w+://\S+|(?<![\w.])/[\w./@+-]+|(\s*sha256:[0-9a-f]{64})+")


class EnvironmentFailed(ImportRejected):
    """A model's environment cannot be resolved, built or used here; the text says what would help.

    `temporary`: it may go well later without anybody doing anything.
    """

    def __init__(self, text: str, *, temporary: bool = False) -> None:
        super().__init__(text)
        self.temporary = temporary


class UvFailed(Exception):
    """uv ended with an error; the text is what it said."""


def run(arguments: Sequence[str], *, ends: float) -> None:
    """Run uv until `ends` on the monotonic clock. Raises UvFailed, EnvironmentFailed (no uv, out of time)."""
    program = package_index.find_uv()
    if program is None:
        raise EnvironmentFailed(
            "uv, which builds the environments of models, is not installed on this machine: run "
            "`python -m pip install 'uv>=0.9'` in the server's environment, then sync again."
        )
    passed = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    own = {"UV_CACHE_DIR": str(_cache() / "uv-cache"), "UV_PYTHON_DOWNLOADS": "never"}
    _run([program, *arguments, "--color", "never"], {**own, **package_index.uv_variables(passed)}, ends)


def compile_bytecode(folder: Path, *, ends: float) -> None:
    """What uv's own --compile-bytecode does, without the packages' tests, which take two thirds of the time.

    A child cannot write, and without bytecode takes four times as long to start. Nothing of the folder is run.
    """
    command = [sys.executable, "-I", "-S", "-m", "compileall", "-q", "-j", "0", "-x", r"/tests?/", str(folder)]
    with contextlib.suppress(UvFailed):  # a file that is no Python of this version is compiled by nobody
        _run(command, {}, ends)


def _cache() -> Path:
    cache = Path(settings.ENVIRONMENT_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def _run(command: list[str], environment: dict[str, str], ends: float) -> None:
    with tempfile.TemporaryFile() as said:
        # in the cache's folder: a project's own settings for uv, found upwards from here, are not for models
        process = subprocess.Popen(
            command,
            cwd=_cache(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise out_of_time() from None
        finally:  # also when a worker's own time limit ends this
            _kill(process)
        if status:
            said.seek(0)
            raise UvFailed(said.read(MOST_SAID).decode(errors="replace"))


def out_of_time() -> EnvironmentFailed:
    """What to say when ENVIRONMENT_BUILD_SECONDS are over."""
    return EnvironmentFailed(
        f"The model's environment was not ready within {settings.ENVIRONMENT_BUILD_SECONDS} s. What was downloaded is "
        "kept: sync again, or raise ENVIRONMENT_BUILD_SECONDS.",
        temporary=True,
    )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def plain(text: str, limit: int = 600) -> str:
    """uv's words on one line, without addresses and paths of this machine."""
    text = PLACES.sub(" …", text).replace("hint:", "").replace("cause:", "")
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit] + " …"
