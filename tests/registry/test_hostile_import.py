"""Hostile files through the whole import, from the Hub to the version's reason: refused, and nothing of them runs."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from django.utils import timezone

from examples.hub.store import large_entry
from examples.local_hub import LocalHub
from registry import actions, discovery
from registry.models import Artifact, Delivery, ModelVersion
from tests import hubs
from tests.hubs import loopback_hub  # noqa: F401  a fixture
from tests.registry import pipelines
from tests.registry.test_gate import attacks


@pytest.fixture(name="imported")
def imported_version(hub: LocalHub, settings: Any, db: None, tmp_path: Path) -> Iterator[Any]:
    """`imported(content, name)`: the version that came of a repository with this one file, or as it is (None)."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}

    def version(content: bytes | None, name: str = "model.joblib") -> ModelVersion:
        if content is not None:
            folder = tmp_path / "hostile"
            folder.mkdir()
            (folder / name).write_bytes(content)
            hubs.publish(hub, folder)
        model = actions.track_model(name="hostile", endpoint="loopback", repo_id=hubs.REPO)
        delivery = discovery.note(model=model, kind=Delivery.Kind.COMMAND)
        found = discovery.sync(delivery, at=timezone.now()).version
        assert found is not None
        return found

    return version


PAYLOADS = {
    "plain": "posix.system",
    "after_array": "posix.system",
    "zlib": "posix.system",
    "xz_after_array": "posix.system",
    "object_array": "posix.system",
    "trampoline": "joblib.numpy_pickle.load",
    "runstring": "runstring",
    "timeit": "timeit.timeit",
    "builtins": "numpy.__builtins__",
}
# Scanners of denylists let it pass, though numpy 2 gives nothing under that name.
BUILTINS = b"\x80\x04\x8c\x05numpy\x8c\x11__builtins__.eval\x93\x8c\x01%s\x85R."


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_is_refused_and_does_not_run(imported: Any, tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    version = imported((attacks(canary) | {"builtins": BUILTINS})[name])
    assert version.status == "rejected"
    assert "Not on the list of allowed names" in version.reason
    assert "refused before anything of it could run. Publish the fitted pipeline alone" in version.reason
    assert PAYLOADS[name] in version.reason
    assert not canary.exists()
    assert not Artifact.objects.exists()


def test_zlib_bomb_is_refused(imported: Any) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    assert len(bomb) < 1_000_000
    assert "The file inflates to more than " in imported(bomb).reason


def test_zip_bomb_is_refused(imported: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        with archive.open("zeros.npy", "w") as file:
            for _ in range(600):
                file.write(bytes(1 << 20))
    content = (tmp_path / "bomb").read_bytes()
    assert "The file inflates to more than " in imported(content, "model.skops").reason


def test_file_that_is_too_large_is_not_downloaded(imported: Any, settings: Any, hub: LocalHub) -> None:
    settings.MAX_ARTIFACT_BYTES = 10_000
    version = imported(bytes(10_001))
    assert version.reason.endswith("needs 10,001 bytes; 10,000 are allowed.")
    assert not [seen for seen in hub.requests if "objects" in seen.path and seen.method == "GET"]


def test_ten_gigabytes_are_refused_before_a_byte_is_read(imported: Any, hub: LocalHub) -> None:
    huge = large_entry("a" * 64, 10 << 30)
    hub.store.create(hubs.REPO, private=False)
    hub.store.commit(hubs.REPO, "main", changes={"model.joblib": huge}, title="", message="", parent=None)
    assert imported(None).reason.endswith("needs 10,737,418,240 bytes; 200,000,000 are allowed.")
    assert not fetched(hub)


@pytest.mark.parametrize("name", ["../evil.joblib", "/etc/evil.joblib", "//evil.joblib", "a/../../evil.joblib", ".."])
def test_a_path_out_of_the_folder_is_refused_before_anything_is_read(
    hub: LocalHub, settings: Any, db: None, name: str
) -> None:
    settings.HUB_ENDPOINTS = {"loopback": hub.url}
    hub.store.create(hubs.REPO, private=False)
    files = {name: hub.store.put_file(b"evil"), "model.joblib": hub.store.put_file(b"x")}
    hub.store.commit(hubs.REPO, "main", changes=files, title="", message="", parent=None)
    model = actions.track_model(name="hostile", endpoint="loopback", repo_id=hubs.REPO)
    delivery = discovery.sync(discovery.note(model=model, kind=Delivery.Kind.COMMAND), at=timezone.now())
    assert delivery.outcome == "failed"
    assert delivery.text.endswith("lists a file of acme/iris at main that no repository can hold.")
    assert not fetched(hub)


def fetched(hub: LocalHub) -> list[str]:
    """Addresses of the files that were asked for."""
    found = [seen.path for seen in hub.requests if seen.method == "GET"]
    return [path for path in found if "/objects/" in path or "/resolve/" in path]


def test_garbage_says_what_it_is_not(imported: Any) -> None:
    assert "The file is no readable pickle" in imported(b"\x80\x04garbage").reason


def test_clean_bare_file_passes_the_same_way(imported: Any, tmp_path: Path) -> None:
    joblib.dump(pipelines.fitted("logistic"), tmp_path / "clean", compress=3)
    version = imported((tmp_path / "clean").read_bytes())
    assert (version.status, version.is_draft) == ("ready", True)
    assert "sklearn.linear_model._logistic.LogisticRegression" in version.report["globals"]
    assert np.isclose(version.report["comparison"]["bound"], 3 / version.report["comparison"]["rows"])
