"""The doors of discovery for people: track_model, sync_models and the admin."""

import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import joblib
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from examples.local_hub import LocalHub
from registry import actions, discovery
from registry.management.commands import sync_models
from registry.models import Delivery, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import REPO, TOKEN, a_source, loopback_hub  # noqa: F401  fixtures
from tests.registry import pipelines
from tests.registry.asking import end
from tests.worlds import ROOT


def run(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=out)
    return out.getvalue()


# -- track_model


def test_track_model_marks_risk_and_sets_the_interval(db: None) -> None:
    run("track_model", "a", "--repo", "x/y")
    model = RegisteredModel.objects.get()
    assert (model.is_high_risk, model.approval, model.poll_minutes) == (False, "one", 15)
    RegisteredModel.objects.update(auto_promote=True)
    run("track_model", "a", "--repo", "x/y", "--high-risk", "--poll-minutes", "0")
    model.refresh_from_db()
    assert (model.is_high_risk, model.approval, model.poll_minutes) == (True, "two", 0)
    assert not model.auto_promote
    run("track_model", "a", "--repo", "x/z")  # tracking it again takes no care away
    model.refresh_from_db()
    assert (model.repo_id, model.approval, model.poll_minutes) == ("x/z", "two", 0)


@pytest.mark.parametrize("minutes", ["-1", "40000"])
def test_an_interval_that_is_none(db: None, minutes: str) -> None:
    with pytest.raises(CommandError, match="poll_minutes: Ensure this value is"):
        run("track_model", "a", "--repo", "x/y", "--poll-minutes", minutes)
    assert not RegisteredModel.objects.exists()


# -- sync_models


def test_sync_of_a_draft_says_what_comes_next(
    hub: LocalHub, settings: Any, tmp_path: Path, administrator: User
) -> None:
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    (tmp_path / "bare").mkdir()
    joblib.dump(pipelines.fitted("logistic"), tmp_path / "bare" / "model.joblib")
    hubs.publish(hub, tmp_path / "bare")
    actions.track_model(name="bare", endpoint="loopback", repo_id=REPO)
    said = run("sync_models", "bare")
    assert "imported: a draft, runtime onnx." in said
    assert "/registry/bare/versions/1/signature" in said
    (command,) = [line for line in said.splitlines() if "confirm_signature" in line]
    words = command.partition("“")[2].partition("”")[0].replace("USERNAME", "administrator").split()
    assert '"inputs"' in run(*words)
    assert Delivery.objects.get().kind == "command"


@pytest.fixture
def imported_elsewhere(hub: LocalHub, settings: Any, iris: ModelVersion, source: Path) -> ModelVersion:
    """Version 2 of iris, which another process is importing."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    hubs.publish(hub, source)
    model = actions.track_model(name="iris", endpoint="loopback", repo_id=REPO)
    version, _new = discovery.follow(discovery.note(model=model, kind=Delivery.Kind.POLL))
    assert version is not None
    assert ModelVersion.objects.claim(pk=version.pk, at=timezone.now())
    return version


def test_sync_waits_for_another_process(imported_elsewhere: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_models, "sleep", lambda _seconds: end(imported_elsewhere, "ready"))
    said = run("sync_models", "iris")
    assert "iris v2: another process is importing it, which is waited for ..." in said
    assert f"iris v2 ({imported_elsewhere.commit[:8]}) imported: ready, runtime onnx." in said


def test_sync_imports_in_the_place_of_a_process_that_was_killed(
    imported_elsewhere: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = ModelVersion.objects.filter(pk=imported_elsewhere.pk)
    monkeypatch.setattr(sync_models, "sleep", lambda _seconds: lost.update(leased_until=timezone.now()))
    with pytest.raises(CommandError, match="Not served: iris"):  # its manifest is none, which an import alone finds
        run("sync_models", "iris")
    imported_elsewhere.refresh_from_db()
    assert (imported_elsewhere.status, imported_elsewhere.attempts) == ("rejected", 2)


def test_sync_waits_no_longer_than_an_import_may_take(
    imported_elsewhere: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_models, "LEASE", timedelta(0))
    with pytest.raises(CommandError, match="Not served: iris"):
        run("sync_models", "iris")


# -- the admin


def test_deliveries_are_read_and_filtered_in_the_admin(iris: ModelVersion, auditor: User) -> None:
    client, path = Client(), "/admin/registry/delivery/"
    client.force_login(auditor)
    for outcome in ("known", "failed"):
        Delivery.objects.create(kind="poll", model=iris.model, outcome=outcome, text=f"<b>{outcome}</b>", version=iris)
    page = client.get(path).content.decode()
    assert ("&lt;b&gt;known" in page, "&lt;b&gt;failed" in page) == (True, True)
    assert "&lt;b&gt;known" not in client.get(f"{path}?outcome__exact=failed").content.decode()
    delivery = Delivery.objects.first()
    assert client.get(f"{path}{delivery.pk}/change/").status_code == 200
    assert client.post(f"{path}{delivery.pk}/change/", {"text": "x"}).status_code == 403
    assert client.get(f"{path}add/").status_code == 403


def test_sync_now_needs_its_own_right(iris: ModelVersion, auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.models import Permission

    monkeypatch.setattr(discovery, "_ask_worker", lambda delivery, **_how: None)
    path, chosen = "/admin/registry/registeredmodel/", {"action": "sync_now", "_selected_action": [iris.model_id]}
    client = Client()
    client.force_login(auditor)
    client.post(path, chosen)
    assert not Delivery.objects.exists()
    auditor.user_permissions.add(Permission.objects.get(codename="sync_model"))
    client.post(path, chosen)
    assert Delivery.objects.get().kind == "button"


def test_a_web_process_does_not_bring_the_hubs_client() -> None:
    script = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'futurisys.settings'\n"
        "from futurisys.wsgi import application\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "import registry.tasks\n"
        "print([name for name in ('huggingface_hub', 'httpx2', 'sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
