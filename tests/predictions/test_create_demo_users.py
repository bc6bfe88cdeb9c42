"""`manage.py create_demo_users`."""

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo-users.json"


def create() -> dict[str, str]:
    said = io.StringIO()
    call_command("create_demo_users", stdout=said)
    return dict(line.split(maxsplit=1) for line in said.getvalue().splitlines())


MANAGES = [("sync", "model"), ("describe", "version"), ("promote", "model"), ("oversee", "model")]
PEOPLE = {"admin", "business", "auditor", "manager", "approver"}


def test_five_people_with_passwords_that_work(kept: Path) -> None:
    said = create()
    assert set(said) == PEOPLE
    assert said == json.loads(kept.read_text())
    assert all(authenticate(username=name, password=password) for name, password in said.items())


def test_passwords_are_kept_private(kept: Path) -> None:
    create()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_second_time_changes_nothing() -> None:
    assert create() == create()
    assert User.objects.count() == len(PEOPLE)


def test_a_user_who_is_there_keeps_his_password() -> None:
    User.objects.create_user("admin", password="his own")
    create()
    assert authenticate(username="admin", password="his own")


def test_an_auditor_looks_at_everything_and_changes_nothing() -> None:
    create()
    auditor = User.objects.get(username="auditor")
    rights = auditor.get_all_permissions()
    assert {"predictions.view_prediction", "registry.view_ledgerentry", "auth.view_user"} <= rights
    assert {right.partition(".")[2].split("_")[0] for right in rights} == {"view"}
    assert auditor.is_staff


def test_a_business_user_has_no_admin() -> None:
    create()
    business = User.objects.get(username="business")
    assert (business.is_staff, business.is_superuser) == (False, False)


def test_two_people_look_after_models_and_neither_decides_alone() -> None:
    create()
    manager, approver = (User.objects.get(username=name).get_all_permissions() for name in ("manager", "approver"))
    assert manager == {f"registry.{name}_{what}" for name, what in MANAGES}
    assert approver == {"registry.approve_promotion", "registry.stop_model"}


def test_production_gets_none(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        create()
