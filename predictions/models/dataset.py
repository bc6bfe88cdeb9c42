"""Business rows that questions are about: a list of employees, say. State: what was asked is kept with each answer."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models import RegisteredModel


class Dataset(models.Model):
    """Records of one kind, told apart by the column `key_column`.

    `columns`: [{"name", "kind"}] in the order of the file; kind is number, integer, boolean, category or text, numbers
    with "low" and "high", categories with their "values": what was seen when the records were last imported.
    """

    name = models.SlugField(_("name"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=120)
    model = models.ForeignKey(
        RegisteredModel,
        verbose_name=_("model"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="datasets",
        help_text=_("Asked about these records first; it gives the columns their titles."),
    )
    key_column = models.CharField(_("key column"), max_length=200)
    columns = models.JSONField(_("columns"), default=list)
    size = models.PositiveIntegerField(_("records"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("imported"), auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("imported by"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("set of records")
        verbose_name_plural = _("sets of records")

    def __str__(self) -> str:
        return self.title


class Record(models.Model):
    """One business row. `data`: column name -> number, text, boolean or null, as the file had it."""

    dataset = models.ForeignKey(Dataset, verbose_name=_("set of records"), on_delete=models.PROTECT, db_index=False)
    key = models.CharField(_("key"), max_length=200)
    data = models.JSONField(_("data"), default=dict)
    search = models.TextField(_("search text"), blank=True, help_text=_("Lower case, without accents."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("imported"), auto_now=True)

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        constraints = [models.UniqueConstraint(fields=["dataset", "key"], name="key_once_per_dataset")]
        indexes = [models.Index(fields=["dataset", "id"], name="record_by_dataset")]
        permissions = [("view_sensitive", "Can see the sensitive fields of records")]

    def __str__(self) -> str:
        return self.key
