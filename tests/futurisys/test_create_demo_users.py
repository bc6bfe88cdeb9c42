"""`manage.py create_demo_users`."""

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
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


PEOPLE = {
    "admin": "administrator",
    "business": "business user",
    "decider": "decision maker",
    "auditor": "auditor",
    "manager": "model manager",
    "approver": "approver",
}


def test_one_person_for_each_role_with_a_password_that_works(kept: Path) -> None:
    said = create()
    assert said == json.loads(kept.read_text())
    assert {user.username: user.groups.get().name for user in User.objects.filter(username__in=said)} == PEOPLE
    assert all(User.objects.get(username=name).check_password(password) for name, password in said.items())


def test_passwords_are_kept_private(kept: Path) -> None:
    create()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_second_time_changes_nothing() -> None:
    assert create() == create()
    assert User.objects.count() == len(PEOPLE)


def test_a_user_who_is_there_keeps_his_password() -> None:
    User.objects.create_user("admin", password="his own")
    create()
    assert User.objects.get(username="admin").check_password("his own")


def test_who_gets_into_the_admin() -> None:
    create()
    assert set(User.objects.filter(is_staff=True).values_list("username", flat=True)) == {"admin", "auditor"}
    assert User.objects.get(is_superuser=True).username == "admin"


def test_production_gets_none(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        create()
