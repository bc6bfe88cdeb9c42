"""registry.hub against a loopback Hub: the whole way, what it refuses, and whom it speaks to."""

import os
import re
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, constants

from examples.local_hub import LocalHub
from registry import hub as client
from registry.hub_limits import Call
from tests.hubs import (
    MODEL,
    REPO,
    TOKEN,
    a_place,  # noqa: F401  fixtures
    a_source,  # noqa: F401
    loopback_hub,  # noqa: F401
    publish,
    published_commit,  # noqa: F401
    pull,
    resolve,
)

PULLED = {
    "README.md",
    "background.csv",
    "config.json",
    "data/extra.csv",
    "model.joblib",
    "model_manifest.json",
}


def fetched(hub: LocalHub) -> list[str]:
    return [seen.path for seen in hub.requests if "/resolve/" in seen.path or "/objects/" in seen.path]


# -- the whole way


def test_what_is_published_is_what_is_pulled(hub: LocalHub, source: Path, place: Path) -> None:
    commit = publish(hub, source)
    pulled = pull(hub, resolve(hub).commit, place)
    assert pulled.commit == commit
    assert {path: (pulled.directory / path).read_bytes() for path in pulled.files} == {
        path: (source / path).read_bytes() for path in PULLED
    }


def test_nothing_but_the_files_is_in_the_folder(hub: LocalHub, commit: str, place: Path) -> None:
    pulled = pull(hub, commit, place)
    found = {p.relative_to(pulled.directory).as_posix() for p in pulled.directory.rglob("*") if p.is_file()}
    assert found == PULLED


def test_size_and_sha256_of_each_file_come_back(hub: LocalHub, commit: str, place: Path) -> None:
    pulled = pull(hub, commit, place)
    listed = {file.path: (file.size, file.sha256) for file in resolve(hub).files}
    assert pulled.verified
    assert pulled.files["model.joblib"] == listed["model.joblib"] == (len(MODEL), listed["model.joblib"][1])


def test_a_tag_resolves_and_is_told(hub: LocalHub, source: Path) -> None:
    commit = publish(hub, source, tag="v1")
    head = resolve(hub, revision="v1")
    assert (head.commit, head.tags) == (commit, ("v1",))


def test_a_moved_branch_does_not_change_a_tag(hub: LocalHub, source: Path) -> None:
    first = publish(hub, source, tag="v1")
    (source / "model.joblib").write_bytes(MODEL * 2)
    second = publish(hub, source, tag="v2")
    assert [resolve(hub, revision=name).commit for name in ("v1", "v2", "main")] == [first, second, second]


def test_publishing_again_makes_no_commit(hub: LocalHub, source: Path) -> None:
    assert publish(hub, source, tag="v1") == publish(hub, source, tag="v1")


def test_a_tag_is_not_moved_silently(hub: LocalHub, source: Path) -> None:
    publish(hub, source, tag="v1")
    (source / "config.json").write_bytes(b'{"a": 1}')
    with pytest.raises(client.TagTaken, match="v1 of acme/iris names commit"):
        publish(hub, source, tag="v1")


def test_several_large_files_are_published(hub: LocalHub, source: Path, place: Path) -> None:
    (source / "model.onnx").write_bytes(b"graph" * 1000)
    (source / "empty.onnx").write_bytes(b"")
    pulled = pull(hub, publish(hub, source), place)
    assert (pulled.files["model.onnx"][0], pulled.files["empty.onnx"][0]) == (5000, 0)


def test_a_restarted_hub_has_what_was_published(tmp_path: Path, source: Path, place: Path) -> None:
    with LocalHub(tmp_path / "hub") as hub:
        commit = publish(hub, source, tag="v1")
        key = resolve(hub).repo_key
    with LocalHub(tmp_path / "hub") as hub:
        head = resolve(hub, revision="v1")
        assert (head.commit, head.repo_key) == (commit, key)
        assert pull(hub, commit, place).verified


def test_a_renamed_repository_is_found_and_known_by_its_key(hub: LocalHub, commit: str, place: Path) -> None:
    key = resolve(hub).repo_key
    hub.rename(REPO, "acme/flowers")
    head = resolve(hub)
    assert (head.commit, head.repo_key) == (commit, key)
    assert pull(hub, commit, place).verified


def test_the_fingerprint_changes_with_what_is_pulled_only(hub: LocalHub, source: Path, commit: str) -> None:
    before = client.fingerprint(resolve(hub))
    (source / "train.py").write_bytes(b"pass\n")
    publish(hub, source)
    same = client.fingerprint(resolve(hub))
    (source / "model.joblib").write_bytes(MODEL * 2)
    publish(hub, source)
    assert before == same != client.fingerprint(resolve(hub))


