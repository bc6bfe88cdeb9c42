"""Reading a folder that a stranger wrote: plain files only, bounded, and the error that names what is wrong."""

import hashlib
import stat
from pathlib import Path, PurePosixPath

MEGABYTE = 1024 * 1024
MAX_TEXT = 4 * MEGABYTE  # manifest, golden, reference, background, card: read into memory


class ContractError(Exception):
    """The folder breaks the contract; `problems` are sentences that name the file and the field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def plain_size(directory: Path, name: str) -> int:
    """The size of a plain file; a link on the way could lead out of the folder, so it raises OSError."""
    path = directory
    parts = PurePosixPath(name).parts
    for depth, part in enumerate(parts, start=1):
        path = path / part
        info = path.lstat()
        wanted = stat.S_ISREG if depth == len(parts) else stat.S_ISDIR
        if not wanted(info.st_mode):
            raise OSError("it is a link or no plain file")
    return info.st_size


def sha256_of(path: Path) -> str:
    """The digest of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(directory: Path, name: str, limit: int) -> bytes:
    """The bytes of a plain file of the folder, links not followed. Raises ContractError."""
    try:
        size = plain_size(directory, name)
        if size > limit:
            raise ContractError([f"{name}: has {size} bytes; more than {limit} is not accepted."])
        return (directory / name).read_bytes()
    except FileNotFoundError:
        raise ContractError([f"{name}: is not in the folder."]) from None
    except OSError as error:
        raise ContractError([f"{name}: cannot be read: {error.strerror or error}."]) from None
