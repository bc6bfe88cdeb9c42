"""Parts of the answers that were detached from their table: see docs/partitions.md."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DetachedPartition(models.Model):
    """A part of a table of facts that stands alone: the numbers from `low` (of the first part: any) to before `high`.

    What was counted of these facts stays as it is: nobody can count it again.
    """

    name = models.CharField(_("name"), max_length=63, primary_key=True)
    table = models.CharField(_("table of the database"), max_length=63)
    low = models.UUIDField(_("from"), null=True)
    high = models.UUIDField(_("to"))
    rows = models.PositiveBigIntegerField(_("rows"))
    detached_at = models.DateTimeField(_("detached on"), auto_now_add=True)

    class Meta:
        verbose_name = _("detached partition")
        verbose_name_plural = _("detached partitions")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
