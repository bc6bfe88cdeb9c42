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
from rest_framework.utils import html

PROBLEM = "application/problem+json"


# What JSON calls the values that a field takes: DRF itself would read "5" and true as numbers, and 5 as a text.
_KINDS: dict[type[serializers.Field], tuple[type, ...]] = {
    serializers.BooleanField: (bool,),
    serializers.CharField: (str,),
    serializers.ChoiceField: (str,),
    serializers.DateField: (str,),
    serializers.DateTimeField: (str,),
    serializers.FloatField: (int, float),
    serializers.IntegerField: (int,),
    serializers.UUIDField: (str,),
}


class StrictSerializer(serializers.Serializer):
    """A shape in which nothing else has a place: an unknown member is an error of its own name, and so is another kind of
    value than the document says.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        if isinstance(data, Mapping):
            if unknown := [str(name) for name in data if name not in self.fields]:
                message = _("The body has no such member. Remove it.")
                raise serializers.ValidationError({name[:80]: [message] for name in unknown}, code="unknown_field")
            known = [] if html.is_html_input(data) else self.fields.items()  # a form holds nothing but texts
            if strange := [name for name, field in known if name in data and not _fits(field, data[name])]:
                message = _("This is not the kind of value that belongs here.")
                raise serializers.ValidationError({name: [message] for name in strange}, code="invalid")
        return super().to_internal_value(data)


def _fits(field: serializers.Field, value: Any) -> bool:
    kinds = next((kinds for kind, kinds in _KINDS.items() if isinstance(field, kind)), None)
    if value is None or kinds is None:
        return True  # a null is the field's own business
    if isinstance(value, float) and kinds == (int,):
        return value.is_integer()  # JSON knows one kind of number: 2.0 is a whole one
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


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
    406: "`Accept` names nothing that this operation can answer.",
    409: "Something else happened meanwhile.",
    410: "It was there once, and was not kept.",
    413: "Too much for one call.",
    415: "Not UTF-8 JSON.",
    422: "The idempotency key was used for another request.",
    429: "Too many calls: wait for `Retry-After` seconds.",
    503: "Nothing was stored and nothing was answered: try again after `Retry-After` seconds.",
}


# Neither has an example: the page to try out would send it with every question, and the second one would be 422.
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {
        "type": "string",
        "pattern": r'^("[!-~]{1,255}"|[!#-~][!-~]{0,254}|"[!-~]{0,253}[!#-~]|")$',
    },
    OpenApiParameter.HEADER,
    description="A key of your own for this request, bare or quoted. Send the same one again after a lost answer: the stored "
    "answer comes back. With another request: 422. While the first call runs: 409.",
)
TRACEPARENT = OpenApiParameter(
    "traceparent",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="W3C trace context, `00-<32 hex digits>-<16 hex digits>-01`. Its trace id is kept with the record and the "
    "header is sent back; a malformed one is ignored.",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    {"type": "string", "const": "true"},
    OpenApiParameter.HEADER,
    response=[200],
    description="`true` when this is the stored answer of an earlier call.",
)
CURSOR = OpenApiParameter("cursor", str, description="From `next` or `previous` of another page.")
PAGE_SIZE = OpenApiParameter(
    "page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, description="How many on a page."
)


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
    if isinstance(request, dict) and "/" not in "".join(request):  # a schema as it is written in the document
        request = {"application/json": request}
    if isinstance(request, dict) and len(request) == 1:
        for one in examples:
            one.media_type = next(iter(request)) if one.request_only and not one.media_type else one.media_type
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
