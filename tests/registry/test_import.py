"""From a Hub to an answer: published, tracked, synced, promoted, asked; and every way in which a Hub can fail."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from examples.local_hub import LocalHub
from predictions import actions as predictions
from predictions.models import Source
from registry import hub
from registry.models import ModelVersion, RegisteredModel
from tests.registry import repositories
from tests.worlds import IRIS

TOKEN = "hf_loopback_secret"
REPO = "acme/iris"


@pytest.fixture(scope="module")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), token=TOKEN) as hub:
        yield hub


@pytest.fixture(name="hub")
def the_hub(shared_hub: LocalHub, settings: Any, db: None) -> Iterator[LocalHub]:
    settings.HUB_ENDPOINTS = {"huggingface": "http://127.0.0.1:9", "loopback": shared_hub.url}
    settings.HUB_TOKENS = {"loopback": TOKEN}
    yield shared_hub
    shared_hub.heal()


@pytest.fixture(name="source")
def a_source(example: Any, tmp_path: Path) -> Path:
    """A copy of the iris repository that a test may change."""
    return Path(shutil.copytree(example("iris"), tmp_path / "source"))


def run(*command: str) -> str:
    """What a command printed. Raises CommandError with everything it said."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*command, stdout=out, stderr=err)
    except CommandError as error:
        raise CommandError(f"{out.getvalue()}{err.getvalue()}{error}") from error
    return out.getvalue() + err.getvalue()


def publish(source: Path, repo: str, *more: str) -> str:
    """The commit."""
    said = run("publish_model", str(source), "--repo", repo, "--endpoint", "loopback", "--no-check", *more)
    return said.split()[-1].rstrip(".")


def track(repo: str, *more: str) -> RegisteredModel:
    run("track_model", "flowers", "--repo", repo, "--endpoint", "loopback", *more)
    return RegisteredModel.objects.get(name="flowers")


def ask(by: User) -> tuple[str, int]:
    """Label and version number of an answer."""
    columns = {name: [value] for name, value in IRIS.items()}
    answer = predictions.predict(model="flowers", columns=columns, rows=1, source=Source.API, by=by)
    return answer.predictions[0].label, answer.version.number


# -- the whole way


def test_from_a_folder_to_an_answer(hub: LocalHub, source: Path, administrator: User) -> None:
    said = run("publish_model", str(source), "--repo", "way/iris", "--endpoint", "loopback", "--tag", "v1")
    assert "replaying golden rows" in said
    track("way/iris", "--ref", "v1")
    assert "flowers v1" in run("sync_models")
    run("promote", "flowers", "--reason", "first", "--by", "administrator")
    assert ask(administrator) == ("setosa", 1)
    version = ModelVersion.objects.get()
    assert (version.status, version.runtime, len(version.commit)) == ("ready", "onnx", 40)
    assert version.report["hub_verified"] is True
    assert version.report["golden"]["cases"] == 8
    paths = set(version.files.values_list("path", flat=True))
    companions = {"golden.json", "reference.json", "background.csv", "confusion.png", "petals.png"}
    assert paths == companions | {"model.joblib", "model_manifest.json", "README.md", "model.converted.onnx"}


def test_sync_of_what_is_known_makes_no_version(hub: LocalHub, source: Path) -> None:
    publish(source, "same/iris")
    track("same/iris")
    run("sync_models", "flowers")
    assert "unchanged: ready" in run("sync_models", "flowers")
    assert ModelVersion.objects.get().attempts == 1


def test_only_a_picture_changed_makes_no_version(hub: LocalHub, source: Path) -> None:
    first = publish(source, "picture/iris")
    track("picture/iris")
    run("sync_models", "flowers")
    (source / "petals.png").write_bytes(b"another picture")
    assert publish(source, "picture/iris") != first
    assert "unchanged: ready" in run("sync_models", "flowers")
    assert ModelVersion.objects.get().commit == first


def test_an_older_commit_is_imported_by_name(hub: LocalHub, source: Path) -> None:
    first = publish(source, "older/iris")
    (source / "model.joblib").write_bytes(b"broken")
    publish(source, "older/iris")
    track("older/iris")
    assert f"flowers v1 ({first[:8]}) imported: ready" in run("sync_models", "flowers", "--commit", first)
    with pytest.raises(CommandError, match="“main” is no commit: its 40 hexadecimal digits"):
        run("sync_models", "flowers", "--commit", "main")
    with pytest.raises(CommandError, match="has no branch, tag or commit ffff"):
        run("sync_models", "flowers", "--commit", "f" * 40)
    assert RegisteredModel.objects.get().sync_error == ""


