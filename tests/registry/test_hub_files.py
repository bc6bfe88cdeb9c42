"""Which files of a repository a pull takes, what makes another model of them, and what a digest is worth."""

import json
from pathlib import Path
from typing import Any

import pytest

from examples.local_hub import LocalHub
from registry import hub as client
from registry import hub_files
from registry.hub_files import RemoteFile
from tests.hubs import (
    REPO,
    a_place,  # noqa: F401  fixtures
    a_source,  # noqa: F401
    loopback_hub,  # noqa: F401
    publish,
    published_commit,  # noqa: F401
    pull,
    resolve,
)


def named(tmp_path: Path, manifest: Any) -> list[str]:
    (tmp_path / "model_manifest.json").write_text(json.dumps(manifest))
    return list(hub_files.named_in(tmp_path / "model_manifest.json"))


def test_steps_and_companions_are_named_also_when_files_forgot_them(tmp_path: Path) -> None:
    manifest = {
        "model": {"file": "models/clf", "steps": [{"file": "a/te.joblib"}, {"file": "b/scaler.pkl"}]},
        "artifacts": {"golden": "checks/golden.json", "background": "checks/rows.csv"},
        "files": {"models/clf": {}, "docs/curve.png": {}},
    }
    expected = {"models/clf", "a/te.joblib", "b/scaler.pkl", "checks/golden.json", "checks/rows.csv"}
    assert set(named(tmp_path, manifest)) == expected


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        {"model": []},
        {"model": {"steps": [7]}},
        {"model": {"steps": 7}},
        {"artifacts": []},
        {"files": 7},
        {"model": {"file": "../x.joblib", "steps": [{"file": ".ssh/id"}]}, "files": [None, {}]},
    ],
)
def test_a_broken_manifest_names_nothing(tmp_path: Path, manifest: Any) -> None:
    assert named(tmp_path, manifest) == []


def test_what_config_json_names_is_pulled(hub: LocalHub, source: Path, place: Path) -> None:
    (source / "model_manifest.json").unlink()
    (source / "model.joblib").rename(source / "HME")
    (source / "config.json").write_text(json.dumps({"sklearn": {"model": {"file": "HME"}, "model_format": "pickle"}}))
    assert "HME" in pull(hub, publish(hub, source), place).files


def test_what_the_card_names_is_pulled(hub: LocalHub, source: Path, place: Path) -> None:
    for name in ("model_manifest.json", "model.joblib"):
        (source / name).unlink()
    (source / "deep").mkdir()
    (source / "deep" / "clf.sav").write_bytes(b"x")
    (source / "README.md").write_text("---\nmodel_file: deep/clf.sav\n---\n")
    assert "deep/clf.sav" in pull(hub, publish(hub, source), place).files


def test_a_declaration_of_nothing_is_no_model(hub: LocalHub, source: Path, place: Path) -> None:
    for name in ("model_manifest.json", "model.joblib"):
        (source / name).unlink()
    (source / "HME").write_bytes(b"x")
    (source / "README.md").write_text("---\nmodel_file: gone.pkl\n---\n")
    with pytest.raises(
        client.NoModelFile, match=r"at its root or named by model_manifest\.json, config\.json or README"
    ):
        pull(hub, publish(hub, source), place)


# -- what makes another model


def test_a_model_in_a_folder_counts_where_no_manifest_vouches_for_it(hub: LocalHub, source: Path) -> None:
    (source / "models").mkdir()
    (source / "models" / "clf.pkl").write_bytes(b"one")
    (source / "LICENSE").write_bytes(b"one")
    (source / "curve.png").write_bytes(b"one")

    def after(*changed: str) -> bool:
        before = client.fingerprint(resolve(hub))
        for name in changed:
            (source / name).write_bytes((source / name).read_bytes() + b"two")
        publish(hub, source)
        return client.fingerprint(resolve(hub)) != before

    publish(hub, source)
    assert not after("models/clf.pkl", "LICENSE", "curve.png")  # the manifest holds digests
    assert after("model_manifest.json")
    (source / "model_manifest.json").unlink()
    with LocalHub(source.parent / "other", token=None) as other:
        publish(other, source)
        before = client.fingerprint(resolve(other))
        (source / "LICENSE").write_bytes(b"three")
        (source / "curve.png").write_bytes(b"three")
        publish(other, source)
        assert client.fingerprint(resolve(other)) == before
        (source / "models" / "clf.pkl").write_bytes(b"three")
        publish(other, source)
        assert client.fingerprint(resolve(other)) != before


# -- what a digest is worth


@pytest.mark.parametrize(
    ("file", "checked"),
    [
        (RemoteFile("x", 1, "a" * 64, None), True),
        (RemoteFile("x", 1, None, "b" * 40), True),
        (RemoteFile("x", 1, None, "b" * 64), False),  # of a Hub with longer ids: what was hashed, and how, is its own
        (RemoteFile("x", None, None, None), False),
    ],
)
def test_only_digests_we_can_compute_vouch(file: RemoteFile, checked: bool) -> None:
    assert file.has_digest is checked
    assert file.matches(1, "a" * 64, "b" * 40)
    assert file.matches(1, "c" * 64, "c" * 40) is not checked


def test_a_hub_with_longer_ids_is_pulled_unverified(hub: LocalHub, commit: str, place: Path) -> None:
    listed = [{"rfilename": file.path, "size": file.size, "blobId": "cd" * 32} for file in resolve(hub).files]
    hub.fail("GET .*/revision/", status=200, body={"id": REPO, "sha": commit, "siblings": listed})
    assert not pull(hub, commit, place).verified
