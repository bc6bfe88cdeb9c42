"""Versions and champions as the API tells of them: flat members, read without the long texts that a version holds too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from registry import said
from registry.exceptions import UnknownModel
from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from registry.signature import Signature, text_in


def told(versions: "QuerySet[ModelVersion]") -> "QuerySet[ModelVersion, Any]":
    """The versions with what is told of them, without card and import report: those may be large."""
    return (
        versions.select_related("model")
        .defer("metadata", "report")
        .annotate(
            called=F("metadata__name"),
            about=F("metadata__description"),
            edition=F("metadata__version"),
            metrics=F("metadata__metrics"),
            trained_at=F("metadata__provenance__trained_at"),
            environment=F("report__environment"),
            trained_python=F("report__python"),
            trained_packages=F("report__packages"),
        )
    )


@dataclass(frozen=True)
class Told:
    """A model, the version of its latest ledger entry, and whether that answers. `candidate`: the newest one that could."""

    model: RegisteredModel
    version: Any  # a ModelVersion of `told`; None before the first promotion
    is_suspended: bool
    candidate: int | None

    @property
    def status(self) -> str:
        if self.version is None:
            return "not_promoted"
        return "suspended" if self.is_suspended else "serving"


def told_models(name: str | None = None) -> list[Told]:
    """Every model that has been promoted, or the one of this name, promoted or not; in two queries.

    Read from the ledger, not from what this process remembers: all processes say the same, and so do their tags.
    Raises UnknownModel.
    """
    latest = LedgerEntry.objects.filter(model=OuterRef("pk")).order_by("-number")
    newest = ModelVersion.objects.ready().filter(model=OuterRef("pk"), is_draft=False).order_by("-number")
    models = RegisteredModel.objects.order_by("name").annotate(
        champion_id=Subquery(latest.values("to_version")[:1]),
        entry_kind=Subquery(latest.values("kind")[:1]),
        newest=Subquery(newest.values("number")[:1]),
    )
    found: list[Any] = list(models.filter(champion_id__isnull=False) if name is None else models.filter(name=name))
    if name is not None and not found:
        raise UnknownModel(_("No model named “%(name)s” is tracked.") % {"name": name[:80]})
    versions = told(ModelVersion.objects.all()).in_bulk([each.champion_id for each in found if each.champion_id])
    return [_told_model(each, versions.get(each.champion_id)) for each in found]


def _told_model(model: Any, version: Any) -> Told:
    newer = model.newest is not None and (version is None or model.newest > version.number)
    suspended = model.entry_kind == LedgerEntry.Kind.SUSPEND
    return Told(model, version, suspended, candidate=model.newest if newer else None)


# Bodies


def model_body(found: Told) -> dict[str, Any]:
    """A model as lists and its own address show it."""
    version = found.version
    return {
        "name": found.model.name,
        "title": title(version) if version else found.model.name,
        "description": text_in(version.about) if version else "",
        "repository": found.model.repo_id,
        "tracked_ref": found.model.tracked_ref,
        "input_kind": found.model.input_kind or None,
        "is_default": found.model.is_default,
        "status": found.status,
        "champion": _champion(version) if found.status == "serving" else None,
        "challenger": None,  # no version is asked beside the champion
        "candidate": found.candidate,
    }


def _champion(version: Any) -> dict[str, Any]:
    return {
        "version": version.number,
        "commit": version.commit,
        "task": version.signature["task"],
        "runtime": version.runtime,
        "trained_at": manifest_text(version.trained_at),
        "metrics": metric_bodies(version.metrics),
    }


def version_body(version: Any, champion: int | None) -> dict[str, Any]:
    """One of `told`; `champion` is the number of the version that answers."""
    return {
        "model": version.model.name,
        "version": version.number,
        "status": version.status,
        "reason": said.in_language(version.reason).text,
        "is_champion": version.number == champion,
        "is_draft": version.is_draft,
        "commit": version.commit,
        "edition": manifest_text(version.edition),
        "title": title(version),
        "task": version.signature.get("task"),
        "runtime": version.runtime or None,
        "features": features(version),
        "threshold": threshold(version),
        **_classes(version),
        "metrics": metric_bodies(version.metrics),
        "environment": _environment(version.environment),
        "trained_with": _packages(version.trained_python, version.trained_packages),
        "trained_at": manifest_text(version.trained_at),
        "created_at": version.created_at,
        "finished_at": version.finished_at,
    }


def title(version: Any) -> str:
    """How the manifest calls the model, else its name."""
    return text_in(version.called) or version.model.name


def features(version: Any) -> int | None:
    """How many there are; None for a picture, or while nothing is known yet."""
    inputs = version.signature.get("inputs") or {}
    return len(inputs["features"]) if inputs.get("features") else None


def threshold(version: Any) -> float | None:
    """From which score two classes tip; None where there is no such score."""
    found: float | None = ((version.signature.get("outputs") or {}).get("threshold") or {}).get("value")
    return found


def _classes(version: Any) -> dict[str, Any]:
    """What the model may answer, and so what an outcome's label may be; nulls for a value, or while nothing is known yet."""
    outputs = version.signature.get("outputs") or {}
    if not outputs.get("classes"):
        return {"classes": None, "positive": None}
    signature = Signature.parse(version.signature)
    names = signature.class_names
    told = [{"value": name, "title": signature.class_title(name)} for name in names]
    return {"classes": told, "positive": names[signature.positive] if len(names) == 2 else None}


def metric_bodies(metrics: Any) -> list[dict[str, Any]]:
    """The offline scores of a manifest; what has no number is left out, as pages do."""
    names = ("split", "n", "ci95", "slice")
    return [
        {"name": str(item["name"]), "value": item["value"]} | {name: item.get(name) for name in names}
        for item in metrics or []
        if item.get("name") and isinstance(item.get("value"), int | float) and not isinstance(item["value"], bool)
    ]


def _environment(found: Any) -> dict[str, Any] | None:
    if not isinstance(found, Mapping):
        return None
    packages = _packages(found.get("python"), found.get("packages"))
    return packages and {"is_own": bool(found.get("key")), **packages}


def _packages(python: Any, packages: Any) -> dict[str, Any] | None:
    if not isinstance(packages, Mapping):
        return None
    return {"python": manifest_text(python), "packages": {str(name): str(packages[name]) for name in sorted(packages)}}


def manifest_text(value: Any) -> str | None:
    """A text of the manifest where it may hold anything."""
    return value if isinstance(value, str) and value.strip() else None
