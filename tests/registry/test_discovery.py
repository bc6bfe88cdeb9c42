"""What a delivery comes to: the head of the tracked ref, once per commit; renamed, replaced and deleted repositories."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from examples.local_hub import LocalHub
from registry import actions, automation, discovery, promotions
from registry.exceptions import RegistryError
from registry.hub_events import HubEvent
from registry.models import Delivery, LedgerEntry, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import (
    REPO,
    TOKEN,
    a_source,  # noqa: F401  fixtures
    loopback_hub,  # noqa: F401
)
from tests.registry.asking import (
    asked_deliveries,  # noqa: F401  fixtures
    end,
    model_with_a_hub,  # noqa: F401
    told,
)

Kind = Delivery.Kind


# -- one version a commit


def test_head_makes_a_version_and_waits_for_its_import(model: RegisteredModel, hub: LocalHub) -> None:
    found = told(model)
    assert (found.outcome, found.version.number, found.version.status) == ("waiting", 1, "importing")
    assert found.version.commit == hub.store.resolve(REPO, "main")
    model.refresh_from_db()
    assert (model.sync_error, model.repo_key) == ("", hub.store.repo(REPO)["_id"])
    assert timezone.now() - model.synced_at < timedelta(seconds=30)


def test_same_commit_is_known(model: RegisteredModel) -> None:
    version = end(told(model).version, "ready")
    again = told(model)
    assert (again.outcome, again.version) == ("known", version)
    assert again.text == f"Nothing new: version 1 ({version.commit[:8]}) is its commit."
    assert ModelVersion.objects.count() == 1


def test_commit_with_the_same_model_files_is_known(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    version = end(told(model).version, "ready")
    (source / "train.py").write_text("pass")
    head = hubs.publish(hub, source)
    assert head != version.commit
    assert (
        told(model).text == f"Nothing new: the model files of {head[:8]} are those of version 1 ({version.commit[:8]})."
    )


def test_a_changed_model_is_the_next_version(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    end(told(model).version, "ready")
    (source / "model.joblib").write_bytes(b"another")
    assert hubs.publish(hub, source) == told(model).version.commit
    assert ModelVersion.objects.count() == 2


def test_an_older_commit_is_followed_by_name(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    first = hub.store.resolve(REPO, "main")
    (source / "model.joblib").write_bytes(b"another")
    hubs.publish(hub, source)
    assert told(model, commit=first).version.commit == first
    failed = told(model, Kind.COMMAND, "f" * 40)
    assert (failed.outcome, failed.version) == ("failed", None)
    assert "has no branch, tag or commit ffff" in failed.text
    model.refresh_from_db()
    assert (model.sync_error, model.synced_at) == ("", None)  # its head was never asked for


@pytest.mark.parametrize("commit", ["main", "v1", "abc123", "F" * 40, "f" * 41])
def test_a_name_of_a_branch_is_no_commit(model: RegisteredModel, commit: str) -> None:
    for verb in (discovery.note, discovery.announce):
        with pytest.raises(RegistryError, match="is no commit: its 40 hexadecimal digits are needed"):
            verb(model=model, kind=Kind.BUTTON, commit=commit)
    assert not Delivery.objects.exists()


def test_what_a_webhook_says_of_a_commit_is_not_followed(model: RegisteredModel, hub: LocalHub) -> None:
    event = HubEvent("repo.content", "update", "model", REPO, "6" * 24, "e" * 40, ())
    (delivery,) = discovery.receive(event=event, endpoints=["loopback"])
    version, _new = discovery.follow(delivery)
    assert (delivery.commit, version.commit) == ("e" * 40, hub.store.resolve(REPO, "main"))


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_version(model: RegisteredModel) -> None:
    deliveries = [discovery.note(model=model, kind=Kind.BUTTON) for _ in range(4)]
    begin = threading.Barrier(4)

    def follow(delivery: Delivery) -> None:
        begin.wait()
        try:
            discovery.follow(delivery)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(follow, deliveries))
    version = end(ModelVersion.objects.get())
    assert set(Delivery.objects.values_list("outcome", "version")) == {("rejected", version.pk)}


# -- one question answers all that wait for the head


def test_one_question_answers_all_that_wait(model: RegisteredModel, hub: LocalHub) -> None:
    first, second = (discovery.note(model=model, kind=kind) for kind in (Kind.POLL, Kind.BUTTON))
    named = discovery.note(model=model, kind=Kind.BUTTON, commit=hub.store.resolve(REPO, "main"))
    hub.requests.clear()
    version, new = discovery.follow(first)
    assert (new, len(hub.requests)) == (True, 2)
    assert discovery.follow(second) == (None, False)
    assert len(hub.requests) == 2
    found = Delivery.objects.in_bulk([first.pk, second.pk, named.pk])
    assert [found[each.pk].version for each in (first, second, named)] == [version, version, None]


def test_end_of_an_import_is_said_to_all_that_wait_for_it(model: RegisteredModel) -> None:
    one, two = told(model), told(model)
    end(one.version, "rejected")
    for delivery in (one, two):
        delivery.refresh_from_db()
        text = f"Version 1 ({one.version.commit[:8]}) was rejected. It is no model."
        assert (delivery.outcome, delivery.text, bool(delivery.finished_at)) == ("rejected", text, True)


def test_a_draft_is_said_to_be_one(model: RegisteredModel) -> None:
    delivery = told(model)
    end(delivery.version, "ready", is_draft=True)
    delivery.refresh_from_db()
    assert delivery.text.endswith("is imported; its signature was inferred and has to be confirmed.")


# -- promotion by itself


def test_what_automation_says_is_in_the_delivery(model: RegisteredModel) -> None:
    RegisteredModel.objects.update(auto_promote=True)
    delivery = told(model)
    end(delivery.version, "ready")
    delivery.refresh_from_db()
    assert (delivery.outcome, "is ready. Not promoted by itself: the first version" in delivery.text) == (
        "imported",
        True,
    )


def test_automation_is_asked_once(model: RegisteredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(automation, "consider", lambda version: seen.append(version.number) or "Promoted.")
    version = end(told(model).version, "ready")
    discovery.settle(version)
    told(model)
    assert seen == [1]


def test_an_error_of_automation_does_not_hide_the_import(
    model: RegisteredModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(automation, "consider", lambda version: 1 / 0)
    delivery = told(model)
    end(delivery.version, "ready")
    delivery.refresh_from_db()
    assert (delivery.outcome, "stopped on an error of its own" in delivery.text) == ("imported", True)
    assert "ZeroDivisionError" in caplog.text


# -- a rejected version is tried again, but not by a poll for ever


def test_rejected_one_is_tried_again_when_somebody_asks(model: RegisteredModel) -> None:
    version = end(told(model).version)
    assert told(model, Kind.POLL).outcome == "rejected"
    again = told(model, Kind.BUTTON)
    assert (again.outcome, again.version, again.version.status) == ("waiting", version, "importing")


def test_rejection_for_a_passing_trouble_is_tried_again_by_a_poll(model: RegisteredModel) -> None:
    end(told(model).version, report={"temporary": True})
    assert told(model, Kind.POLL).outcome == "waiting"


# -- trouble with the Hub


def test_trouble_is_in_the_delivery_and_on_the_model(model: RegisteredModel, hub: LocalHub) -> None:
    hub.fail("GET", status=503)
    found = told(model)
    model.refresh_from_db()
    assert (found.outcome, found.version) == ("failed", None)
    assert found.text == model.sync_error
    assert "has a problem (HTTP 503) with acme/iris at main" in found.text


def test_a_deleted_repository_is_said(model: RegisteredModel, hub: LocalHub, iris: ModelVersion) -> None:
    RegisteredModel.objects.filter(pk=iris.model_id).update(endpoint="loopback", repo_id=REPO)
    hub.store.delete(REPO)
    text = told(iris.model).text
    assert "acme/iris at main was not found" in text
    assert text.endswith("What was imported goes on serving.")


def test_a_deleted_branch_is_said(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    hub.store.point(REPO, "branches", "stable", "main")
    RegisteredModel.objects.update(tracked_ref="stable")
    assert told(model).outcome == "waiting"
    hub.store.unpoint(REPO, "branches", "stable")
    assert "has no branch, tag or commit stable" in told(model).text


def test_offline_is_said_and_nothing_is_asked(
    model: RegisteredModel, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert "was not asked for, because HF_HUB_OFFLINE is set" in told(model).text
    assert hub.requests == []


# -- names and identities


def test_a_renamed_repository_is_followed_and_its_name_learnt(
    model: RegisteredModel, hub: LocalHub, source: Path
) -> None:
    version = end(told(model).version, "ready")
    hub.rename(REPO, "acme/flowers")
    found = told(model)
    assert (found.outcome, found.version) == ("known", version)
    assert found.text.startswith("acme/iris is called acme/flowers now. Nothing new")
    model.refresh_from_db()
    assert (model.repo_id, model.repo_key) == ("acme/flowers", hub.store.repo("acme/flowers")["_id"])
    assert "is called" not in told(model).text


def test_a_repository_made_anew_under_the_name_is_refused(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    version = end(told(model).version, "ready")
    hub.store.delete(REPO)
    (source / "model.joblib").write_bytes(b"of somebody else")
    hubs.publish(hub, source)
    for delivery in (told(model), told(model, commit=hub.store.resolve(REPO, "main"))):
        assert delivery.outcome == "failed"
        assert delivery.text.startswith("Another repository has the name acme/iris on http")
    model.refresh_from_db()
    assert "track it anew if that is wanted" in model.sync_error
    assert list(ModelVersion.objects.all()) == [version]
    actions.track_model(name="iris", endpoint="loopback", repo_id=REPO)
    assert told(model).version.number == 2


def test_a_name_taken_by_another_after_a_rename_is_refused(model: RegisteredModel, hub: LocalHub, source: Path) -> None:
    told(model)
    hub.rename(REPO, "acme/flowers")
    hub.store.create(REPO, private=False)  # before anybody noticed: the name redirects no more
    assert "Another repository has the name acme/iris" in told(model).text
    assert told(model).version is None


def test_a_hub_that_tells_no_id_is_followed_by_name(model: RegisteredModel, hub: LocalHub) -> None:
    body = {"id": REPO, "sha": hub.store.resolve(REPO, "main"), "siblings": []}
    hub.fail("GET .*/revision/", status=200, body=body)
    assert told(model).outcome == "waiting"
    model.refresh_from_db()
    assert model.repo_key == ""


@pytest.mark.parametrize("names", [{"id": "../../x", "_id": "a b"}, {"id": "x" * 300 + "/y", "_id": 7}, {"id": "gpt2"}])
def test_a_name_or_id_that_is_none_is_not_learnt(model: RegisteredModel, hub: LocalHub, names: dict) -> None:
    body = {"sha": hub.store.resolve(REPO, "main"), "siblings": []}
    hub.fail("GET .*/revision/", status=200, body=body | names)
    told(model)
    model.refresh_from_db()
    assert (model.repo_id, model.repo_key) == (REPO, "")


def test_what_was_tracked_anew_meanwhile_is_not_overwritten(model: RegisteredModel, hub: LocalHub) -> None:
    delivery = discovery.note(model=model, kind=Kind.BUTTON)
    hub.rename(REPO, "acme/flowers")
    actions.track_model(name="iris", endpoint="loopback", repo_id="acme/other")
    discovery.follow(delivery)
    model.refresh_from_db()
    assert (model.repo_id, model.repo_key) == ("acme/other", "")


# -- the whole way


def test_a_candidate_is_promoted_by_itself(
    hub: LocalHub, settings: Any, example: Any, administrator: User, db: None
) -> None:
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    hubs.publish(hub, example("iris"))
    model = actions.track_model(name="iris", endpoint="loopback", repo_id=REPO)
    first = discovery.sync(discovery.note(model=model, kind=Kind.BUTTON), at=timezone.now())
    assert (first.outcome, first.text) == ("imported", f"Version 1 ({first.version.commit[:8]}) is ready.")
    promotions.request(model=model, version=first.version, by=administrator, reason="first")
    RegisteredModel.objects.update(auto_promote=True, metric_floors={"accuracy": 0.5})
    hub.store.commit(
        REPO, "main", changes={"README.md": hub.store.put_file(b"# Anew\n")}, title="", message="", parent=None
    )
    second = discovery.sync(discovery.note(model=model, kind=Kind.WEBHOOK), at=timezone.now())
    assert "is ready. Promoted by itself. Automatic: 8 golden rows" in second.text
    assert LedgerEntry.objects.latest("number").to_version == second.version
