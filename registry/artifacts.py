"""The bytes of a version's files: in PostgreSQL, cached on local disk by hash, digest checked at every load."""

import contextlib
import hashlib
import logging
import os
import tempfile
from pathlib import Path

from django.conf import settings

from registry.models import Artifact, ModelVersion, VersionFile
from registry.runtimes.base import RuntimeFailed

logger = logging.getLogger(__name__)

CONVERTED = "model.converted.onnx"


def store(version: ModelVersion, path: str, content: bytes) -> str:
    """Keep a file of a version; returns its SHA-256. The same content is stored once."""
    digest = hashlib.sha256(content).hexdigest()
    if not Artifact.objects.filter(sha256=digest).exists():
        Artifact.objects.bulk_create(
            [Artifact(sha256=digest, size=len(content), content=content)], ignore_conflicts=True
        )
    VersionFile.objects.create(version=version, path=path, artifact_id=digest)
    return digest


def read(version: ModelVersion, path: str) -> bytes | None:
    """The bytes of a version's file, verified; None when the version has no such file. Raises RuntimeFailed."""
    digest = _digest(version, path)
    return None if digest is None else _verified(digest)


def local(version: ModelVersion, path: str) -> Path | None:
    """A version's file on local disk, its digest just checked; None when there is none.

    Raises RuntimeFailed (kind "load") when the database's own copy does not have the digest it is stored under, and
    when the cache cannot be written.
    """
    digest = _digest(version, path)
    if digest is None:
        return None
    _verified(digest)
    file = _place(digest)
    if not file.is_file():
        raise RuntimeFailed(f"{path} cannot be written to the cache of this machine.", kind="load")
    return file


def _digest(version: ModelVersion, path: str) -> str | None:
    return version.files.filter(path=path).values_list("artifact_id", flat=True).first()


def _place(digest: str) -> Path:
    return Path(settings.ARTIFACT_CACHE) / digest[:2] / digest


def _verified(digest: str) -> bytes:
    """From the cache or, where that has nothing or something else, from the database. Raises RuntimeFailed."""
    file = _place(digest)
    with contextlib.suppress(OSError):
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() == digest:
            return content
        file.unlink()
    content = bytes(Artifact.objects.values_list("content", flat=True).get(sha256=digest))
    if hashlib.sha256(content).hexdigest() != digest:
        raise RuntimeFailed(f"Artifact {digest[:12]} is damaged: its content has another digest.", kind="load")
    try:
        _write(file, content)
    except OSError as error:  # a full disk makes it slow, not wrong
        logger.warning("artifact not cached", extra={"digest": digest, "why": error.strerror})
    return content


def _write(file: Path, content: bytes) -> None:
    """Replace the file in one step: another process may read it at this moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
