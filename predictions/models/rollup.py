"""What happened, added up: hours from the facts, days from the hours. State: both can be made again at any time."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models import ModelVersion


class Rollup(models.Model):
    """Counts of the answers of one version through one door, all of them or those of one segment.

    `field`, `place`: the segment, as predictions.monitoring.rollups.layout numbers them; "" and 0 for all. The four arrays are
    those of predictions.monitoring.rollups.tally.Tally, as little-endian integers and floats.
    """

    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    source = models.CharField(_("through"), max_length=10, blank=True)
    field = models.CharField(_("segment by"), max_length=128, blank=True)
    place = models.PositiveSmallIntegerField(_("segment"), default=0)
    counts = models.BinaryField(_("counts"))
    sums = models.BinaryField(_("sums"))
    scores = models.BinaryField(_("scores"))
    bins = models.BinaryField(_("values"))
    latency = models.BinaryField(_("latency"))

    class Meta:
        abstract = True


class HourlyRollup(Rollup):
    """One hour; it begins at `hour`."""

    hour = models.DateTimeField(_("hour"))

    class Meta:
        verbose_name = _("hour, added up")
        verbose_name_plural = _("hours, added up")
        default_permissions = ()
        permissions = [("view_monitoring", "Can see how models are used, how fast and how right they are")]
        constraints = [
            models.UniqueConstraint(fields=["hour", "version", "source", "field", "place"], name="hourly_rollup_once")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M} {self.version_id} {self.source} {self.field}"


class DailyRollup(Rollup):
    """One day where the installation is (TIME_ZONE). Its source "" adds up all doors."""

    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("day, added up")
        verbose_name_plural = _("days, added up")
        default_permissions = ()
        constraints = [
            # In the order in which pages read: one version, one door, one segment, and a stretch of days.
            models.UniqueConstraint(fields=["version", "source", "field", "place", "day"], name="daily_rollup_once")
        ]
        indexes = [models.Index(fields=["day"], name="daily_rollup_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.version_id} {self.source} {self.field}"


class CountedHour(models.Model):
    """That an hour was counted, and when last."""

    hour = models.DateTimeField(_("hour"), primary_key=True)
    counted_at = models.DateTimeField(_("counted"))
    seconds = models.FloatField(_("seconds"), help_text=_("How long counting took."))

    class Meta:
        verbose_name = _("counted hour")
        verbose_name_plural = _("counted hours")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}"


class HourToCount(models.Model):
    """That something became known of answers of an hour: written with a decision or outcome, removed when counted."""

    hour = models.DateTimeField(_("hour"))

    class Meta:
        verbose_name = _("hour to be counted again")
        verbose_name_plural = _("hours to be counted again")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}"


class DriftLimits(models.Model):
    """How far a field of a version strays by chance alone, by sample size: simulated once. See monitoring/drift/straying.py.

    `limits`: {"sizes": [...], "fields": {name: [distance at each size]}, "score": [...]}.
    """

    version = models.OneToOneField(
        ModelVersion, verbose_name=_("version"), on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    limits = models.JSONField(_("limits"))
    made_at = models.DateTimeField(_("made"), auto_now=True)

    class Meta:
        verbose_name = _("limits of drift")
        verbose_name_plural = _("limits of drift")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.version_id)
