"""The same file, sent before: its answers may be there already."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from predictions.models import Batch

RUN = (Batch.Status.RUNNING, Batch.Status.DONE, Batch.Status.INCOMPLETE)
BEGUN = (Batch.Status.MAPPING, Batch.Status.CHECKING, Batch.Status.CHECKED)


@dataclass(frozen=True)
class Earlier:
    """What is said of it."""

    batch: Batch
    is_mine: bool

    @property
    def is_running(self) -> bool:
        return self.batch.status == Batch.Status.RUNNING

    @property
    def has_run(self) -> bool:
        return self.batch.status in RUN


def earlier(batch: Batch, user: User) -> Earlier | None:
    """The last time before that it was sent for this model, by anybody whose files this person may see.

    One that ran goes before one that this person only began with.
    """
    same = Batch.objects.visible_to(user).filter(model=batch.model_id, sha256=batch.sha256)
    known = same.filter(created_at__lt=batch.created_at).order_by("-created_at")
    found = known.filter(status__in=RUN).first() or known.filter(status__in=BEGUN, user=user).first()
    return Earlier(found, found.user_id == user.pk) if found else None
