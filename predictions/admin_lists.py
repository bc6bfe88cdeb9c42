"""Lists of facts in the admin: paged by the primary key, filtered by what is indexed, never counted."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from predictions.history.moments import first_id_of
from predictions.models import Source
from registry.models import ModelVersion, RegisteredModel

PAGE = 50
MAX_CHOICES = 100

Lookups = list[tuple[str, str]]


class CursorChangeList(ChangeList):
    """One query for a page: rows before the cursor, newest first. The total is PostgreSQL's own estimate."""

    def get_results(self, request: HttpRequest) -> None:
        unread = getattr(self.model_admin, "unread_in_lists", ())
        found = list(self.queryset.defer(*unread).order_by("-id")[: PAGE + 1])
        self.result_list = found[:PAGE]
        self.result_count = len(self.result_list)
        self.full_result_count = self.result_count  # what is shown; nothing is counted
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        # Before its first ANALYZE a table has an estimate of 0.
        self.estimate = max(estimated_rows(self.model._meta.db_table), self.result_count)
        self.older = self.get_query_string({"before": found[PAGE - 1].pk}) if len(found) > PAGE else None
        self.newest = self.get_query_string(remove=["before"]) if "before" in request.GET else None


def estimated_rows(table: str) -> int:
    """PostgreSQL's estimate of a table's rows, as of its last ANALYZE; at least 0. A partitioned one's are its parts'."""
    parts = "SELECT relid FROM pg_partition_tree(%s::regclass) WHERE isleaf UNION SELECT %s::regclass"
    estimate = f"SELECT sum(GREATEST(reltuples, 0))::bigint FROM pg_class WHERE oid IN ({parts}) AND relkind <> 'p'"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(estimate, [table, table])
        return int(cursor.fetchone()[0])


class BeforeFilter(admin.ListFilter):
    """The cursor: it has no choices of its own, the links under the list set it."""

    title = parameter_name = "before"
    template = "admin/predictions/no_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.value = params.pop("before", [""])[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return ["before"]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        return iter(())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            return queryset.filter(id__lt=uuid.UUID(self.value)) if self.value else queryset
        except ValueError:
            return queryset.none()


class ModelFilter(admin.SimpleListFilter):
    title, parameter_name = _("model"), "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(name, name) for name in RegisteredModel.objects.order_by("name").values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(
            version__in=list(ModelVersion.objects.filter(model__name=self.value()).values_list("pk", flat=True))
        )


class VersionFilter(admin.SimpleListFilter):
    title, parameter_name = _("version"), "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        versions = ModelVersion.objects.ready().select_related("model").order_by("-pk")[:MAX_CHOICES]
        return [(str(version.pk), f"{version} ({version.commit[:8]})") for version in versions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value and not (value.isdecimal() and len(value) < 10):
            return queryset.none()
        return queryset.filter(version_id=int(value)) if value else queryset


class LabelFilter(admin.SimpleListFilter):
    title, parameter_name = _("label"), "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        # From the signatures: asking the facts for their distinct labels would read all of them.
        classes = ModelVersion.objects.ready().order_by("-pk").values_list("signature__outputs__classes", flat=True)
        names = {str(item["value"]) for found in classes[:MAX_CHOICES] for item in found or []}
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(label=self.value()) if self.value() else queryset


class ChoiceFilter(admin.SimpleListFilter):
    """By a field that is called like the parameter, and whose values are `options`."""

    options: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [(value, str(label)) for value, label in self.options.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class SourceFilter(ChoiceFilter):
    title, parameter_name, options = _("source"), "source", Source


class UserFilter(admin.SimpleListFilter):
    """By user name, of the person in `field`."""

    title, parameter_name, field = _("user"), "user", "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        users = User.objects.order_by("username").values_list("username", flat=True)
        return [(name, name) for name in users[:MAX_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        found = list(User.objects.filter(username=self.value()).values_list("pk", flat=True))
        return queryset.filter(**{f"{self.field}__in": found})


class DateFilter(admin.SimpleListFilter):
    """By the time inside the record number, which is indexed; created_at is not."""

    title, parameter_name = _("date"), "date"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        words = {"1": _("Past day"), "7": _("Past 7 days"), "31": _("Past 31 days"), "366": _("Past year")}
        return [(days, str(word)) for days, word in words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value and not (value.isdecimal() and len(value) < 5):
            return queryset.none()
        return (
            queryset if not value else queryset.filter(id__gte=first_id_of(timezone.now() - timedelta(days=int(value))))
        )


def a_minute_after(number: uuid.UUID) -> uuid.UUID:
    """The record number of a minute later, or the largest there is."""
    return uuid.UUID(int=min(number.int + (60_000 << 80), (1 << 128) - 1))
