"""What can be done to a model, as verbs. The actor is an argument; the audit row is written in the same transaction."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from registry import confirmation, hub
from registry.exceptions import NotPromotable, RegistryError, UnknownModel
from registry.models import MAX_ATTEMPTS, ModelVersion, RegisteredModel, VersionFile

Progress = Callable[[str], None]
COMMIT = re.compile(r"[0-9a-f]{40}")
RESOLVE_SECONDS = 60.0


def silent(_message: str) -> None:
    """Progress that nobody watches."""


def track_model(
    *, name: str, endpoint: str, repo_id: str, ref: str = "main", default: bool = False, trusted: bool = False
) -> RegisteredModel:
    """Follow a repository under a name; tracking it again changes what is followed. Raises RegistryError."""
    if endpoint not in settings.HUB_ENDPOINTS:
        known = ", ".join(sorted(settings.HUB_ENDPOINTS))
        raise RegistryError(f"“{endpoint}” is no Hub of this instance. Choose one of: {known}.")
    values = {"endpoint": endpoint, "repo_id": repo_id, "tracked_ref": ref, "trusted": trusted}
    try:
        RegisteredModel(name=name, **values).clean_fields()
    except ValidationError as error:
        said = [f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items()]
        raise RegistryError(" ".join(said)) from error
    with transaction.atomic():
        model, _created = RegisteredModel.objects.update_or_create(name=name, defaults=values)
        if default:
            make_default(model)
    return model


def make_default(model: RegisteredModel) -> None:
    """Let this model answer calls that name none. Until its input kind is known, it only says so."""
    if model.input_kind:
        RegisteredModel.objects.filter(input_kind=model.input_kind, is_default=True).update(is_default=False)
    RegisteredModel.objects.filter(pk=model.pk).update(is_default=True)


def get_model(name: str) -> RegisteredModel:
    """A tracked model by name. Raises UnknownModel."""
    model = RegisteredModel.objects.filter(name=name).first()
    if model is None:
        raise UnknownModel(f"No model named “{name[:80]}” is tracked.")
    return model


def discover(*, model: RegisteredModel, commit: str | None = None) -> tuple[ModelVersion, bool]:
    """The version of the tracked head, or of a commit named by its 40 hex digits; True when it has to be imported.

    The same commit, or a commit whose model files are unchanged, makes no new version. A rejected one is tried
    again. Raises RegistryError (HubError for what the Hub did); that of the tracked head is noted on the model.
    """
    try:
        head = _head(model, commit)
    except RegistryError as error:
        if commit is None:
            _note_sync(model, str(error))
        raise
    if commit is None:
        _note_sync(model, "")
    with transaction.atomic():
        RegisteredModel.objects.select_for_update().get(pk=model.pk)
        return _version_of(model, head)


def _head(model: RegisteredModel, commit: str | None) -> hub.RepoHead:
    if commit is not None and not COMMIT.fullmatch(commit):
        raise RegistryError(f"“{commit[:80]}” is no commit: its 40 hexadecimal digits are needed.")
    return hub.resolve(
        endpoint=endpoint_of(model),
        repo_id=model.repo_id,
        revision=commit or model.tracked_ref,
        token=settings.HUB_TOKENS.get(model.endpoint) or None,
        budget_seconds=min(RESOLVE_SECONDS, settings.HUB_BUDGET_SECONDS),
    )


def endpoint_of(model: RegisteredModel) -> str:
    """The address of the model's Hub. Raises RegistryError when the allow-list no longer has it."""
    if model.endpoint not in settings.HUB_ENDPOINTS:
        raise RegistryError(f"The Hub “{model.endpoint}” is no longer in HUB_ENDPOINTS.")
    address: str = settings.HUB_ENDPOINTS[model.endpoint]
    return address


def _note_sync(model: RegisteredModel, error: str) -> None:
    RegisteredModel.objects.filter(pk=model.pk).update(synced_at=timezone.now(), sync_error=error)


def _version_of(model: RegisteredModel, head: hub.RepoHead) -> tuple[ModelVersion, bool]:
    files = hub.fingerprint(head)
    known = model.versions.filter(commit=head.commit).order_by("-number").first()
    if known is None:
        known = model.versions.ready().filter(report__remote_files=files).order_by("-number").first() if files else None
    if known is None:
        report = {"remote_files": files}
        number = _next_number(model)
        return ModelVersion.objects.create(model=model, number=number, commit=head.commit, report=report), True
    if known.status == ModelVersion.Status.REJECTED:
        known.status, known.reason, known.attempts, known.leased_until = ModelVersion.Status.IMPORTING, "", 0, None
        known.save(update_fields=["status", "reason", "attempts", "leased_until"])
    return known, known.status == ModelVersion.Status.IMPORTING


def _next_number(model: RegisteredModel) -> int:
    """Call it with the model's row locked."""
    return (model.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1


def import_version(*, version: ModelVersion, at: datetime, progress: Progress = silent) -> bool:
    """Import a version in this process; False when another process has it. The outcome is in the row."""
    from registry.importer import run

    if not ModelVersion.objects.claim(pk=version.pk, at=at):
        return False
    try:
        run.run(ModelVersion.objects.select_related("model").get(pk=version.pk), progress=progress)
    finally:  # interrupted: the next one need not wait for the lease to end
        ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING).update(leased_until=None)
    return True


def give_up_or_retry(*, version: ModelVersion) -> bool:
    """For an abandoned import: True when it should be tried again, else it is rejected."""
    if version.attempts < MAX_ATTEMPTS:
        return True
    reason = f"The import was begun {version.attempts} times and never finished; see the worker's log."
    ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING).update(
        status=ModelVersion.Status.REJECTED, reason=reason, finished_at=timezone.now()
    )
    return False


def confirm_signature(*, version: ModelVersion, signature: dict[str, Any] | None, by: User) -> ModelVersion:
    """Vouch for an inferred signature, as it stands or as edited: a new ready version of the same commit and files.

    `signature`: {"task", "inputs", "outputs"} as in the manifest; None takes the draft's own. It may say less than
    the draft or say it better, never promise what the import has not seen. Raises NotPromotable when the version is
    no ready draft, RegistryError naming what is wrong with the signature.
    """
    with transaction.atomic():
        model = RegisteredModel.objects.select_for_update().get(pk=version.model_id)
        version.refresh_from_db()
        if version.status != ModelVersion.Status.READY or not version.is_draft:
            raise NotPromotable(f"{version} has no inferred signature to confirm.")
        confirmed = version.signature if signature is None else signature
        if problems := confirmation.problems(version.signature, confirmed):
            raise RegistryError(" ".join(problems))
        new = ModelVersion.objects.create(
            model=model,
            number=_next_number(model),
            commit=version.commit,
            status=ModelVersion.Status.READY,
            reason=version.reason,
            runtime=version.runtime,
            signature=confirmed,
            manifest_digest=version.manifest_digest,
            metadata=version.metadata,
            report={**version.report, **_confirmed_by(version, by)},
            finished_at=timezone.now(),
        )
        VersionFile.objects.bulk_create(
            VersionFile(version=new, path=file.path, artifact_id=file.artifact_id) for file in version.files.all()
        )
    return new


def _confirmed_by(draft: ModelVersion, by: User) -> dict[str, Any]:
    at = timezone.now().isoformat(timespec="seconds")
    return {"confirmed_by": by.get_username(), "confirmed_at": at, "confirmed_from": draft.number}