# -- refusals before a download


@pytest.mark.parametrize("limit", [{"max_bytes": 1000}, {"max_files": 3}])
def test_too_much_is_refused_before_its_download(
    hub: LocalHub, commit: str, place: Path, limit: dict[str, int]
) -> None:
    with pytest.raises(client.TooLarge, match=f"{REPO} at {commit}"):
        pull(hub, commit, place, **limit)
    assert {path.rpartition("/")[2] for path in fetched(hub)} == {"model_manifest.json"}


def test_a_repository_without_model_is_refused_before_a_download(hub: LocalHub, place: Path, source: Path) -> None:
    for name in ("model.joblib", "model_manifest.json"):
        (source / name).unlink()
    commit = publish(hub, source)
    hub.requests.clear()
    with pytest.raises(client.NoModelFile, match="holds no model file"):
        pull(hub, commit, place)
    assert fetched(hub) == []


def test_a_branch_is_no_commit(hub: LocalHub, commit: str, place: Path) -> None:
    with pytest.raises(client.RevisionMissing, match="40 hexadecimal"):
        pull(hub, "main", place)
    assert hub.requests == []


def test_a_branch_named_like_a_commit_does_not_pass_for_it(
    hub: LocalHub, source: Path, commit: str, place: Path
) -> None:
    (source / "model.joblib").write_bytes(MODEL * 2)
    other = publish(hub, source)
    hub.store.point(REPO, "branches", commit, "main")
    with pytest.raises(client.HubMisbehaved, match=f"at {commit} with commit {other}"):
        pull(hub, commit, place)


@pytest.mark.parametrize("address", ["ftp://hub", "file:///etc", "hub.example", "http://me:pass@hub", ""])
def test_an_endpoint_is_http(address: str) -> None:
    with pytest.raises(client.BadAddress, match="must be http"):
        client.resolve(endpoint=address, repo_id=REPO, revision="main", token=None)


@pytest.mark.parametrize("repo_id", ["a/b/c", "a--b", "../x", "a b"])
def test_a_bad_repository_id_is_said(hub: LocalHub, repo_id: str) -> None:
    with pytest.raises(client.BadAddress, match="namespace/name"):
        resolve(hub, repo_id=repo_id)


@pytest.mark.parametrize("name", [".cache/x.json", "../x.json", "/etc/passwd.json", "setup.py", 7])
def test_a_manifest_cannot_name_just_anything(hub: LocalHub, source: Path, place: Path, name: str) -> None:
    manifest = f'{{"files": {{"data/extra.csv": 1}}, "model": {{"file": {name!r}}}}}'.replace("'", '"')
    (source / "model_manifest.json").write_text(manifest)
    assert set(pull(hub, publish(hub, source), place).files) == PULLED


# -- states of a repository


def refused(hub: LocalHub, place: Path, state: str) -> str:
    """The sentence for a repository in this state."""
    commit = resolve(hub).commit
    try:
        match state:
            case "missing":
                resolve(hub, repo_id="acme/nothing")
            case "private":
                hub.set_flags(REPO, private=True)
                resolve(hub, token=None)
            case "gated":
                hub.set_flags(REPO, gated="manual")
                assert resolve(hub, token=None).gated
                pull(hub, commit, place, token=None)
            case "disabled":
                hub.set_flags(REPO, disabled=True)
                resolve(hub)
            case "revision":
                resolve(hub, revision="v9")
            case "file":
                hub.fail("HEAD .*/config.json", status=404, headers={"X-Error-Code": "EntryNotFound"})
                pull(hub, commit, place)
            case "token":
                publish(hub, place.parent / "source", token="hf_wrong")
    except client.HubError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"nothing was wrong with a {state} repository")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("missing", "RepoMissing: acme/nothing at main was not found: http.* or the token may not see it"),
        (
            "private",
            "RepoMissing: acme/iris at main was not found: http.* or it is private and no token is set",
        ),
        ("gated", "RepoGated: acme/iris at [0-9a-f]{40} is gated: accept its conditions"),
        ("disabled", "RepoDisabled: http.* has disabled acme/iris at main"),
        ("revision", "RevisionMissing: acme/iris on http.* has no branch, tag or commit v9"),
        ("file", "FileMissing: config.json of acme/iris at [0-9a-f]{40} is listed by http"),
        ("token", "HubRefused: http.* does not accept the token for acme/iris at main"),
    ],
)
def test_each_state_has_its_sentence(hub: LocalHub, commit: str, place: Path, state: str, said: str) -> None:
    text = refused(hub, place, state)
    assert re.match(said, text), text
    assert TOKEN not in text


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"disabled": True}, client.RepoDisabled, "has disabled acme/iris at main"),
        ({"sha": None}, client.HubMisbehaved, "did not say which commit acme/iris at main is"),
        ({"sha": "main"}, client.HubMisbehaved, "did not say which commit"),
        ({"siblings": [{}]}, client.HubMisbehaved, "as no Hub does"),
        ({"siblings": [{"rfilename": "a\x00b"}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": "\ud800"}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": 7}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": ""}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": "a", "size": -1}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": "a", "size": "9"}]}, client.HubMisbehaved, "that no repository can hold"),
        ({"siblings": [{"rfilename": "a", "blobId": "\x00"}]}, client.HubMisbehaved, "that no repository can hold"),
    ],
)
def test_the_answer_about_a_revision_is_not_trusted(
    hub: LocalHub, commit: str, answer: dict, error: type, said: str
) -> None:
    hub.fail("GET .*/revision/", status=200, body={"id": REPO, "sha": commit} | answer)
    with pytest.raises(error, match=said):
        resolve(hub)


