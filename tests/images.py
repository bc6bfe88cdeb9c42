"""What the Dockerfile builds and runs, without Docker: its files in a clean folder, a new virtual environment made by its
own scripts, and every role as another user, to whom nothing there belongs.
"""

import fnmatch
import http.client
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.services import free_port
from futurisys.embedded_programs import Account, Error, account
from tests.worlds import ROOT

IMAGE_SECONDS = 120


def let_in(path: str) -> bool:
    """Whether .dockerignore lets a file into the image: the last line that fits it, or a folder of it, counts."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and _fits(path, pattern):
            kept = line.startswith("!")
    return kept


def _fits(path: str, pattern: str) -> bool:
    parts = path.split("/")
    tries = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
    if "/**/" in pattern:
        begin, end = pattern.split("/**/")
        return parts[0] == begin and any(fnmatch.fnmatch(part, end) for part in parts[1:])
    return any(fnmatch.fnmatch(each, pattern) and each.count("/") == pattern.count("/") for each in tries)


@cache
def context() -> list[str]:
    """The files of this check-out that Docker would send to its builder."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = listed.stdout.split("\0")
    if listed.returncode:  # no check-out: every file that lies here
        found = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    return [path for path in found if path and let_in(path) and (ROOT / path).is_file()]


def other() -> Account:
    """For root another user, the one that may reach the bundled PostgreSQL's socket; else None: who we are."""
    try:
        return account()
    except Error:
        return pwd.getpwnam("nobody")


def other_user() -> dict[str, Any]:
    """The same as arguments of subprocess."""
    who = other()
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}


def python_for(whom: dict[str, Any]) -> str | None:
    """A Python that this user may run: that of the tests may lie in somebody's home."""
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    code = "import sys, venv; raise SystemExit(sys.version_info < (3, 11))"
    for path in (base, Path("/usr/local/bin/python3"), Path("/usr/bin/python3")):
        try:
            if not subprocess.call([path, "-c", code], cwd="/", stderr=subprocess.DEVNULL, **whom):
                return str(path)
        except OSError:
            continue
    return None


class Image:
    """A folder with what the image would hold, and one that is written."""

    def __init__(self, python: str, whom: dict[str, Any]) -> None:
        self.whom = whom
        self.root = Path(tempfile.mkdtemp(prefix="futurisys-image-"))
        self.root.chmod(0o755)
        self.code, self.venv, self.var = (self.root / name for name in ("code", "venv", "var"))
        self.python = self.venv / "bin" / "python"
        for path in context():
            (self.code / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.code / path)
        self.var.mkdir()
        if whom:
            os.chown(self.var, whom["user"], whom["group"])
        own = {"PATH": "/usr/bin:/bin", "HOME": str(self.root), "UV": str(Path(sys.executable).with_name("uv"))}
        own |= {name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_"))}
        own |= {"UV_CACHE_DIR": cache_of_uv(), "UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")}
        self._build("install.sh", "base", str(self.venv), own | {"PYTHON": python})
        self._build("build.sh", str(self.venv), str(self.code / "staticfiles"), own | {"BYTE_CODE": "no"})
        (self.root / "built").touch()

    def _build(self, name: str, *rest: Any) -> None:
        *arguments, environment = rest
        command = [self.code / "scripts" / "image" / name, *arguments]
        done = subprocess.run(
            command, check=False, cwd="/", env=environment, capture_output=True, text=True, timeout=IMAGE_SECONDS
        )
        assert done.returncode == 0, done.stderr

    def environment(self, **more: str) -> dict[str, str]:
        """As the Dockerfile sets it."""
        own = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.var),
            "PYTHON": str(self.python),
            "FUTURISYS_VAR": str(self.var),
        }
        own |= {"STATIC_ROOT": str(self.code / "staticfiles"), "PYTHONPYCACHEPREFIX": str(self.var / "bytecode")}
        return own | more

    def start(self, role: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        """`scripts/serve ROLE`, as the entry point."""
        with self.log(role).open("wb") as log:
            command = [self.code / "scripts" / "serve", role]
            return subprocess.Popen(command, cwd="/", env=environment, stdout=log, stderr=log, **self.whom)

    def log(self, role: str) -> Path:
        return self.root / f"{role}.log"

    def is_healthy(self, environment: dict[str, str]) -> tuple[bool, str]:
        """What HEALTHCHECK would say."""
        command = [self.python, self.code / "scripts" / "image" / "healthcheck.py"]
        done = subprocess.run(
            command, check=False, cwd="/", env=environment, capture_output=True, text=True, timeout=30, **self.whom
        )
        return done.returncode == 0, done.stderr

    def written(self) -> list[str]:
        """Files that came into the code or the environment, or were changed there, after they were built."""
        command = ["find", self.code, self.venv, "-type", "f", "-newer", self.root / "built"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def cache_of_uv() -> str:
    """The one that `make .venv` filled."""
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def until(what: Any, *, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60) -> None:
    """Wait for `what()` while the process runs."""
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def status(port: int, path: str) -> int:
    """What a web server answers, or 0."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def port() -> int:
    return free_port()
