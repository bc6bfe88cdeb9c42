"""The bytes of a version's files: checked at every load, repaired where they can be, never believed."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction

from registry import artifacts, runtimes
from registry.models import Artifact, ModelVersion
from registry.runtimes.base import RuntimeFailed

GRAPH = "model.converted.onnx"


@pytest.fixture(autouse=True)
def _empty_cache(settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACT_CACHE = tmp_path / "cache"


def cached(version: ModelVersion, path: str = GRAPH) -> Path:
    digest = version.files.get(path=path).artifact_id
    return Path(settings.ARTIFACT_CACHE) / digest[:2] / digest


def damage_database(version: ModelVersion) -> None:
    Artifact.objects.filter(pk=version.files.get(path=GRAPH).artifact_id).update(content=b"other")


def test_bytes_are_what_was_stored(iris: ModelVersion) -> None:
    content = artifacts.read(iris, GRAPH)
    assert content is not None
    assert hashlib.sha256(content).hexdigest() == iris.files.get(path=GRAPH).artifact_id
    assert cached(iris).read_bytes() == content
    assert artifacts.read(iris, "nothing") is artifacts.local(iris, "nothing") is None


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"other"), lambda file: file.unlink()])
def test_cache_is_repaired_from_the_database(iris: ModelVersion, harm: Any) -> None:
    content = artifacts.read(iris, GRAPH)
    harm(cached(iris))
    assert artifacts.read(iris, GRAPH) == content
    assert cached(iris).read_bytes() == content
    harm(cached(iris))
    file = artifacts.local(iris, GRAPH)
    assert file is not None
    assert file.read_bytes() == content


def test_damaged_database_copy_is_not_loaded(iris: ModelVersion) -> None:
    damage_database(iris)
    with pytest.raises(RuntimeFailed, match="is damaged: its content has another digest") as caught:
        runtimes.load(iris)
    assert caught.value.kind == "load"
    assert not cached(iris).exists()


def test_good_cache_outlives_a_damaged_database(iris: ModelVersion) -> None:
    artifacts.read(iris, GRAPH)
    damage_database(iris)
    assert runtimes.load(iris).name == "onnx"
    cached(iris).write_bytes(b"other")
    runtimes.forget()
    with pytest.raises(RuntimeFailed, match="is damaged"):
        runtimes.load(iris)


def test_cache_that_cannot_be_written_is_done_without(iris: ModelVersion, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    settings.ARTIFACT_CACHE = tmp_path / "file"
    assert artifacts.read(iris, GRAPH)
    with pytest.raises(RuntimeFailed, match="cannot be written to the cache of this machine"):
        artifacts.local(iris, GRAPH)


def test_same_content_is_stored_once(iris: ModelVersion, ready: Any) -> None:
    before = Artifact.objects.count()
    second = ready("iris")
    assert Artifact.objects.count() == before
    assert second.files.count() == iris.files.count()


def test_one_path_once(iris: ModelVersion) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        artifacts.store(iris, GRAPH, b"other")


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once(iris: ModelVersion) -> None:
    versions = [ModelVersion.objects.create(model=iris.model, number=10 + n, commit=f"{n:040x}") for n in range(6)]
    begin, content = threading.Barrier(6), b"shared" * 50_000

    def write(version: ModelVersion) -> bytes | None:
        begin.wait()
        try:
            artifacts.store(version, "shared", content)
            return artifacts.read(version, "shared")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, versions)) == {content}
    digest = hashlib.sha256(content).hexdigest()
    assert Artifact.objects.filter(sha256=digest).count() == 1
    assert [path.name for path in cached(versions[0], "shared").parent.iterdir()] == [digest]


def test_cached_file_is_never_seen_half_written(tmp_path: Path) -> None:
    file, content = tmp_path / "folder" / "file", bytes(3_000_000)
    artifacts._write(file, content)

    def write_and_read(_number: int) -> int:
        artifacts._write(file, content)
        return len(file.read_bytes())

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write_and_read, range(60))) == {len(content)}
    assert [path.name for path in file.parent.iterdir()] == ["file"]
