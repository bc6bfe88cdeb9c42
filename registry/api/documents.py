"""How operations describe themselves in the OpenAPI document: shared shapes, and one thin wrapper.

@described(
    "predictions.list", tag="History", summary="What was asked and answered", answers={200: PredictionPage},
    parameters=[...], examples=[example("Newest first", {...}, status=200)], problems=(400,), throttled=True,
)
def get(self, request: Request) -> Response: ...
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

PROBLEM = "application/problem+json"


class StrictSerializer(serializers.Serializer):
    """A shape in which nothing else has a place: an unknown member is an error of its own name."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            message = _("The body has no such member. Remove it.")
            raise serializers.ValidationError({name[:80]: [message] for name in unknown}, code="unknown_field")
        return super().to_internal_value(data)


class ProblemErrorSerializer(serializers.Serializer):
    """What is wrong with one field of one row."""

    row = serializers.IntegerField(min_value=0, allow_null=True)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457 problem details, with a `code` for programs and the fields that are wrong."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]  # DRF takes it away from the class


PROBLEMS: dict[int, str] = {
    400: "The request cannot be used; `errors` names row and field.",
    401: "No token, or none that is valid.",
    403: "The token's user may not do that.",
    404: "There is nothing of this name, or nothing that the token's user may see.",
    409: "Something else happened meanwhile.",
    413: "Too much for one call.",
    415: "Not UTF-8 JSON.",
    422: "The idempotency key was used for another request.",
    429: "Too many calls: wait for `Retry-After` seconds.",
    503: "Nothing was stored and nothing was answered: try again after `Retry-After` seconds.",
}


def example(name: str, value: Any, *, status: int | None = None, description: str = "") -> OpenApiExample:
    """An example of a request, or with `status` of that response."""
    if status is None:
        return OpenApiExample(name, value=value, request_only=True, description=description)
    codes = [str(status)]
    return OpenApiExample(name, value=value, response_only=True, status_codes=codes, description=description)


def described(
    operation_id: str,
    *,
    tag: str,
    summary: str,
    description: str = "",
    request: Any = None,
    answers: Mapping[Any, Any],
    parameters: Sequence[OpenApiParameter | type[serializers.Serializer]] = (),
    examples: Sequence[OpenApiExample] = (),
    problems: Sequence[int] = (),
    is_open: bool = False,
) -> Callable[[Any], Any]:
    """Annotate a method of a view. `problems`: statuses besides 401, 403, 429 and 503, which all but open routes have."""
    everywhere = () if is_open else (401, 403, 429, 503)
    found: dict[Any, Any] = dict(answers)
    for status in sorted({*problems, *everywhere}):
        found[(status, PROBLEM)] = OpenApiResponse(ProblemSerializer, description=PROBLEMS[status])
    more: dict[str, Any] = {"description": description} if description else {}
    return extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        request=request,
        responses=found,
        parameters=list(parameters),
        examples=list(examples),
        auth=[] if is_open else None,
        **more,
    )
