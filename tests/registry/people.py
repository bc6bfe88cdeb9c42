"""People who look after models, and how tests read the pages that they see."""

import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from registry import promotions, serving
from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel

PROMOTE = "/registry/iris/versions/{}/promote"
RIGHTS: dict[str, list[str]] = {
    "reader": [],
    "manager": ["sync_model", "describe_version", "promote_model", "oversee_model"],
    "approver": ["approve_promotion", "stop_model"],
    "requester": ["promote_model", "approve_promotion"],
}


def person(role: str, name: str = "") -> User:
    """A user with the rights of a role."""
    user = User.objects.create_user(name or role, first_name=(name or role).capitalize())
    user.user_permissions.set(Permission.objects.filter(codename__in=RIGHTS[role]))
    return user


def may(user: User, *codenames: str) -> User:
    """The user, with these rights besides those there were."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames, content_type__app_label="registry"))
    return User.objects.get(pk=user.pk)


def browser(user: User | None = None, **headers: str) -> Client:
    """A browser, in which that user is logged in."""
    client = Client(headers=headers)
    if user is not None:
        client.force_login(user)
    return client


def text(response: Any) -> str:
    """The words of a page, without its tags."""
    content = re.sub(r"<head>.*?</head>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


def seen(response: Any) -> str:
    """The number of the ledger entry that a page was made for: it travels in the form."""
    found = re.search(r'name="seen" value="(\d+)"', response.content.decode())
    assert found, text(response)
    return found[1]


def two_people(model: RegisteredModel) -> None:
    """From now on the model takes two."""
    RegisteredModel.objects.filter(pk=model.pk).update(approval="two")


def asked(version: ModelVersion, by: User, reason: str = "it is better") -> PromotionRequest:
    """An open request for a version, whose model takes two people from now on."""
    two_people(version.model)
    return promotions.request(model=version.model, version=version, by=by, reason=reason)


def champion(name: str = "iris") -> int:
    """The number of the version in charge, as the ledger has it."""
    serving.forget()
    return serving.champion(name).version.number


def entries(model: RegisteredModel, many: int, by: User) -> list[LedgerEntry]:
    """A history of `many` suspensions and resumptions after the first entry."""
    for turn in range(many):
        (promotions.resume if turn % 2 else promotions.suspend)(model=model, by=by, reason=f"reason {turn}")
    return list(model.ledger.order_by("-number"))
