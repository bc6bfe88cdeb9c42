"""Roles are groups that a migration made, each with just its permissions."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from futurisys.accounts import roles
from tests.worlds import member

pytestmark = pytest.mark.django_db

ASK = {"predictions.add_prediction", "predictions.view_dataset", "predictions.view_record"}
WATCH = {f"predictions.view_{what}" for what in ("monitoring", "comparison", "alert")}
BRING = {"knox.add_authtoken", *(f"predictions.add_{what}" for what in ("record", "batch", "outcome"))}
RIGHTS = {
    roles.BUSINESS_USER: ASK | BRING,
    roles.DECISION_MAKER: ASK
    | BRING
    | WATCH
    | {"predictions.view_prediction", "predictions.view_sensitive"}
    | {"predictions.add_decision", "predictions.add_estimate"},
    roles.MODEL_MANAGER: WATCH
    | {
        *{"predictions.add_comparison", "predictions.change_alertrule"},
        *{"knox.add_authtoken", "predictions.add_prediction", "registry.sync_model", "registry.describe_version"},
        *{"registry.promote_model", "registry.oversee_model"},
    },
    roles.APPROVER: WATCH | {"knox.add_authtoken", "registry.approve_promotion", "registry.stop_model"},
    roles.VISITOR: {"predictions.add_prediction", "predictions.view_record"},
}


def of(role: str) -> set[str]:
    found = Permission.objects.filter(group__name=role).select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in found}


def every(*apps: str) -> set[str]:
    found = Permission.objects.filter(content_type__app_label__in=apps).select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in found}


@pytest.mark.parametrize("role", RIGHTS)
def test_a_role_has_just_these_permissions(role: str) -> None:
    assert of(role) == RIGHTS[role]


def test_an_auditor_sees_everything_and_makes_nothing_but_tokens() -> None:
    seen = {right for right in every("predictions", "registry") if right.partition(".")[2].startswith("view_")}
    assert of(roles.AUDITOR) == seen | {"auth.view_user", "auth.view_group", "knox.add_authtoken"}


def test_an_administrator_has_everything_of_the_product_and_of_people() -> None:
    assert of(roles.ADMINISTRATOR) == every("predictions", "registry", "auth", "knox")


def test_every_role_has_a_group_and_a_title() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES) == set(roles.TITLES)


def test_a_role_taken_away_is_gone_at_the_next_look(analyst: User) -> None:
    assert analyst.has_perm("predictions.add_prediction")
    analyst.groups.clear()
    assert not User.objects.get(pk=analyst.pk).has_perm("predictions.add_prediction")


def test_nobody_who_left_may_anything(analyst: User) -> None:
    analyst.is_active = False
    assert not analyst.has_perm("predictions.add_prediction")


def test_titles_are_for_people() -> None:
    assert roles.titles(member("fatou", roles.DECISION_MAKER)) == ["Decision maker"]