def test_moving_a_tag_changes_nothing_that_is_served(hub: LocalHub, source: Path, administrator: User) -> None:
    first = publish(source, "tagged/iris", "--tag", "v1")
    track("tagged/iris", "--ref", "v1")
    run("sync_models")
    run("promote", "flowers", "--reason", "first", "--by", "administrator")
    (source / "model.joblib").write_bytes(b"broken")
    hub.store.unpoint("tagged/iris", "tags", "v1")
    publish(source, "tagged/iris", "--tag", "v1")
    assert ask(administrator) == ("setosa", 1)
    assert ModelVersion.objects.get().commit == first
    with pytest.raises(CommandError, match=r"flowers v2 .* rejected: model.joblib: has 6 bytes"):
        run("sync_models")
    assert ask(administrator) == ("setosa", 1)


def test_a_rejected_version_is_followed_by_a_repaired_one(hub: LocalHub, source: Path, administrator: User) -> None:
    good = (source / "golden.json").read_text()
    wrong = json.loads(good)
    wrong["cases"][2]["expected"]["proba"] = {"setosa": 0, "versicolor": 0, "virginica": 1}
    (source / "golden.json").write_text(json.dumps(wrong))
    publish(repositories.changed(source, source), "repair/iris")
    track("repair/iris")
    for _ in range(2):  # a rejected one is tried again, and says the same
        with pytest.raises(CommandError, match=r"v1 .* rejected: Golden row “case-3” comes out differently here"):
            run("sync_models")
    (source / "golden.json").write_text(good)
    publish(repositories.changed(source, source), "repair/iris")
    assert "v2" in run("sync_models")
    assert list(ModelVersion.objects.order_by("number").values_list("status", flat=True)) == ["rejected", "ready"]


def test_a_rejected_version_becomes_ready_when_its_cause_is_gone(hub: LocalHub, source: Path, settings: Any) -> None:
    publish(source, "again/iris")
    track("again/iris")
    settings.MAX_ARTIFACT_BYTES = 1_000
    with pytest.raises(CommandError, match=r"rejected: .* needs .* bytes; 1,000 are allowed"):
        run("sync_models")
    settings.MAX_ARTIFACT_BYTES = 1_000_000
    assert "flowers v1" in run("sync_models")
    version = ModelVersion.objects.get()
    assert (version.status, version.reason, version.attempts) == ("ready", "", 1)


# -- a Hub in trouble: a sentence on the model or the version, and the version before goes on answering


@pytest.fixture
def served(hub: LocalHub, example: Any, promoted: Any) -> RegisteredModel:
    """A model that answers, whose repository has another commit to import."""
    promoted("iris", model="flowers")
    publish(example("iris"), REPO)
    return track(REPO)


def sync_fails(model: RegisteredModel) -> str:
    """What the page of the model and, if one was begun, of its second version say."""
    with pytest.raises(CommandError, match=r"Not served: flowers. What served before goes on serving."):
        run("sync_models", "flowers")
    model.refresh_from_db()
    second = model.versions.filter(number=2).first()
    assert second is None or second.status == "rejected"
    return model.sync_error or second.reason


