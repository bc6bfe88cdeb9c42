"""Celery's doors into the registry. The message is a hint, the row is the truth: losing or doubling one is harmless."""

from typing import Any

from celery import shared_task

from registry import actions, clock, discovery
from registry.models import Delivery, ModelVersion


@shared_task
def sync_model(*, delivery_id: int = 0, **_kwargs: Any) -> None:
    """Ask the Hub for what a delivery announces and import it when it is new; what came of it is in the delivery."""
    delivery = Delivery.objects.select_related("model").filter(pk=delivery_id).first()
    if delivery is not None:  # else the model was deleted meanwhile
        discovery.sync(delivery, at=clock.now())


@shared_task
def import_version(*, version_id: int, **_kwargs: Any) -> None:
    """Import one version, if nobody else is at it."""
    version = ModelVersion.objects.get(pk=version_id)
    actions.import_version(version=version, at=clock.now())
    discovery.settle(version)


@shared_task
def poll_models(**_kwargs: Any) -> None:
    """Every minute: models that have not been asked about for as long as they say."""
    discovery.poll(at=clock.now())


@shared_task
def sweep_deliveries(**_kwargs: Any) -> None:
    """Every minute: deliveries whose message or worker was lost, and old ones."""
    discovery.take_up_again(at=clock.now())
    discovery.forget(at=clock.now())


@shared_task
def sweep_imports(**_kwargs: Any) -> None:
    """Every minute: imports whose message or worker was lost are begun again, a third loss rejects them."""
    for version in ModelVersion.objects.abandoned(at=clock.now()):
        if actions.give_up_or_retry(version=version):
            import_version.delay(version_id=version.pk)
        else:
            discovery.settle(version)
