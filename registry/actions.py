"""What can be done to a model, as verbs. The actor is an argument; the audit row is written in the same transaction."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from registry import artifacts, confirmation, metrics, said
from registry.exceptions import NotPromotable, RegistryError, UnknownModel
from registry.models import MAX_ATTEMPTS, ModelVersion, RegisteredModel, VersionFile
from registry.rights import demand
from registry.runtimes.base import RuntimeFailed

Progress = Callable[[str], None]
RESERVED = frozenset({"deliveries", "requests"})  # /registry/<name>/ is the page of a model, except for these


def silent(_message: str) -> None:
    """Progress that nobody watches."""


def track_model(
    *,
    name: str,
    endpoint: str,
    repo_id: str,
    ref: str = "main",
    default: bool = False,
    trusted: bool = False,
    high_risk: bool = False,
    poll_minutes: int | None = None,
) -> RegisteredModel:
    """Follow a repository under a name; tracking it again changes what is followed. Raises RegistryError.

    `high_risk` marks the model, and asks for two people from then on; `poll_minutes` = None leaves it as it is.
    """
    if endpoint not in settings.HUB_ENDPOINTS:
        known = ", ".join(sorted(settings.HUB_ENDPOINTS))
        text = _("“%(name)s” is no Hub of this instance. Choose one of: %(known)s.")
        raise RegistryError(text % {"name": endpoint, "known": known})
    if name in RESERVED:
        text = _("“%(name)s” is the address of a page of the registry. Choose another name.")
        raise RegistryError(text % {"name": name})
    # Without the key the next sync takes whatever repository has the name now.
    values: dict[str, Any] = {"endpoint": endpoint, "repo_id": repo_id, "tracked_ref": ref, "trusted": trusted}
    values["repo_key"] = ""
    if high_risk:
        values |= {"is_high_risk": True, "approval": RegisteredModel.Approval.TWO, "auto_promote": False}
    if poll_minutes is not None:
        values["poll_minutes"] = poll_minutes
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
        raise UnknownModel(_("No model named “%(name)s” is tracked.") % {"name": name[:80]})
    return model


def endpoint_of(model: RegisteredModel) -> str:
    """The address of the model's Hub. Raises RegistryError when the allow-list no longer has it."""
    if model.endpoint not in settings.HUB_ENDPOINTS:
        raise RegistryError(f"The Hub “{model.endpoint}” is no longer in HUB_ENDPOINTS.")
    address: str = settings.HUB_ENDPOINTS[model.endpoint]
    return address


def next_number(model: RegisteredModel) -> int:
    """The number of a model's next version. Call it with the model's row locked."""
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
    mine = ModelVersion.objects.filter(pk=version.pk, status=ModelVersion.Status.IMPORTING)
    if mine.update(status=ModelVersion.Status.REJECTED, reason=reason, finished_at=timezone.now()):
        metrics.imported(version.model.name, "rejected")
    return False


def confirm_signature(*, version: ModelVersion, signature: dict[str, Any] | None, by: User) -> ModelVersion:
    """Describe a ready version anew: a new ready version of the same commit and files, which goes through promotion.

    `signature`: {"task", "inputs", "outputs"} as in the manifest; None vouches for an inferred one as it stands. It
    may say less than the present one or say it better, never promise what the import has not seen. Raises NotPromotable
    when the version is not ready, RegistryError naming what is wrong with the signature, or that nothing was changed.
    """
    demand(by, "registry.describe_version")
    with transaction.atomic():
        model = RegisteredModel.objects.select_for_update().get(pk=version.model_id)
        version.refresh_from_db()
        if version.status != ModelVersion.Status.READY:
            text = _("%(version)s is %(status)s: only a ready version can be described.")
            raise NotPromotable(text % {"version": version, "status": version.get_status_display()})
        described = version.signature if signature is None else signature
        _check_description(version, described)
        new = ModelVersion.objects.create(
            model=model,
            number=next_number(model),
            commit=version.commit,
            status=ModelVersion.Status.READY,
            reason=version.reason,
            runtime=version.runtime,
            signature=described,
            manifest_digest=version.manifest_digest,
            metadata=version.metadata,
            report={**version.report, **_confirmed_by(version, by)},
            finished_at=timezone.now(),
        )
        VersionFile.objects.bulk_create(
            VersionFile(version=new, path=file.path, artifact_id=file.artifact_id) for file in version.files.all()
        )
    return new


def _check_description(version: ModelVersion, described: dict[str, Any]) -> None:
    if confirmation.same(described, version.signature):
        if not version.is_draft:
            text = _("Nothing was changed: %(version)s is described so already.")
            raise RegistryError(text % {"version": version})
        return
    try:
        golden, sample = (artifacts.read(version, path) for path in ("golden.json", "background.csv"))
    except RuntimeFailed as error:
        raise RegistryError(said.in_language(str(error)).text) from error
    problems = confirmation.problems(
        version.signature,
        described,
        is_draft=version.is_draft,
        golden=json.loads(golden) if golden else None,
        sample=sample,
    )
    if problems:
        raise RegistryError(" ".join(problems))


def _confirmed_by(draft: ModelVersion, by: User) -> dict[str, Any]:
    at = timezone.now().isoformat(timespec="seconds")
    return {"confirmed_by": by.get_username(), "confirmed_at": at, "confirmed_from": draft.number}
