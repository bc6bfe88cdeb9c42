"""Business rows that questions are about: a list of employees, say. State: what was asked is kept with each answer."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registry.models import RegisteredModel


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The sets that somebody may see: who lacks the right to see sets of records sees the examples alone."""
        if not user.has_perm("predictions.view_record"):
            return self.none()
        return self if user.has_perm("predictions.view_dataset") else self.filter(is_example=True)


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
    is_example = models.BooleanField(
        _("example"), default=False, help_text=_("Made up: visitors of the demo may see it too.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("imported"), auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("imported by"), on_delete=models.PROTECT, related_name="+"
    )

    objects = DatasetQuerySet.as_manager()

    class Meta:
        verbose_name = _("set of records")
        verbose_name_plural = _("sets of records")

    def __str__(self) -> str:
        return self.title

    @property
    def called(self) -> str:
        """The title, in the reader's language where the catalogue knows it: the demo's is stored in English."""
        return gettext(self.title) if self.title else ""

    def is_visible_to(self, user: User | AnonymousUser) -> bool:
        """Whether `visible_to` finds this set."""
        sees_all = self.is_example or user.has_perm("predictions.view_dataset")
        return sees_all and user.has_perm("predictions.view_record")


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


class RecordColumn(models.Model):
    """A column of all records of a set as one array, for the table: made from them by each import (listing/columns.py).

    Holds values that not everybody may see: read for columns that somebody may ask for, shown nowhere else.
    """

    dataset = models.ForeignKey(
        Dataset, verbose_name=_("set of records"), on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    name = models.CharField(_("name"), max_length=220)
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("column of records")
        verbose_name_plural = _("columns of records")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="column_once_per_dataset")]

    def __str__(self) -> str:
        return self.name
