"""State about people that Django's own user lacks."""

from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken


class Preferences(models.Model):
    """How a person wants the pages. Cookies carry it from page to page, this from one computer to the next."""

    user = models.OneToOneField(
        User, models.CASCADE, verbose_name=_("user"), primary_key=True, related_name="preferences"
    )
    language = models.CharField(_("language"), max_length=10)
    theme = models.CharField(_("colours"), max_length=10)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language}, {self.theme}"


class ApiTokenName(models.Model):
    """What its owner calls a token."""

    token: Any = models.OneToOneField(
        AuthToken, models.CASCADE, verbose_name=_("token"), primary_key=True, related_name="naming"
    )
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("name of an API token")
        verbose_name_plural = _("names of API tokens")

    def __str__(self) -> str:
        return self.name
