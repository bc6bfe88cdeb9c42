"""examples/local_hub.py, spoken to by the real client as anybody would use it, without registry.hub."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, set_client_factory, snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from examples.local_hub import LocalHub
from registry.hub import use_limited_client
from tests.hubs import MODEL, REPO, TOKEN, write_repository

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # the client's own upload


@pytest.fixture(autouse=True)
def plain_client() -> Iterator[None]:
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=5))
    yield
    use_limited_client()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub", token=TOKEN, page_size=3) as hub:
        yield hub


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=TOKEN)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_repository(tmp_path / "source")
    return tmp_path / "source"


@pytest.fixture
def commit(api: HfApi, source: Path) -> str:
    api.create_repo(REPO)
    return str(api.upload_folder(repo_id=REPO, folder_path=source).oid)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_an_uploaded_folder_downloads_identical(hub, commit, source, tmp_path) -> None:
    snapshot_download(REPO, endpoint=hub.url, token=TOKEN, local_dir=tmp_path / "out", cache_dir=tmp_path / "cache")
    assert contents(tmp_path / "out").items() >= contents(source).items()


def test_the_client_itself_finds_every_digest_right(api, hub, commit, tmp_path) -> None:
    out = snapshot_download(REPO, endpoint=hub.url, token=TOKEN, local_dir=tmp_path / "out")
    found = api.verify_repo_checksums(REPO, revision=commit, local_dir=out)
    assert (found.checked_count, found.mismatches, found.missing_paths) == (9, [], [])


def test_creating_twice_gives_the_url_again(api, hub) -> None:
    assert api.create_repo(REPO) == api.create_repo(REPO, exist_ok=True) == f"{hub.url}/{REPO}"
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo(REPO)


def test_the_three_forms_of_model_info(api, commit) -> None:
    full = api.model_info(REPO, revision="main", files_metadata=True, securityStatus=True)
    large = {file.rfilename: file for file in full.siblings}["model.joblib"]
    assert (large.size, large.lfs.size, len(large.lfs.sha256)) == (len(MODEL), len(MODEL), 64)
    assert full.security_repo_status == {"scansDone": True, "filesWithIssues": []}
    assert api.model_info(REPO).sha == api.model_info(REPO, revision=commit).sha == full.sha == commit


def test_an_unchanged_upload_makes_no_commit(api, hub, commit, source) -> None:
    hub.requests.clear()
    assert api.upload_folder(repo_id=REPO, folder_path=source).oid == commit
    assert not any("/commit/" in seen.path for seen in hub.requests)


def test_commits_come_in_pages(api, hub, commit) -> None:
    for number in range(6):
        api.upload_file(
            repo_id=REPO, path_in_repo="n.json", path_or_fileobj=b"%d" % number, commit_message=f"n{number}"
        )
    titles = [found.title for found in api.list_repo_commits(REPO)]
    assert titles == [
        "n5",
        "n4",
        "n3",
        "n2",
        "n1",
        "n0",
        "Upload folder using huggingface_hub",
        "initial commit",
    ]


def test_the_tree_comes_in_pages(api, commit, source) -> None:
    assert set(api.list_repo_files(REPO)) == {*contents(source), ".gitattributes"}


def test_paths_info_knows_files_and_folders(api, commit) -> None:
    found = api.get_paths_info(REPO, ["model.joblib", "data", "nothing"])
    assert [(type(item).__name__, item.path) for item in found] == [
        ("RepoFile", "model.joblib"),
        ("RepoFolder", "data"),
    ]


def test_tags_and_branches(api, commit) -> None:
    api.create_tag(REPO, tag="v1")
    api.create_branch(REPO, branch="dev", revision="v1")
    refs = api.list_repo_refs(REPO)
    assert {(ref.ref, ref.target_commit) for ref in refs.branches + refs.tags} == {
        (f"refs/{ref}", commit) for ref in ("heads/main", "heads/dev", "tags/v1")
    }
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_tag(REPO, tag="v1")


def test_deleted_files_are_gone_from_the_next_commit_only(api, commit) -> None:
    api.delete_folder("data", REPO)
    assert "data/extra.csv" not in api.list_repo_files(REPO)
    assert "data/extra.csv" in api.list_repo_files(REPO, revision=commit)


def test_a_commit_on_a_stale_parent_is_refused(api, commit) -> None:
    with pytest.raises(HfHubHTTPError, match="412"):
        api.upload_file(repo_id=REPO, path_in_repo="n.json", path_or_fileobj=b"1", parent_commit="0" * 40)


def test_a_deleted_repository_is_missing(api, commit) -> None:
    api.delete_repo(REPO)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(REPO)


def test_a_renamed_repository_redirects(api, commit) -> None:
    api.move_repo(REPO, "acme/flowers")
    assert api.model_info(REPO).id == "acme/flowers"


def test_whoami_needs_the_token(api, hub) -> None:
    assert api.whoami()["name"] == "local"
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=hub.url).whoami(token="hf_other")


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({"private": True}, RepositoryNotFoundError),
        ({"gated": "auto"}, GatedRepoError),
        ({"disabled": True}, DisabledRepoError),
    ],
)
def test_flags_close_a_repository(hub, commit, tmp_path, flags, error) -> None:
    hub.set_flags(REPO, **flags)
    api = HfApi(endpoint=hub.url, token=False)
    with pytest.raises(error):
        api.get_hf_file_metadata(url=f"{hub.url}/{REPO}/resolve/main/config.json", token=False)


@pytest.mark.parametrize(
    ("path", "error"), [("v9/config.json", RevisionNotFoundError), ("main/no", RemoteEntryNotFoundError)]
)
def test_what_is_missing_is_told_apart(api, hub, commit, path, error) -> None:
    with pytest.raises(error):
        api.get_hf_file_metadata(url=f"{hub.url}/{REPO}/resolve/{path}")


def test_only_the_token_writes(hub, commit) -> None:
    for token, status in ((False, "401"), ("hf_other", "403")):
        with pytest.raises(HfHubHTTPError, match=status):
            HfApi(endpoint=hub.url, token=token).create_tag(REPO, tag="mine")


@pytest.mark.parametrize("path", ["model.joblib", "config.json"])
def test_ranges(hub, commit, source, path) -> None:
    whole, url = (source / path).read_bytes(), f"{hub.url}/{REPO}/resolve/main/{path}"
    with httpx2.Client(follow_redirects=True) as web:
        part = web.get(url, headers={"Range": "bytes=1-"})
        beyond = web.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert (part.status_code, part.content) == (206, whole[1:])
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_the_storage_takes_signed_requests_without_token_only(hub, commit) -> None:
    url = httpx2.head(f"{hub.url}/{REPO}/resolve/main/model.joblib").headers["location"]
    assert httpx2.get(url).content == MODEL
    assert httpx2.get(url, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 400
    assert httpx2.get(url.partition("?")[0]).status_code == 403


def test_an_upload_must_be_what_it_says(hub, commit) -> None:
    url = httpx2.head(f"{hub.url}/{REPO}/resolve/main/model.joblib").headers["location"]
    wrong = re.sub("[0-9a-f]{64}", "0" * 64, url)
    assert httpx2.put(wrong, content=b"other").status_code == 400
    assert httpx2.get(wrong).status_code == 404


def test_a_chunked_upload_is_taken(hub, commit) -> None:
    url = httpx2.head(f"{hub.url}/{REPO}/resolve/main/model.joblib").headers["location"]
    hub.store.path(re.search("[0-9a-f]{64}", url)[0]).unlink()
    assert httpx2.put(url, content=iter([MODEL[:300], MODEL[300:]])).status_code == 200
    assert httpx2.get(url).content == MODEL


def test_a_fault_is_over_after_its_times(hub, commit) -> None:
    hub.fail("GET .*/refs", status=503, times=2)
    assert [httpx2.get(f"{hub.url}/api/models/{REPO}/refs").status_code for _ in range(3)] == [503, 503, 200]


def test_it_is_heard_on_loopback_only(hub) -> None:
    assert {server.server_address[0] for server in (hub._api, hub._storage)} == {"127.0.0.1"}


def serve(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, ROOT / "examples/local_hub.py", "--port", "0", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder.parent)
    return process, process.stdout.readline().removeprefix("Hub: ").strip()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_script_stops_cleanly_and_keeps_what_it_has(tmp_path: Path, stop: signal.Signals) -> None:
    process, url = serve(tmp_path / "kept")
    with process, httpx2.Client() as open_connection:
        open_connection.post(f"{url}/api/repos/create", json={"organization": "acme", "name": "iris"})
        process.send_signal(stop)
        assert process.wait(10) == 0
    process, url = serve(tmp_path / "kept")
    with process:
        assert httpx2.get(f"{url}/api/models/{REPO}").json()["id"] == REPO
        process.send_signal(stop)