def test_a_private_repository_opens_with_its_token(hub: LocalHub, commit: str, place: Path) -> None:
    hub.set_flags(REPO, private=True, gated="manual")
    assert pull(hub, commit, place).verified


# -- who is spoken to


def test_the_token_stays_with_the_endpoint(hub: LocalHub, source: Path, place: Path) -> None:
    pull(hub, publish(hub, source, tag="v1"), place)
    away = [seen for seen in hub.requests if seen.port == hub.storage_port]
    assert {seen.method for seen in away} == {"PUT", "GET"}
    assert not any("authorization" in seen.headers for seen in away)
    home = {seen.headers.get("authorization") for seen in hub.requests if seen.port != hub.storage_port}
    assert home == {f"Bearer {TOKEN}"}


def test_a_token_of_the_machine_is_not_sent(
    hub: LocalHub, commit: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_machine")
    pull(hub, commit, place, token=None)
    assert not any("authorization" in seen.headers for seen in hub.requests)


@pytest.mark.parametrize("call", ["GET .*/revision/", "GET .*/refs", "POST .*/preupload/", "POST .*/commit/"])
def test_the_hub_cannot_send_us_elsewhere(hub: LocalHub, source: Path, tmp_path: Path, call: str) -> None:
    with LocalHub(tmp_path / "other") as other:
        publish(hub, source)
        (source / "config.json").write_bytes(b'{"a": 1}')
        hub.fail(call, status=307, headers={"Location": f"{other.url}/api/models/{REPO}"})
        with pytest.raises(client.HubMisbehaved, match=f"sent us to {other.url}"):
            assert publish(hub, source) == resolve(hub).commit
        assert other.requests == []


def test_a_known_hub_does_not_get_the_token_either(hub: LocalHub, commit: str, place: Path) -> None:
    hub.fail("HEAD .*/resolve/", status=302, headers={"Location": "https://huggingface.co/x/resolve/main/y"})
    with pytest.raises(client.HubMisbehaved, match=r"sent us to https://huggingface\.co:443"):
        pull(hub, commit, place)


def test_the_switches_of_the_library_are_off() -> None:
    names = ("XET", "TELEMETRY", "PROGRESS_BARS", "IMPLICIT_TOKEN")
    assert {os.environ[f"HF_HUB_DISABLE_{name}"] for name in names} == {"1"}
    assert {getattr(constants, f"HF_HUB_DISABLE_{name}") for name in names} == {True}


def test_no_telemetry(hub: LocalHub, source: Path, place: Path) -> None:
    pull(hub, publish(hub, source), place)
    assert not any("agent-harnesses" in seen.path or "telemetry" in seen.path for seen in hub.requests)


def test_the_library_cannot_be_used_past_the_limits(hub: LocalHub) -> None:
    with pytest.raises(RuntimeError, match=r"through registry\.hub"):
        HfApi(endpoint=hub.url).model_info(REPO)
    assert hub.requests == []


def test_every_request_has_time_limits(hub: LocalHub) -> None:
    request = httpx2.Request("GET", hub.url, extensions={"timeout": {"connect": None, "read": 60.0}})
    Call(hub.url, REPO, "main", None, budget=4).before(request)
    limits = request.extensions["timeout"]
    assert set(limits) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 4 for seconds in limits.values())
