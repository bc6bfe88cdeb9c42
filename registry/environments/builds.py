"""The folder of an environment: found by its key, or built beside its place and moved there in one step."""

import contextlib
import fcntl
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from registry.environments import locks, uv
from registry.environments.uv import EnvironmentFailed, UvFailed

MARKER = "futurisys.json"  # written last: a folder without it is half an environment
POLL = 0.2  # seconds between looks at a lock that somebody else holds


@dataclass(frozen=True)
class Environment:
    """A complete environment on this machine."""

    key: str
    folder: Path
    packages: dict[str, str]

    @property
    def python(self) -> str:
        """Path of its interpreter."""
        return str(self.folder / "bin" / "python")


def find(lock: str) -> Environment | None:
    """The environment of a lock, if this machine has all of it."""
    key = locks.key(lock)
    environment = Environment(key, _place(key), locks.pins(lock))
    try:
        marker = json.loads((environment.folder / MARKER).read_text())
    except (OSError, ValueError):
        return None
    whole = isinstance(marker, dict) and marker.get("lock") == locks.digest(lock)
    return environment if whole and Path(environment.python).exists() else None


def build(lock: str, *, ends: float) -> Environment:
    """The environment of a lock, built if this machine has not got it; two builders wait for each other.

    `ends`: on the monotonic clock. Raises EnvironmentFailed.
    """
    found = find(lock)
    if found is not None:
        return found
    key = locks.key(lock)
    with _alone(key, ends):
        found = find(lock)  # by whoever was waited for
        if found is None:
            _sweep(key)
            _make(lock, _place(key), ends)
            found = find(lock)
    if found is None:
        raise EnvironmentFailed(
            "The model's environment vanished while it was built: is another program at its folder?"
        )
    return found


def _place(key: str) -> Path:
    return Path(settings.ENVIRONMENT_CACHE) / key


@contextlib.contextmanager
def _alone(key: str, ends: float) -> Iterator[None]:
    """Hold the key's lock; it falls with the process, however that ends. Raises EnvironmentFailed when out of time."""
    path = Path(settings.ENVIRONMENT_CACHE, "locks", key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > ends:
                    raise uv.out_of_time() from None
                time.sleep(POLL)
        yield


def _sweep(key: str) -> None:
    """What a builder that was killed left behind, and a folder that is not whole. Call it alone."""
    for left in Path(settings.ENVIRONMENT_CACHE).glob(f".{key}.*"):
        shutil.rmtree(left, ignore_errors=True)
    if _place(key).exists():
        shutil.rmtree(_place(key))


def _make(lock: str, place: Path, ends: float) -> None:
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        _fill(lock, folder, ends).rename(place)
    except UvFailed as failed:
        raise EnvironmentFailed(f"The model's environment could not be built: {uv.plain(str(failed))}") from failed
    except OSError as error:
        raise EnvironmentFailed(f"The model's environment could not be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(lock: str, folder: Path, ends: float) -> Path:
    file, environment = folder / locks.LOCK, folder / "environment"
    file.write_text(lock)
    uv.run(["venv", "--quiet", "--relocatable", "--python", sys.executable, str(environment)], ends=ends)
    python = str(environment / "bin" / "python")
    # a wheel holds no code that runs while it is installed; a source archive would
    options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--python", python]
    uv.run(["pip", "sync", *options, str(file)], ends=ends)
    uv.compile_bytecode(environment / "lib", ends=ends)
    (environment / MARKER).write_text(json.dumps({"lock": locks.digest(lock), "python": sys.version}))
    return environment
