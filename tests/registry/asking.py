"""A model on a loopback Hub that can be asked about it, without the time an import takes."""

from pathlib import Path
from typing import Any

import pytest

from examples.local_hub import LocalHub
from registry import actions, discovery
from registry.models import Delivery, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import REPO, TOKEN

Kind = Delivery.Kind


@pytest.fixture(name="asked")
def asked_deliveries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Deliveries the worker was asked to follow."""
    ids: list[int] = []
    monkeypatch.setattr(discovery, "_ask_worker", lambda delivery, **_how: ids.append(delivery.pk))
    return ids


@pytest.fixture(name="model")
def model_with_a_hub(asked: list[int], hub: LocalHub, source: Path, settings: Any, db: None) -> RegisteredModel:
    """A model on a Hub with one commit of a repository whose import is not worth a test's time."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": TOKEN}
    settings.HUB_BUDGET_SECONDS = 2
    hubs.publish(hub, source)
    return actions.track_model(name="iris", endpoint="loopback", repo_id=REPO)


def told(model: RegisteredModel, kind: Delivery.Kind = Kind.BUTTON, commit: str = "") -> Delivery:
    """The delivery after the Hub was asked."""
    delivery = discovery.note(model=RegisteredModel.objects.get(pk=model.pk), kind=kind, commit=commit)
    discovery.follow(delivery)
    delivery.refresh_from_db()
    return delivery


def end(version: ModelVersion | None, status: str = "rejected", **values: Any) -> ModelVersion:
    """The version after an import that was not made."""
    assert version is not None
    ended = {"rejected": {"reason": "It is no model."}, "ready": {"runtime": "onnx"}}[status]
    ModelVersion.objects.filter(pk=version.pk).update(status=status, **ended | values)
    discovery.settle(version)
    return version
