"""Files of a model repository: as the Hub lists them, as they were pulled, and which of them are wanted."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
MANIFEST = "model_manifest.json"
COMPANIONS = frozenset(
    {
        "README.md",
        "background.csv",
        "config.json",
        "golden.json",
        MANIFEST,
        "reference.json",
        "test_set.csv",
    }
)
MODEL_ENDINGS = frozenset({".joblib", ".onnx", ".pickle", ".pkl", ".skops"})
NAMED_ENDINGS = MODEL_ENDINGS | {".csv", ".json"}  # of files in folders, which a manifest must name


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the Hub lists it: size in bytes, `sha256` if it is large, else `git_sha1` (its blob id)."""

    path: str
    size: int | None
    sha256: str | None
    git_sha1: str | None

    @property
    def has_digest(self) -> bool:
        """Whether the Hub told enough to check the content."""
        return bool(self.sha256 or self.git_sha1)

    def matches(self, size: int, sha256: str, git_sha1: str) -> bool:
        """Whether content with these measures is what the Hub lists, as far as it told."""
        told = (self.size, self.sha256, self.git_sha1)
        return all(a in (None, b) for a, b in zip(told, (size, sha256, git_sha1), strict=True))


@dataclass(frozen=True, slots=True)
class RepoHead:
    """A revision, resolved. `repo_key` survives a renaming of the repository; `tags` name this commit."""

    commit: str
    repo_key: str | None
    files: tuple[RemoteFile, ...]
    tags: tuple[str, ...]
    gated: bool
    last_modified: datetime | None


@dataclass(frozen=True, slots=True)
class PulledRepo:
    """Files on disk under `directory`: {path: (bytes, sha256)}. `verified`: the Hub told a digest of each."""

    commit: str
    directory: Path
    files: dict[str, tuple[int, str]]
    verified: bool


def is_model(path: str) -> bool:
    """Whether the name is one of a model file."""
    return PurePosixPath(path).suffix.lower() in MODEL_ENDINGS


def wanted(path: str) -> bool:
    """Whether a file of a repository is downloaded without being named: companions and models at the root."""
    return path in COMPANIONS or ("/" not in path and is_model(path))


def fingerprint(head: RepoHead) -> dict[str, str]:
    """{path: digest} of what a pull would take from the root; {} when the Hub does not tell every digest.

    A manifest holds the digests of the files it names in folders, so equal fingerprints mean equal models.
    """
    files = {file.path: file.sha256 or file.git_sha1 or "" for file in head.files if wanted(file.path)}
    return files if all(files.values()) else {}


def named_in(manifest: Path) -> Iterator[str]:
    """Paths a manifest names, hidden ones and unknown kinds left out.

    A broken manifest names none here: the check of its content says what is wrong with it.
    """
    try:
        content = json.loads(manifest.read_bytes())
        names = [*content.get("files", {}), content.get("model", {}).get("file")]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    for name in filter(lambda name: isinstance(name, str), names):
        path = PurePosixPath(name)
        if path.suffix.lower() in NAMED_ENDINGS and not any(part.startswith(".") for part in path.parts):
            yield name


def digests(path: Path) -> tuple[int, str, str]:
    """(size, sha256, git blob id) of a file."""
    size = path.stat().st_size
    sha256 = hashlib.sha256()
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            sha256.update(block)
            git.update(block)
    return size, sha256.hexdigest(), git.hexdigest()
