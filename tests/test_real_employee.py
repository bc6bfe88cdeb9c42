"""The product's main job on real input: an HR extract, a Hub, a promotion, a question about one employee, an audit."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from examples.local_hub import LocalHub
from predictions.models import Prediction
from registry.models import ModelVersion


@pytest.fixture
def promoted(real_attrition: Path, settings: Any, tmp_path: Path, administrator: User) -> Iterator[ModelVersion]:
    with LocalHub(tmp_path / "hub") as hub:
        settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {}
        where = ["--repo", "acme/attrition", "--endpoint", "loopback"]
        for command in (
            ["publish_model", str(real_attrition), *where, "--no-check"],
            ["track_model", "attrition", *where, "--default"],
            ["sync_models", "attrition"],
            ["promote", "attrition", "--reason", "PR-AUC 0.66", "--by", "administrator"],
        ):
            call_command(*command, stdout=io.StringIO())
        yield ModelVersion.objects.get()


@pytest.fixture
def employee(real_attrition: Path) -> dict[str, str]:
    """A person of the held-out test set, as the extract spells them."""
    with (real_attrition / "test_set.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    return {name: value for name, value in row.items() if name not in {"id_employee", "outcome"}}


def test_form_and_api_answer_for_an_employee_and_the_auditor_finds_both(
    promoted: ModelVersion, employee: dict[str, str], analyst: User, auditor: User, token: Any, client: Client
) -> None:
    api = client.post("/predict", employee, "application/json", headers={"authorization": token(analyst)}).json()
    client.force_login(analyst)
    form = {f"x-{name}": value for name, value in employee.items()} | {"idempotency_key": "k"}
    shown = client.post("/predict/attrition/", form, follow=True)
    by_form = Prediction.objects.get(source="form")
    assert by_form.score == pytest.approx(api["probability"], abs=1e-6)
    assert str(by_form.pk) in shown.content.decode()
    client.force_login(auditor)
    for number in (by_form.pk, api["request_id"]):
        page = client.get(f"/admin/predictions/prediction/{number}/change/").content.decode()
        assert promoted.commit in page
        assert "analyst" in page
        assert employee["revenu_mensuel"] in page
    listed = client.get("/admin/predictions/prediction/").content.decode()
    assert str(by_form.pk) in listed
    assert api["request_id"] in listed
