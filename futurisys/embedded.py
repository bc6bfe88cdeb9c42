"""The bundled PostgreSQL, run by our own rules.

Password authentication, a unix socket in a folder of its own and no network. An ordinary user's data lie
under `base`. PostgreSQL refuses root, so for root it runs as the system user `futurisys-db` with its data
under /var/lib/futurisys, where that user may be. Folders that were there before are never changed.

The wheel's own Python is not imported: it trusts every local user and loosens the parents of its data.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from futurisys.embedded_programs import (
    MAJOR,
    ROOT_HOME,
    Account,
    Error,
    account,
    binaries,
    call,
    launch,
    make_folder,
)

__all__ = ["Cluster", "Error", "make_credentials", "urls"]

NAME = OWNER = "futurisys"
APP = "futurisys_app"
SOCKET_FOLDER_LIMIT = 107 - len("/.s.PGSQL.5432")
# PostgreSQL splits lists at commas, and not every client quotes a folder with a blank in it.
PLAIN = re.compile(r"[\w./+-]+", re.ASCII)
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",  # 100 000 records are scanned twice as fast as when they do not fit
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements and DETAIL lines hold the values of a person's row.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def urls(base: Path) -> tuple[str, str]:
    """(application's, owner's) URL of the cluster at `base`; passwords are empty before the first start.

    Reads the credentials if this user may; writes and starts nothing.
    """
    base = base.resolve()
    known = _credentials(base)
    host = quote(str(_socket_folder(base, known)), safe="/")

    def url(role: str) -> str:
        secret = f":{known[role]}" if role in known else ""
        return f"postgresql://{role}{secret}@/{NAME}?host={host}"

    return url(APP), url(OWNER)


def make_credentials(base: Path) -> None:
    """Make up the passwords of the cluster at `base`, once; from then on `urls` gives the final answer."""
    base = base.resolve()
    if not _credentials(base):
        make_folder(base)
        known = {"id": secrets.token_hex(8), OWNER: secrets.token_urlsafe(24), APP: secrets.token_urlsafe(24)}
        _write_private(base / "credentials.new", json.dumps(known))
        (base / "credentials.new").rename(base / "credentials")


class Cluster:
    """One PostgreSQL server whose data belong to the folder `base`.

    Start it from the main thread: the server ends when the thread that started it does, so that a killed
    supervisor leaves nothing behind.
    """

    def __init__(self, base: Path) -> None:
        self.base = base.resolve()
        self.log = self.base / "postgresql.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def app_url(self) -> str:
        """URL of the role the application uses."""
        return urls(self.base)[0]

    @property
    def owner_url(self) -> str:
        """URL of the role that owns the schema: the cluster's superuser."""
        return urls(self.base)[1]

    @property
    def home(self) -> Path:
        """The folder of the data: `base`, or for root a folder that `futurisys-db` may enter."""
        return _home(self.base, _credentials(self.base))

    @property
    def sockets(self) -> Path:
        """The folder of the unix socket."""
        return _socket_folder(self.base, _credentials(self.base))

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "data"

    def start(self, durable: bool = True) -> None:
        """Start the server, making its data first if there are none; a running one is used as it is.

        `durable=False` trades safety against power loss for speed, for data that nobody will miss.
        Raises Error.
        """
        make_folder(self.base)
        with _locked(self.base / "lock"):
            make_credentials(self.base)
            self._wait_while("starting", "stopping")
            if self.is_running():
                return
            who = account()
            self._make_home(who)
            folder = binaries(who)
            if not self.data.exists():
                self._initialise(folder, who, durable)
            self._check_major()
            self._forget_stale_locks()
            self._launch(folder, who, durable)

    def stop(self) -> None:
        """Stop the server, if this object started it: sessions are ended, data written."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.send_signal(number)
                self._process.wait(30)
                break
        self._process = None

    def remove(self) -> None:
        """Stop the server and delete everything that it stored."""
        self.stop()
        for folder in (self.sockets, self.data, self.home / "data.part"):
            shutil.rmtree(folder, ignore_errors=True)
        if self.home != self.base:
            shutil.rmtree(self.home, ignore_errors=True)
        for name in ("credentials", "postgresql.log", "lock"):
            (self.base / name).unlink(missing_ok=True)

    def died(self) -> str:
        """A sentence when the server that this object started has ended by itself, otherwise nothing."""
        if self._process is None or self._process.poll() is None:
            return ""
        end = "\n".join(_lines(self.log)[-8:])
        return f"PostgreSQL ended by itself. The end of {self.log}:\n{end}"

    def is_running(self) -> bool:
        """Whether a server, whoever started it, answers for this data folder."""
        return self._status() == "ready"

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _status(self) -> str:
        """What the server says of itself: starting, ready or stopping; empty when there is none."""
        lines = _lines(self.data / "postmaster.pid")
        if not lines or not self._is_our_server(int(lines[0])):
            return ""
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _is_our_server(self, pid: int) -> bool:
        """The process number may have gone to somebody else since; the server works in its data folder."""
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.data)
        except PermissionError:
            return False
        except FileNotFoundError:
            return not Path("/proc/self").exists() and _alive(pid)

    def _wait_while(self, *states: str) -> None:
        deadline = time.monotonic() + 120
        while self._status() in states:
            if time.monotonic() > deadline:
                raise Error(f"PostgreSQL has been {self._status()} for two minutes; its log is {self.log}.")
            time.sleep(0.02)

    def _make_home(self, who: Account) -> None:
        if who:
            self._refuse_foreign_data()
            make_folder(ROOT_HOME, mode=0o755)
            make_folder(self.home, mode=0o711)
            (self.home / "origin").write_text(f"{self.base}\n")
        make_folder(self.sockets, who=who)

    def _refuse_foreign_data(self) -> None:
        data = self.base / "data"
        if data.exists():
            owner = data.owner()
            raise Error(f"{data} was made by {owner}: run as that user instead of root, or set DATABASE_URL.")

    def _initialise(self, folder: Path, who: Account, durable: bool) -> None:
        """Made under another name and renamed when complete, so that an interrupted one is made again."""
        part, password = self.home / "data.part", self.home / "password"
        shutil.rmtree(part, ignore_errors=True)
        make_folder(part, who=who)
        _write_private(password, _credentials(self.base)[OWNER], who)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        rules = [f"--username={OWNER}", f"--pwfile={password}", "--auth=scram-sha-256", "--data-checksums"]
        sync = [] if durable else ["--no-sync"]
        single: list[str | Path] = [
            "--single",
            "-D",
            part,
            "-c",
            f"fsync={'on' if durable else 'off'}",
            "postgres",
        ]
        try:
            call([folder / "initdb", f"--pgdata={part}", *locale, *rules, *sync], who)
            call([folder / "postgres", *single], who, f"CREATE DATABASE {NAME};\n")
        finally:
            password.unlink()
        part.rename(self.data)

    def _check_major(self) -> None:
        major = (self.data / "PG_VERSION").read_text().strip()
        if major != MAJOR:
            raise Error(
                f"{self.data} was written by PostgreSQL {major}, the bundled one is {MAJOR}: dump it with "
                f"PostgreSQL {major}, or move the folder away to begin anew."
            )

    def _forget_stale_locks(self) -> None:
        """PostgreSQL gets over a stale lock, unless its process number now belongs to something else."""
        for lock in (self.data / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            lines = _lines(lock)
            if lines and _alive(int(lines[0])) and not self._is_our_server(int(lines[0])):
                lock.unlink()

    def _launch(self, folder: Path, who: Account, durable: bool) -> None:
        options = OPTIONS | {"unix_socket_directories": str(self.sockets)} | ({} if durable else FORGETFUL)
        command: list[str | Path] = [folder / "postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        too_long = self.log.exists() and self.log.stat().st_size > 10_000_000
        with self.log.open("wb" if too_long else "ab") as log:
            process = launch(command, who, log)
        while process.poll() is None and self._status() in {"", "starting"}:
            time.sleep(0.02)
        if process.returncode is not None:
            end = "\n".join(_lines(self.log)[-8:])
            raise Error(f"PostgreSQL did not start. The end of {self.log}:\n{end}")
        self._process = process


def _credentials(base: Path) -> dict[str, str]:
    try:
        return dict(json.loads((base / "credentials").read_text()))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}


def _home(base: Path, known: dict[str, str]) -> Path:
    return base if os.geteuid() else ROOT_HOME / _digest(base, known)


def _digest(base: Path, known: dict[str, str]) -> str:
    """Two clones differ by their path; a clone that took the place of another one, by its id."""
    return hashlib.sha256(f"{base} {known.get('id', '')}".encode()).hexdigest()[:16]


def _socket_folder(base: Path, known: dict[str, str]) -> Path:
    """In the home, or under a short path when the home's is too long, or too odd, for a socket's address."""
    folder = _home(base, known) / "socket"
    if len(os.fsencode(folder)) <= SOCKET_FOLDER_LIMIT and PLAIN.fullmatch(str(folder)):
        return folder
    runtime = Path(f"/run/user/{os.geteuid()}")
    if runtime.is_dir() and runtime.stat().st_uid == os.geteuid():
        return runtime / f"futurisys-{_digest(base, known)}"
    return Path(f"/tmp/futurisys-{_digest(base, known)}")  # noqa: S108 - owner and mode are checked


def _write_private(path: Path, text: str, who: Account = None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        if who:
            os.fchown(file.fileno(), who.pw_uid, who.pw_gid)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _alive(pid: int) -> bool:
    """Whether the process exists and is ours to signal; PostgreSQL itself ignores those of others."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
