"""Applications of libraries, with what they let us say about them."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AdminConfig):
    """The stock admin, whose site is ours."""

    default_site = "futurisys.site.Site"


class TokensConfig(AppConfig):
    """Knox, which knows no language but English."""

    name = "knox"
    verbose_name = _("API tokens")

    def ready(self) -> None:
        """Name its one model."""
        from knox.models import AuthToken

        AuthToken._meta.verbose_name = _("API token")
        AuthToken._meta.verbose_name_plural = _("API tokens")
