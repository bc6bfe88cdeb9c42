"""An import killed at any point: begun again or rejected with a reason, and never half a version to be seen."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from examples.local_hub import LocalHub
from predictions import actions as predictions
from predictions.models import Source
from registry import actions, tasks
from registry.models import MAX_ATTEMPTS, Artifact, Delivery, ModelVersion, RegisteredModel, VersionFile
from tests import hubs
from tests.hubs import REPO, TOKEN, loopback_hub  # noqa: F401  a fixture
from tests.worlds import IRIS, ROOT

pytestmark = pytest.mark.django_db(transaction=True)
CARD = b"# Another card\n"
STEPS = ["downloading", "looking at the model file", "opening the model", "replaying golden rows", "converting"]
# Somebody waits for another transaction: the import, while the test holds a row.
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


@pytest.fixture
def served(hub: LocalHub, settings: Any, example: Any, promoted: Any) -> RegisteredModel:
    """A model that answers, whose repository has another commit to import."""
    promoted("iris")
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    hubs.publish(hub, example("iris"))
    card = hub.store.put_file(CARD)
    hub.store.commit(REPO, "main", changes={"README.md": card}, title="", message="", parent=None)
    return actions.track_model(name="iris", endpoint="loopback", repo_id=REPO)


@pytest.fixture
def begin(
    served: RegisteredModel, hub: LocalHub, database_environment: dict[str, str], tmp_path: Path
) -> Callable[[], "subprocess.Popen[str]"]:
    """`begin()`: a real process that imports."""
    own = {"FUTURISYS_LOOPBACK_HUB": hub.url, "FUTURISYS_LOOPBACK_TOKEN": TOKEN, "COMPARISON_ROWS": "1000"}
    own |= {"ARTIFACT_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    own |= {"PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "sync_models", "iris"]

    def process() -> "subprocess.Popen[str]":
        environment = database_environment | own
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    return process


def kill_at(process: "subprocess.Popen[str]", step: str) -> None:
    """End it without warning as soon as it says that it is at this step."""
    with process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.strip().startswith(step):
                break
        else:
            raise AssertionError("".join(said))
        process.kill()
        assert process.wait() == -signal.SIGKILL


def kill_while_storing(process: "subprocess.Popen[str]") -> None:
    """End it in the middle of its last transaction: one of its files is held up by a row of ours."""
    with process, transaction.atomic():
        Artifact.objects.create(sha256=hubs.digest(CARD), size=len(CARD), content=CARD)
        ends = time.monotonic() + 60
        with connection.cursor() as cursor:
            while not cursor.execute(WAITING).fetchone() and time.monotonic() < ends:
                assert process.poll() is None, process.stdout.read()
                time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        transaction.set_rollback(True)


def nothing_is_to_be_seen(by: User) -> ModelVersion:
    """The version is being imported, holds no file, and the one before answers."""
    version = ModelVersion.objects.get(number=2)
    assert (version.status, version.runtime, version.signature) == ("importing", "", {})
    assert not VersionFile.objects.filter(version=version).exists()
    assert not Artifact.objects.filter(sha256=hubs.digest(CARD)).exists()
    assert set(Delivery.objects.values_list("outcome", "version")) == {("waiting", version.pk)}
    columns = {name: [value] for name, value in IRIS.items()}
    answer = predictions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=by)
    assert (answer.version.number, answer.predictions[0].label) == (1, "setosa")
    return version


def sweep(version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """The version after its lease has ended, and the sweeper and the worker have come by."""
    monkeypatch.setattr(tasks.import_version, "delay", tasks.import_version)
    tasks.sweep_imports()
    version.refresh_from_db()
    assert version.status == "importing"  # the lease is not over: somebody may be at work
    ModelVersion.objects.filter(pk=version.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_imports()
    version.refresh_from_db()
    return version


def test_killed_twice_and_resumed(begin: Any, analyst: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for attempt, step in enumerate([STEPS[0], STEPS[2]], 1):
        kill_at(begin(), step)
        version = nothing_is_to_be_seen(analyst)
        assert version.attempts == attempt
        if attempt == 1:  # its lease has ended
            ModelVersion.objects.filter(pk=version.pk).update(leased_until=None)
    left = sorted(path.name.split("-")[1] for path in tmp_path.glob("futurisys-*"))
    assert left == ["child", "import"]  # those of the first were removed by the second
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    version = sweep(version, monkeypatch)
    assert (version.status, version.attempts, version.progress) == ("ready", 3, "")
    assert [path.name for path in tmp_path.glob("futurisys-[ci]*")] == []
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"imported"}


def test_killed_while_storing_for_the_last_time(begin: Any, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    process = begin()
    kill_while_storing(process)
    version = nothing_is_to_be_seen(analyst)
    ModelVersion.objects.filter(pk=version.pk).update(attempts=MAX_ATTEMPTS)
    version = sweep(version, monkeypatch)
    assert (version.status, version.reason[:46]) == ("rejected", "The import was begun 3 times and never finishe")
    assert "begun 3 times" in Delivery.objects.get().text
    assert not version.files.exists()


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("later", [0.0, 0.2])
def test_killed_at_each_step(
    begin: Any, analyst: User, monkeypatch: pytest.MonkeyPatch, step: str, later: float
) -> None:
    monkeypatch.setattr(subprocess.Popen, "kill", lambda self: time.sleep(later) or self.send_signal(signal.SIGKILL))
    kill_at(begin(), step)
    version = ModelVersion.objects.get(number=2)
    if not later or version.status == "importing":  # else it was stored meanwhile, as a whole
        version = sweep(nothing_is_to_be_seen(analyst), monkeypatch)
    assert (version.status, version.files.exists()) == ("ready", True)
