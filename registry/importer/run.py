"""The import of one version: download, contract, jailed child, golden rows, conversion, comparison, ready or rejected.

Each step adds to the report that the version page shows. Nothing is visible to serving before the last one.
"""

import logging
import math
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry import artifacts, contract, hub, metrics
from registry.actions import Progress, endpoint_of
from registry.contract import ContractError
from registry.exceptions import ImportRejected, RegistryError
from registry.folders import Folder
from registry.hub import HubError
from registry.importer import examine
from registry.importer.package import Package
from registry.models import ModelVersion, RegisteredModel
from registry.runtimes.base import RuntimeFailed

logger = logging.getLogger(__name__)

MAX_REASON = 5_000
UNLISTED = "on the list of allowed names"  # as the gate says it
DISCOVERED = ("remote_files",)  # what registry.actions notes of a commit before it is imported


def run(version: ModelVersion, *, progress: Progress) -> None:
    """Import a claimed version; its row ends ready or rejected, whatever happens to the files on the way."""
    # of a rejected version's last try nothing is kept but what its discovery wrote
    report = {key: version.report[key] for key in DISCOVERED if key in version.report}
    progress = _told(version, progress)
    try:
        with Folder("import") as folder:
            directory = _pull(version, folder, report, progress)
            package = read_package(directory, trusted=version.model.trusted, report=report)
            report = package.report  # rejected or not, it says how far the import came
            examine.examine(package, progress=progress)
            finish(version, package)
            metrics.imported(version.model.name, "ready")
    except (ImportRejected, ContractError, HubError, RegistryError, RuntimeFailed) as refused:
        if getattr(refused, "temporary", False):  # the next look at the Hub tries it again
            report["temporary"] = True
        _reject(version, _sentence(refused), report)
    except Exception:
        logger.exception("import failed", extra={"version": str(version)})
        _reject(version, "The import stopped on an error of its own; the worker's log has it.", report)
    version.refresh_from_db()


def _sentence(refused: Exception) -> str:
    """The reason, and for a file that names what it may not, what to do about it."""
    if UNLISTED in str(refused):
        return (
            f"{refused} These are no parts of a model, so the file was refused before anything of it could run. Publish "
            "the fitted pipeline alone (joblib.dump(pipeline, …)), or have an administrator trust the repository; see "
            "Trust in docs/model-repository.md."
        )
    return str(refused)


def _told(version: ModelVersion, progress: Progress) -> Progress:
    """`progress`, also for those who look at the version's page."""

    def tell(message: str) -> None:
        progress(message)
        importing = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING)
        importing.update(progress=message[:MAX_REASON])

    return tell


def _pull(version: ModelVersion, folder: Path, report: dict[str, Any], progress: Progress) -> Path:
    """Download the commit and note its files in the report."""
    model = version.model
    progress(f"downloading {model.repo_id} at {version.commit[:8]}")
    pulled = hub.pull(
        endpoint=endpoint_of(model),
        repo_id=model.repo_id,
        commit=version.commit,
        directory=folder,
        token=settings.HUB_TOKENS.get(model.endpoint) or None,
        max_bytes=settings.MAX_ARTIFACT_BYTES,
        budget_seconds=settings.HUB_BUDGET_SECONDS,
    )
    report |= {"hub_verified": pulled.verified, "files": _listed(pulled)}
    return pulled.directory


def _listed(pulled: hub.PulledRepo) -> dict[str, dict[str, Any]]:
    return {path: {"size": size, "sha256": digest} for path, (size, digest) in sorted(pulled.files.items())}


def read_package(directory: Path, *, trusted: bool, report: dict[str, Any] | None = None) -> Package:
    """A folder as the import sees it, with or without a manifest. Raises ContractError."""
    card = contract.card(directory)
    if contract.has_manifest(directory):
        found = contract.read(directory, complete=False, max_file=settings.MAX_ARTIFACT_BYTES)
        return Package.managed(found, card=card, trusted=trusted, report=report or {})
    return Package.bare(directory, contract.discover(directory), card=card, trusted=trusted, report=report or {})


def finish(version: ModelVersion, package: Package) -> None:
    """Store the files and make the version ready, in one transaction."""
    signature = package.signature
    kind = RegisteredModel.InputKind.IMAGE if signature.image is not None else RegisteredModel.InputKind.TABULAR
    with transaction.atomic():
        model = RegisteredModel.objects.select_for_update().get(pk=version.model_id)
        if not ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING).exists():
            raise RegistryError(f"{version} was finished elsewhere.")  # this process lost its lease
        _set_kind(model, kind)
        for path, content in package.contents():
            artifacts.store(version, path, content)
        ModelVersion.objects.filter(pk=version.pk).update(
            status=ModelVersion.Status.READY,
            reason=package.why_isolated,
            runtime=package.runtime,
            signature=package.signature_json,
            is_draft=package.is_draft,
            manifest_digest=package.manifest_digest,
            metadata=package.metadata,
            report=package.report,
            progress="",
            leased_until=None,
            finished_at=timezone.now(),
        )


def _set_kind(model: RegisteredModel, kind: RegisteredModel.InputKind) -> None:
    """The first version says what the model takes; a later one that takes something else is another model."""
    if model.input_kind and model.input_kind != kind:
        raise ImportRejected(f"This commit takes {kind} input; the model {model} takes {model.input_kind} input.")
    if not model.input_kind:
        if model.is_default:
            RegisteredModel.objects.filter(input_kind=kind, is_default=True).update(is_default=False)
        RegisteredModel.objects.filter(pk=model.pk).update(input_kind=kind)


def _reject(version: ModelVersion, reason: str, report: dict[str, Any]) -> None:
    mine = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING)
    rejected = mine.update(
        status=ModelVersion.Status.REJECTED,
        reason=reason.replace("\x00", " ")[:MAX_REASON],
        report=_storable(report),
        progress="",
        leased_until=None,
        finished_at=timezone.now(),
    )
    if rejected:
        metrics.imported(version.model.name, "rejected")


def _storable(value: Any) -> Any:
    """A report with what PostgreSQL cannot store left out: the child's words are a stranger's."""
    if isinstance(value, dict):
        return {_storable(str(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(each) for each in value]
    if isinstance(value, str):
        return value.replace("\x00", " ").encode(errors="replace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
