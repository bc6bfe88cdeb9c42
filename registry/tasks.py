"""Celery's doors into the registry. The message is a hint, the row is the truth: losing or doubling one is harmless."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from registry import actions
from registry.exceptions import RegistryError
from registry.models import ModelVersion, RegisteredModel


@shared_task
def sync_model(*, model_id: int, **_kwargs: Any) -> None:
    """Ask the Hub for the model's head and import it when it is new; a Hub that fails is noted on the model."""
    try:
        version, new = actions.discover(model=RegisteredModel.objects.get(pk=model_id))
    except RegistryError:
        return
    if new:
        actions.import_version(version=version, at=timezone.now())


@shared_task
def import_version(*, version_id: int, **_kwargs: Any) -> None:
    """Import one version, if nobody else is at it."""
    actions.import_version(version=ModelVersion.objects.get(pk=version_id), at=timezone.now())


@shared_task
def sweep_imports(**_kwargs: Any) -> None:
    """Every minute: imports whose message or worker was lost are begun again, a third loss rejects them."""
    for version in ModelVersion.objects.abandoned(at=timezone.now()):
        if actions.give_up_or_retry(version=version):
            import_version.delay(version_id=version.pk)
