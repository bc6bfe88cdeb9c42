"""The last step of an import: all of a version becomes visible at once, or a reason does."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from registry import actions, artifacts
from registry.exceptions import ImportRejected, RegistryError
from registry.importer import examine, run
from registry.importer.package import Package
from registry.models import ModelVersion, VersionFile


@pytest.fixture
def waiting(iris: ModelVersion) -> ModelVersion:
    """A claimed version."""
    version = ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40)
    ModelVersion.objects.claim(pk=version.pk, at=timezone.now())
    return version


@pytest.fixture
def pulled(monkeypatch: pytest.MonkeyPatch, examined: Any) -> Any:
    """`pulled(change)`: importing takes the iris example as it was examined, changed by `change`."""

    def arrange(change: Any = lambda package: None) -> None:
        package: Package = deepcopy(examined("iris"))
        monkeypatch.setattr(run, "_pull", lambda *_: Path())
        monkeypatch.setattr(run, "read_package", lambda *_, **_how: package)
        monkeypatch.setattr(examine, "examine", lambda package, progress: change(package))

    return arrange


def imported(version: ModelVersion) -> ModelVersion:
    run.run(version, progress=actions.silent)
    return version


def test_ready_holds_everything(waiting: ModelVersion, iris: ModelVersion, pulled: Any) -> None:
    pulled()
    version = imported(waiting)
    assert (version.status, version.leased_until, version.files.count()) == ("ready", None, iris.files.count())


def test_first_version_fixes_the_kind_of_input(iris: ModelVersion, examined: Any, waiting: ModelVersion) -> None:
    iris.model.refresh_from_db()
    assert iris.model.input_kind == "tabular"
    with pytest.raises(ImportRejected, match="This commit takes image input; the model iris takes tabular input"):
        run.finish(waiting, examined("digits"))
    assert not waiting.files.exists()


def test_error_of_ours_is_not_shown(waiting: ModelVersion, pulled: Any, caplog: pytest.LogCaptureFixture) -> None:
    def break_down(_package: Package) -> None:
        raise ZeroDivisionError("a secret")

    pulled(break_down)
    assert imported(waiting).reason == "The import stopped on an error of its own; the worker's log has it."
    assert "ZeroDivisionError" in caplog.text


def test_failure_on_the_way_leaves_no_file(waiting: ModelVersion, pulled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, store = [], artifacts.store

    def full(version: ModelVersion, path: str, content: bytes) -> str:
        stored.append(path)
        if len(stored) == 3:
            raise OSError("disk full")
        return store(version, path, content)

    pulled()
    monkeypatch.setattr(artifacts, "store", full)
    assert imported(waiting).status == "rejected"
    assert not VersionFile.objects.filter(version=waiting).exists()


def test_whoever_lost_the_lease_changes_nothing(waiting: ModelVersion, pulled: Any, examined: Any) -> None:
    pulled(lambda package: run.finish(waiting, package))  # the other process was faster
    assert imported(waiting).status == "ready"
    with pytest.raises(RegistryError, match="iris v2 was finished elsewhere"):
        run.finish(waiting, examined("iris"))


def test_rejection_does_not_touch_what_is_ready(iris: ModelVersion, pulled: Any) -> None:
    def refuse(_package: Package) -> None:
        raise ImportRejected("too late")

    pulled(refuse)
    assert imported(iris).status == "ready"


def test_what_cannot_be_stored_is_left_out(waiting: ModelVersion, pulled: Any, tmp_path: Path) -> None:
    def refuse(package: Package) -> None:
        package.report |= {"trained_with": "1\x00.6", "globals": ["half a \ud800"], "largest": float("nan")}
        raise ImportRejected("a\x00b" + "x" * 10_000)

    pulled(refuse)
    version = imported(waiting)
    found = version.report
    assert (found["trained_with"], found["globals"], found["largest"]) == ("1 .6", ["half a ?"], None)
    assert version.reason.startswith("a bxx")
    assert len(version.reason) == run.MAX_REASON


def test_card_with_an_odd_character(example: Any, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    (tmp_path / "README.md").write_bytes(b"---\nlicense: mit\n---\n# A\x00B\n")
    assert run.read_package(tmp_path, trusted=False).metadata["card"] == "# AB\n"
