"""People in the admin: an administrator who is no superuser makes nobody more than that, and deletes nobody."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from knox.models import AuthToken

from futurisys.accounts import roles
from tests.registry.people import browser
from tests.worlds import member

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"


@pytest.fixture
def people() -> Client:
    """The browser of an administrator by role."""
    return browser(member("people", roles.ADMINISTRATOR, is_staff=True))


def test_a_role_is_given(people: Client) -> None:
    new = User.objects.create_user("new")
    wanted = Group.objects.get(name=roles.BUSINESS_USER)
    sent = {"username": "new", "is_active": "on", "groups": [wanted.pk], "date_joined_0": "2026-01-01"}
    assert people.post(f"{USERS}{new.pk}/change/", sent | {"date_joined_1": "00:00"}).status_code == 302
    assert new.groups.get() == wanted


def test_nobody_is_made_a_superuser_or_given_single_rights(people: Client) -> None:
    new = User.objects.create_user("new")
    sent = {"username": "new", "is_superuser": "on", "user_permissions": ["1"], "date_joined_0": "2026-01-01"}
    people.post(f"{USERS}{new.pk}/change/", sent | {"date_joined_1": "00:00"})
    new = User.objects.get(pk=new.pk)
    assert (new.is_superuser, new.is_active, new.user_permissions.count()) == (False, False, 0)


def test_a_superuser_is_out_of_reach(people: Client, administrator: User) -> None:
    for page in ("change", "password"):
        path = f"{USERS}{administrator.pk}/{page}/"
        sent = {"username": "x", "password1": "correct horse battery", "password2": "correct horse battery"}
        assert people.post(path, sent).status_code == 403
    assert User.objects.get(pk=administrator.pk).check_password("administrator-pass-1")


@pytest.mark.parametrize("who", ["people", "administrator"])
def test_nobody_is_deleted(request: pytest.FixtureRequest, analyst: User, who: str) -> None:
    found = request.getfixturevalue(who)
    client = found if isinstance(found, Client) else browser(found)
    assert client.post(f"{USERS}{analyst.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(USERS, {"action": "delete_selected", "_selected_action": [str(analyst.pk)], "post": "yes"})
    assert User.objects.filter(pk=analyst.pk).exists()


def test_a_role_is_neither_renamed_nor_deleted(people: Client) -> None:
    role = Group.objects.get(name=roles.AUDITOR)
    assert people.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    people.post(f"/admin/auth/group/{role.pk}/change/", {"name": "x"})
    assert Group.objects.filter(name=roles.AUDITOR).exists()


def test_a_token_is_revoked_here_and_never_made(people: Client, analyst: User) -> None:
    stored, _token = AuthToken.objects.create(analyst)
    path = "/admin/knox/authtoken/"
    assert people.post(f"{path}add/", {"user": analyst.pk}).status_code == 403
    assert people.get(f"{path}{stored.pk}/change/").status_code == 200
    people.post(f"{path}{stored.pk}/delete/", {"post": "yes"})
    assert not AuthToken.objects.exists()


def test_the_list_of_people_says_their_roles(people: Client) -> None:
    assert "Administrator" in people.get(USERS).content.decode()


def test_failed_attempts_are_not_shown(administrator: User) -> None:
    assert browser(administrator).get("/admin/axes/accessattempt/").status_code == 404
