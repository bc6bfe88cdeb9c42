"""The stock admin as one site of ours: its titles, and only the verbs that its pages have."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods


class Site(AdminSite):
    """Its login, logout and password are those of every page: see futurisys.accounts.urls."""

    site_header = site_title = "Futurisys"
    index_title = _("Audit")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Django's own takes PUT and DELETE for GET."""
        return require_http_methods(["GET", "HEAD", "POST"])(super().admin_view(view, cacheable))
