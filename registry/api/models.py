"""The registry as JSON: models, and the versions of each."""

import re
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from registry import actions
from registry.api import samples, shapes
from registry.api.base import TaggedView, wrong
from registry.api.documents import CURSOR, PAGE_SIZE, described, example
from registry.api.paging import PARAMETERS, Pages
from registry.api.versions import model_body, told, told_models, version_body
from registry.exceptions import UnknownModel
from registry.models import LedgerEntry, ModelVersion, RegisteredModel

PAGE = {"next": None, "previous": None}


class ModelsView(TaggedView):
    """GET /api/v1/models: every model that has been promoted, and the version that answers."""

    @described(
        "models.list",
        tag="Registry",
        summary="Models that have been promoted",
        description="By name, all on one page: a registry has tens of models, not thousands.",
        answers={200: shapes.ModelList},
        examples=[example("One model", {**PAGE, "results": [samples.IRIS]}, status=200)],
    )
    def get(self, request: Request) -> Response:
        """All of them."""
        return Response({**PAGE, "results": [model_body(found) for found in told_models()]})


class ModelView(TaggedView):
    """GET /api/v1/models/{model}."""

    @described(
        "models.read",
        tag="Registry",
        summary="One model",
        description="Also one that is followed and was never promoted: `not_promoted`.",
        answers={200: shapes.Model},
        parameters=[shapes.MODEL],
        examples=[example("A model that answers", samples.IRIS, status=200)],
        problems=(404,),
    )
    def get(self, request: Request, model: str) -> Response:
        """The model, its champion, and whether something newer waits."""
        return Response(model_body(told_models(model)[0]))


class VersionPages(Pages):
    """Newest first by their number."""

    ordering = "-number"


class VersionsView(TaggedView):
    """GET /api/v1/models/{model}/versions."""

    parameters = (*PARAMETERS, "status", "commit")

    @described(
        "versions.list",
        tag="Registry",
        summary="Versions of a model",
        description="Newest first, whatever became of them. `commit` finds what the import made of a commit just published.",
        answers={200: shapes.VersionPage},
        parameters=[
            shapes.MODEL,
            CURSOR,
            PAGE_SIZE,
            OpenApiParameter("status", {"type": "string", "enum": ModelVersion.Status.values}),
            OpenApiParameter(
                "commit",
                {"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"},
                description="All hexadecimal digits of a commit.",
            ),
        ],
        examples=[example("One version", {**PAGE, "results": [samples.IRIS_3]}, status=200)],
        problems=(400, 404),
    )
    def get(self, request: Request, model: str) -> Response:
        """A page of them."""
        found = actions.get_model(model)
        pages = VersionPages()
        page = pages.paginate_queryset(told(found.versions.filter(**_filters(request))), request, self)
        champion = champion_number(found)
        return pages.get_paginated_response([version_body(version, champion) for version in page])


class VersionView(TaggedView):
    """GET /api/v1/models/{model}/versions/{number}."""

    @described(
        "versions.read",
        tag="Registry",
        summary="One version",
        description="Where its import stands, what it takes to run, and how well it did before it was published.",
        answers={200: shapes.Version},
        parameters=[shapes.MODEL, shapes.NUMBER],
        examples=[example("The champion", samples.IRIS_3, status=200)],
        problems=(404,),
    )
    def get(self, request: Request, model: str, number: int) -> Response:
        """The version, whatever became of it."""
        found = actions.get_model(model)
        version = told(found.versions.filter(number=number)).first()
        if version is None:
            raise UnknownModel(_("The model “%(name)s” has no version %(number)s.") % {"name": model, "number": number})
        return Response(version_body(version, champion_number(found)))


def champion_number(model: RegisteredModel) -> int | None:
    """The version that answers; None before the first promotion and while the model is suspended."""
    latest = model.ledger.order_by("-number").values_list("kind", "to_version__number").first()
    return None if latest is None or latest[0] == LedgerEntry.Kind.SUSPEND else latest[1]


def _filters(request: Request) -> dict[str, Any]:
    found = {name: request.query_params[name] for name in ("status", "commit") if name in request.query_params}
    if found.get("status", ModelVersion.Status.READY) not in ModelVersion.Status.values:
        known = ", ".join(ModelVersion.Status.values)
        raise wrong("status", "unknown_choice", _("“status” must be one of: %(known)s.") % {"known": known})
    if "commit" in found and not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", found["commit"]):
        raise wrong(
            "commit", "not_a_commit", _("“commit” must be all hexadecimal digits of a commit, in small letters.")
        )
    return found
