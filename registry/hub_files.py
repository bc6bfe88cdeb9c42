"""Files of a model repository: as the Hub lists them, as they were pulled, and which of them are wanted."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from registry import card_pictures
from registry.contract_card import CARD, card
from registry.contract_discovery import declared_models, is_model_path

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
MANIFEST = "model_manifest.json"
COMPANIONS = frozenset(
    {
        CARD,
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
NO_MODELS = frozenset({"AUTHORS", "COPYING", "Dockerfile", "LICENCE", "LICENSE", "Makefile", "NOTICE", "Procfile"})
_SHA1 = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40,64}")


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
        return bool(self.sha256 or self._checkable)

    @property
    def _checkable(self) -> str | None:
        """The blob id, if it is git's SHA-1; what a Hub with longer ids hashed, and how, is its own affair."""
        return self.git_sha1 if self.git_sha1 and _SHA1.fullmatch(self.git_sha1) else None

    def matches(self, size: int, sha256: str, git_sha1: str) -> bool:
        """Whether content with these measures is what the Hub lists, as far as it told."""
        told = (self.size, self.sha256, self._checkable)
        return all(a in (None, b) for a, b in zip(told, (size, sha256, git_sha1), strict=True))


@dataclass(frozen=True, slots=True)
class RepoHead:
    """A revision, resolved. `repo_key` survives a renaming of the repository; `tags` name this commit.

    `repo_id` is the name the repository has now: an old one redirects.
    """

    commit: str
    repo_id: str
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


def may_be_model(path: str) -> bool:
    """Whether config.json or the card of a folder without a manifest could name this file as the model."""
    return is_model_path(path) and PurePosixPath(path).name not in NO_MODELS


def fingerprint(head: RepoHead) -> dict[str, str]:
    """{path: digest} of what a pull would take; {} when the Hub does not tell every digest.

    A manifest holds the digests of the files it names in folders. Without one, what config.json or the card names
    is not known before they are read, so every file that may be a model counts. Equal fingerprints mean equal
    models. Pictures do not count: a version keeps those of its own commit.
    """
    managed = any(file.path == MANIFEST for file in head.files)
    taken = [file for file in head.files if wanted(file.path) or (not managed and may_be_model(file.path))]
    files = {file.path: file.sha256 or file.git_sha1 or "" for file in taken}
    return files if all(files.values()) else {}


def possible(file: RemoteFile) -> bool:
    """Whether a listed file can be one: a path inside the folder that can be stored, a size, digests in hex."""
    path, told = file.path, (file.sha256, file.git_sha1)
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    return (
        bool(parts)
        and not {"/", ".."} & {*parts, parts[0][:1]}
        and not re.search("[\x00\ud800-\udfff]", path)
        and (file.size is None or (isinstance(file.size, int) and file.size >= 0))
        and all(each is None or (isinstance(each, str) and _DIGEST.fullmatch(each)) for each in told)
    )


def named_in(manifest: Path) -> Iterator[str]:
    """Paths a manifest names, hidden ones and unknown kinds left out.

    A broken manifest names none here, or only some: the check of its content says what is wrong with it.
    """
    try:
        content = json.loads(manifest.read_bytes())
        model = content.get("model", {})
        models = [model.get("file"), *(step.get("file") for step in model.get("steps", []))]
        others = [*content.get("files", {}), *content.get("artifacts", {}).values()]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    yield from (name for name in models if isinstance(name, str) and is_model_path(name))
    for name in filter(lambda name: isinstance(name, str), others):
        path = PurePosixPath(name)
        if path.suffix.lower() in NAMED_ENDINGS and not any(part.startswith(".") for part in path.parts):
            yield name


def declared_in(folder: Path) -> list[str]:
    """Paths of the model files that config.json or the card of a pulled folder names."""
    return [name for _where, name, _format in declared_models(folder) if may_be_model(name)]


def pictures_in(folder: Path, listed: dict[str, RemoteFile], *, files: int, total: int) -> list[str]:
    """Paths of the pictures that the card of a pulled folder shows, within what is left of files and bytes."""
    names = [name for name in card_pictures.named_in(card(folder).text) if name in listed]
    return card_pictures.affordable([(name, listed[name].size or 0) for name in names], files=files, total=total)


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
