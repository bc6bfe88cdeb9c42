"""Promotion without a person, where a model's owner switched it on: every condition is a sentence when it fails."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Permission, User
from django.utils import translation

from registry import promotions
from registry.exceptions import RegistryError
from registry.models import LedgerEntry, ModelVersion

ROBOT = "futurisys"
GOLDEN_ROWS = 5


def consider(version: ModelVersion) -> str:
    """Promote a version that has just become ready if its model wants that. What came of it, "" if nobody wants it."""
    if not version.model.auto_promote or version.status != ModelVersion.Status.READY:
        return ""
    last = promotions.latest(version.model)
    if found := list(_obstacles(version, last)):
        return " ".join(["Not promoted by itself:", *found])
    reason = _reason(version)
    try:
        with translation.override("en"):  # what is refused is stored, whoever looks on
            promotions.request(
                model=version.model, version=version, by=robot(), reason=reason, seen=last.number if last else 0
            )
    except RegistryError as refused:
        return f"Not promoted by itself: {refused}"
    return f"Promoted by itself. {reason}"


def robot() -> User:
    """Who stands in the ledger for an automatic promotion: a user nobody can log in as."""
    user, created = User.objects.get_or_create(username=ROBOT, defaults={"first_name": "Futurisys"})
    if created:
        user.set_unusable_password()
        user.save()
        user.user_permissions.add(Permission.objects.get(codename="promote_model"))
    return user


def _obstacles(version: ModelVersion, last: LedgerEntry | None) -> Iterator[str]:
    if last is None:
        yield "the first version of a model is promoted by a person."
        return
    if last.kind == LedgerEntry.Kind.SUSPEND:
        yield "the model is suspended."
    if version.number < last.to_version.number:
        yield "a newer version is in charge."
    if version.is_draft:
        yield "its signature was inferred."
    if (cases := _golden_rows(version)) < GOLDEN_ROWS:
        yield f"{cases} golden rows were replayed, at least {GOLDEN_ROWS} are needed."
    if not version.model.metric_floors:
        yield "the model has no metric floors."
    for name, floor in version.model.metric_floors.items():
        value = _metric(version, name)
        if value is None:
            yield f"its manifest has no metric {name}."
        elif value < floor:
            yield f"{name} is {value:g}, below {floor:g}."


def _golden_rows(version: ModelVersion) -> int:
    return int((version.report.get("golden") or {}).get("cases", 0))


def _metric(version: ModelVersion, name: str) -> float | None:
    """The smallest value of a metric in the manifest, over its splits and slices."""
    found: list[Any] = [item.get("value") for item in version.metadata.get("metrics") or [] if item.get("name") == name]
    numbers = [float(value) for value in found if isinstance(value, int | float)]
    return min(numbers, default=None)


def _reason(version: ModelVersion) -> str:
    floors = [
        f"{name} {_metric(version, name):g} is at least {floor:g}"
        for name, floor in version.model.metric_floors.items()
    ]
    return f"Automatic: {_golden_rows(version)} golden rows came out as promised; {', '.join(floors)}."
