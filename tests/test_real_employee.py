"""The product's main job on real input: an HR extract, a Hub, a promotion, a question about one employee, an audit."""

import csv
import io
import os
import subprocess
import sys
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
from tests.worlds import ROOT


@pytest.fixture(scope="module")
def repository(attrition_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attrition")
    command = [sys.executable, ROOT / "examples/attrition/train.py", "--data", attrition_data, "--out", folder / "out"]
    environment = {**os.environ, "MPLCONFIGDIR": str(folder / "matplotlib")}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=120)
    return folder / "out"


@pytest.fixture
def promoted(repository: Path, settings: Any, tmp_path: Path, administrator: User) -> Iterator[ModelVersion]:
    with LocalHub(tmp_path / "hub") as hub:
        settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {}
        where = ["--repo", "acme/attrition", "--endpoint", "loopback"]
        for command in (
            ["publish_model", str(repository), *where, "--no-check"],
            ["track_model", "attrition", *where, "--default"],
            ["sync_models", "attrition"],
            ["promote", "attrition", "--reason", "PR-AUC 0.66", "--by", "administrator"],
        ):
            call_command(*command, stdout=io.StringIO())
        yield ModelVersion.objects.get()


@pytest.fixture
def employee(repository: Path) -> dict[str, str]:
    """A person of the held-out test set, as the extract spells them."""
    with (repository / "test_set.csv").open(encoding="utf-8") as file:
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
