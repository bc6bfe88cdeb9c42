"""Folders for copies of a model's files, pulled or opened: none outlives its process for long.

A process that is killed removes nothing, and the folder for temporary files may be a volume that is kept. So whoever
makes a folder holds its lock, which the kernel opens when the process is gone, and whoever makes the next one removes
those that nobody holds. A process's number would say nothing: each container counts for itself.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

PREFIX = "futurisys-{}-"
PURPOSES = ("child", "import", "model")
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # of a file system that has none


class Folder:
    """A new one for one of PURPOSES, locked until `remove`, the end of `with`, or that of this process, however it comes."""

    def __init__(self, purpose: str) -> None:
        _sweep()
        self.path, self._lock = _made(PREFIX.format(purpose))
        self._finalizer = weakref.finalize(self, _remove, self.path, self._lock, os.getpid())

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it now, which the end of a process that runs its finalizers does too; more than once is fine."""
        self._finalizer()

    def abandon(self) -> None:
        """After a fork: folder and lock belong to the other process, and our copy of the lock would outlive it."""
        if self._finalizer.detach() is not None:
            os.close(self._lock)


def _remove(path: Path, lock: int, owner: int) -> None:
    if owner == os.getpid():  # a forked process has the same finalizers
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _made(prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix))
        try:
            lock = _locked(path)
        except (FileNotFoundError, BlockingIOError):  # swept before it was locked
            continue
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return path, os.open(path, os.O_RDONLY | os.O_DIRECTORY)  # nobody can sweep here either
        if path.exists():
            return path, lock
        os.close(lock)


def _locked(path: Path) -> int:
    """A descriptor that holds the folder's lock. Raises BlockingIOError if somebody else does.

    The lock is on the folder itself: a file in it would be the child's to delete.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _sweep() -> None:
    """Remove what processes that were killed left behind."""
    for purpose in PURPOSES:
        for path in Path(tempfile.gettempdir()).glob(PREFIX.format(purpose) + "*"):
            with contextlib.suppress(OSError), _held(path):  # in use, or another user's, or gone meanwhile
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    lock = _locked(path)
    try:
        yield
    finally:
        os.close(lock)