RESOLVING, FILES = "GET .*/revision/main", "GET .*(/objects/|/resolve/.*/golden.json)"
TROUBLE = {
    "busy": (RESOLVING, {"status": 429, "headers": {"Retry-After": "30"}}, "allows no more requests .*in 30 s"),
    "down": (RESOLVING, {"status": 503}, r"has a problem \(HTTP 503\) with acme/iris at main"),
    "gone": (RESOLVING, {"drop": True}, "connection to http.* for acme/iris at main failed"),
    "silent": (RESOLVING, {"silent": True}, "did not finish with acme/iris at main within 2 s"),
    "no hub": (RESOLVING, {"status": 200}, "answered for acme/iris at main as no Hub does"),
    "busy while pulling": (FILES, {"status": 429}, "allows no more requests"),
    "down while pulling": (FILES, {"status": 503}, r"\(HTTP 503\) with acme/iris at [0-9a-f]{40}"),
    "silent while pulling": (FILES, {"silent": True}, "did not finish with acme/iris at [0-9a-f]{40} within 2 s"),
    "truncating": (FILES, {"truncate": 1}, "connection to http.* for acme/iris at [0-9a-f]{40} failed"),
    "shortening": (FILES, {"shorten": 1}, "arrived with another length"),
    "corrupting": (FILES, {"corrupt": True}, "arrived damaged: its content is not what http"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_is_said_and_serving_does_not_notice(
    served: RegisteredModel, hub: LocalHub, analyst: User, settings: Any, trouble: str
) -> None:
    pattern, fault, said = TROUBLE[trouble]
    settings.HUB_BUDGET_SECONDS = 2
    hub.fail(pattern, **fault)
    text = sync_fails(served)
    assert repositories.found(said, text), text
    assert TOKEN not in text
    assert ask(analyst) == ("setosa", 1)


STATES = {
    "private": ({"private": True}, "was not found: .* or it is private and no token is set"),
    "gated": ({"gated": "manual"}, "is gated: accept its conditions on http"),
    "disabled": ({"disabled": True}, "has disabled acme/iris at main"),
}


@pytest.mark.parametrize("state", STATES)
def test_a_closed_repository_says_how(
    served: RegisteredModel, hub: LocalHub, analyst: User, settings: Any, state: str
) -> None:
    flags, said = STATES[state]
    settings.HUB_TOKENS = {}
    hub.set_flags(REPO, **flags)
    try:
        text = sync_fails(served)
    finally:
        hub.set_flags(REPO, private=False, gated=False, disabled=False)
    assert repositories.found(said, text), text
    assert ask(analyst) == ("setosa", 1)


def test_a_missing_repository_or_branch(served: RegisteredModel, analyst: User) -> None:
    track("acme/nothing")
    assert "acme/nothing at main was not found" in sync_fails(served)
    track(REPO, "--ref", "v9")
    assert "has no branch, tag or commit v9" in sync_fails(served)
    assert ask(analyst) == ("setosa", 1)


def test_a_renamed_repository_is_followed(hub: LocalHub, source: Path, administrator: User) -> None:
    publish(source, "former/iris")
    track("former/iris")
    hub.rename("former/iris", "new/iris")
    assert "v1" in run("sync_models")


def test_a_later_sync_takes_the_error_away(served: RegisteredModel, hub: LocalHub, settings: Any) -> None:
    settings.HUB_BUDGET_SECONDS = 2
    hub.fail("GET", status=503)
    assert "503" in sync_fails(served)
    hub.heal()
    run("sync_models", "flowers")
    served.refresh_from_db()
    assert served.sync_error == ""


def test_a_hub_that_is_no_longer_allowed(served: RegisteredModel, settings: Any, analyst: User) -> None:
    settings.HUB_ENDPOINTS = {}
    assert sync_fails(served) == "The Hub “loopback” is no longer in HUB_ENDPOINTS."
    assert ask(analyst) == ("setosa", 1)


# -- what is refused before anything is asked


def test_an_endpoint_outside_the_list_is_refused(hub: LocalHub, source: Path) -> None:
    with pytest.raises(
        CommandError, match=r"“elsewhere” is no Hub of this instance. Choose one of: huggingface, loopback."
    ):
        run("track_model", "flowers", "--repo", REPO, "--endpoint", "elsewhere")
    with pytest.raises(CommandError, match="“elsewhere” is no Hub of this instance"):
        run("publish_model", str(source), "--repo", REPO, "--endpoint", "elsewhere")
    assert not RegisteredModel.objects.exists()


def test_a_broken_folder_is_not_published(hub: LocalHub, source: Path) -> None:
    def drop_unit(manifest: dict[str, Any]) -> None:
        manifest["inputs"]["features"][1]["dtype"] = "decimal"

    repositories.changed(source, source, drop_unit)
    said = r"model_manifest.json: inputs.features\[1\].dtype: 'decimal' is not one of"
    for command in (["check_model", str(source)], ["publish_model", str(source), "--repo", "x/y"]):
        with pytest.raises(CommandError, match=said):
            run(*command, *(["--endpoint", "loopback"] if "--repo" in command else []))
    with pytest.raises(CommandError, match="is no folder"):
        publish(source / "nothing", "x/y")


def test_a_changed_file_is_named(source: Path) -> None:
    (source / "golden.json").write_text("{}")
    with pytest.raises(CommandError, match=r"golden.json: has 2 bytes; the manifest says"):
        run("check_model", str(source))


def test_check_model_of_a_good_folder(source: Path) -> None:
    assert "can be served: runtime onnx, 8 golden rows replayed" in run("check_model", str(source))


def test_hidden_files_are_not_published(hub: LocalHub, source: Path) -> None:
    for name in (".env", ".git/config", "__pycache__/train.pyc"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("secret")
    publish(source, "hidden/iris")
    head = hub_client_resolve(hub, "hidden/iris")
    assert not [file.path for file in head.files if "env" in file.path or "git/" in file.path or "pyc" in file.path]


def hub_client_resolve(local: LocalHub, repo: str) -> hub.RepoHead:
    return hub.resolve(endpoint=local.url, repo_id=repo, revision="main", token=TOKEN)


def test_a_tag_that_is_taken_is_not_moved(hub: LocalHub, source: Path) -> None:
    publish(source, "taken/iris", "--tag", "v1")
    (source / "README.md").write_text("# Another card\n")
    with pytest.raises(CommandError, match="The tag v1 of taken/iris names commit"):
        publish(source, "taken/iris", "--tag", "v1")
