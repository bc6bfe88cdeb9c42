"""The protocol in the OpenAPI document. Its errors have a shape of their own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers

from predictions.api.inference_protocol.tensors import CONTENT_TYPES, DATATYPES, MOST_AXES
from registry.api.documents import IDEMPOTENCY_KEY, PROBLEMS, TRACEPARENT, StrictSerializer, example

TAG = "Open Inference Protocol"
JSON, OCTETS = "application/json", "application/octet-stream"
_ERRORS = {
    **PROBLEMS,
    400: "The request cannot be used; the sentence names row and field.",
    415: "Neither JSON nor binary data.",
}
_EVERYWHERE = (400, 401, 403, 429, 503)
_FREE = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_NOTHING = "There is nothing at this address, or nothing that you may see."


def _parameters(description: str, **known: dict[str, Any]) -> Any:
    """Parameters of which these mean something here; others are ignored, and a null says nothing."""
    for one in known.values():
        one["type"] = [one["type"], "null"]
        if "enum" in one:
            one["enum"] = [*one["enum"], None]
    schema = {"type": ["object", "null"], "properties": known, "description": description}
    return extend_schema_field(schema)


@_parameters(
    "Others are ignored.",
    explain={"type": "boolean", "description": "Explain each row; the explanations are stored and come back."},
    binary_data_output={"type": "boolean", "description": "All outputs that say nothing else as binary data."},
    content_type={"type": "string", "enum": ["pd", "np", "str"]},
)
class _RequestParameters(serializers.DictField):
    pass


@_parameters(
    "`binary_data_size`: the bytes of this tensor behind the JSON, instead of `data`. Others are ignored.",
    content_type={"type": "string", "enum": list(CONTENT_TYPES)},
    binary_data_size={"type": "integer", "minimum": 0},
)
class _InputParameters(serializers.DictField):
    pass


@_parameters("Others are ignored.", binary_data={"type": "boolean"})
class _OutputParameters(serializers.DictField):
    pass


@extend_schema_field(
    {"type": "array", "items": {}, "description": "Flat, or nested as the shape says; null is a missing value."}
)
class _Data(serializers.ListField):
    pass


@extend_schema_field(_FREE)
class _Told(serializers.DictField):
    pass


class ErrorSerializer(serializers.Serializer):
    """An error of the protocol."""

    error = serializers.CharField()


class ServerSerializer(serializers.Serializer):
    """The server's metadata."""

    name = serializers.CharField()
    version = serializers.CharField()
    extensions = serializers.ListField(child=serializers.CharField())


class LiveSerializer(serializers.Serializer):
    """The process answers."""

    live = serializers.BooleanField()


class ReadySerializer(serializers.Serializer):
    """The server can answer."""

    ready = serializers.BooleanField()


class ModelReadySerializer(serializers.Serializer):
    """The model can answer."""

    name = serializers.CharField()
    ready = serializers.BooleanField()


class TensorMetadataSerializer(serializers.Serializer):
    """An input or an output; -1 stands for the rows."""

    name = serializers.CharField()
    datatype = serializers.ChoiceField(choices=DATATYPES)
    shape = serializers.ListField(child=serializers.IntegerField(min_value=-1))
    parameters = _Told(required=False)


class ModelMetadataSerializer(serializers.Serializer):
    """What a model takes and gives."""

    name = serializers.CharField()
    versions = serializers.ListField(child=serializers.CharField())
    platform = serializers.CharField()
    inputs = TensorMetadataSerializer(many=True)
    outputs = TensorMetadataSerializer(many=True)
    parameters = _Told()


class InputTensorSerializer(StrictSerializer):
    """One field: its values in all rows. The input of an image model: all pictures."""

    name = serializers.CharField(trim_whitespace=False)
    shape = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=MOST_AXES)
    datatype = serializers.ChoiceField(choices=DATATYPES)
    parameters = _InputParameters(required=False)
    data = _Data(required=False)  # type: ignore[assignment]  # DRF takes it away from the class


class OutputWantedSerializer(StrictSerializer):
    """An output that is wanted."""

    name = serializers.ChoiceField(choices=["label", "score", "probabilities", "value"])
    parameters = _OutputParameters(required=False)


class InferenceRequestSerializer(StrictSerializer):
    """A question."""

    id = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)
    parameters = _RequestParameters(required=False)
    inputs = serializers.ListField(child=InputTensorSerializer(), min_length=1)
    outputs = OutputWantedSerializer(many=True, required=False, allow_null=True)


class OutputTensorSerializer(serializers.Serializer):
    """`label`, `score` and `probabilities`, or the `value` of a regression. `data` is missing where it is binary."""

    name = serializers.CharField()
    datatype = serializers.ChoiceField(choices=DATATYPES)
    shape = serializers.ListField(child=serializers.IntegerField(min_value=0))
    parameters = _Told()
    data = _Data(required=False)  # type: ignore[assignment]


class InferenceResponseSerializer(serializers.Serializer):
    """An answer. Parameters that are lists are JSON texts, as a parameter is no list."""

    model_name = serializers.CharField()
    model_version = serializers.CharField()
    id = serializers.CharField(required=False, allow_blank=True)
    parameters = _Told()
    outputs = OutputTensorSerializer(many=True)


def _described(
    operation_id: str,
    *,
    summary: str,
    answers: Mapping[Any, Any],
    description: str = "",
    request: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
    errors: Sequence[int] = (),
    is_open: bool = False,
) -> Callable[[Any], Any]:
    """What registry.api.documents.described does, with the errors of the protocol."""
    found: dict[Any, Any] = dict(answers)
    for status in sorted({*errors, *((400,) if is_open else _EVERYWHERE)}):
        found[(status, JSON)] = OpenApiResponse(ErrorSerializer, description=_ERRORS[status])
    return extend_schema(
        operation_id=operation_id,
        tags=[TAG],
        summary=summary,
        description=description,
        request=request,
        responses=found,
        parameters=list(parameters),
        examples=[*examples, example("Error", {"error": _NOTHING}, status=404)] if 404 in errors else list(examples),
        auth=[] if is_open else None,
    )


SERVER = _described(
    "v2.server",
    summary="Metadata of the server",
    description="Name, version, and the extensions of the protocol that are offered.",
    answers={200: ServerSerializer},
    examples=[
        example("Server", {"name": "Futurisys", "version": "0.1.0", "extensions": ["binary_tensor_data"]}, status=200)
    ],
)
SERVER_LIVE = _described(
    "v2.live",
    summary="Whether the server is alive",
    description="Nothing is asked, and no token is needed.",
    answers={200: LiveSerializer},
    examples=[example("Live", {"live": True}, status=200)],
    is_open=True,
)
SERVER_READY = _described(
    "v2.ready",
    summary="Whether the server can answer",
    description="503 when it cannot; `/health/ready` says why. No token is needed.",
    answers={200: ReadySerializer},
    examples=[example("Ready", {"ready": True}, status=200)],
    errors=(503,),
    is_open=True,
)
_METADATA = {
    "name": "iris",
    "versions": ["1", "2"],
    "platform": "onnxruntime_onnx",
    "inputs": [
        {
            "name": "petal_length",
            "datatype": "FP64",
            "shape": [-1, 1],
            "parameters": {"nullable": False, "content_type": "np"},
        }
    ],
    "outputs": [{"name": "label", "datatype": "BYTES", "shape": [-1], "parameters": {"content_type": "str"}}],
    "parameters": {"version": 2, "commit": "9f2c1d…", "task": "tabular-classification"},
}


def _model(operation_id: str) -> Callable[[Any], Any]:
    return _described(
        operation_id,
        summary="Metadata of a model",
        description="The inputs and outputs of the version that answers, or of the one that the path names. Also while the model "
        "is suspended.",
        answers={200: ModelMetadataSerializer},
        examples=[example("Iris", _METADATA, status=200)],
        errors=(404,),
    )


MODEL, VERSION = _model("v2.model"), _model("v2.version")


def _model_ready(operation_id: str) -> Callable[[Any], Any]:
    return _described(
        operation_id,
        summary="Whether a model can answer",
        description="503 when it is suspended or cannot be loaded.",
        answers={200: ModelReadySerializer},
        examples=[example("Ready", {"name": "iris", "ready": True}, status=200)],
        errors=(404,),
    )


MODEL_READY, VERSION_READY = _model_ready("v2.model_ready"), _model_ready("v2.version_ready")
_QUESTION = {
    "id": "42",
    "inputs": [
        {"name": name, "shape": [1, 1], "datatype": "FP64", "data": [value]}
        for name, value in (("sepal_length", 5.1), ("sepal_width", 3.5), ("petal_length", 1.4), ("petal_width", 0.2))
    ],
    "outputs": [{"name": "label"}, {"name": "score"}],
}
_ANSWER = {
    "model_name": "iris",
    "model_version": "2",
    "id": "42",
    "parameters": {
        "request_id": "01980c4e-5a5e-7a3c-9d8e-0f4b1c2d3e4f",
        "version": 2,
        "commit": "9f2c1d…",
        "replayed": False,
        "prediction_ids": '["01980c4e-5a5e-7a3c-9d8e-0f4b1c2d3e4f"]',
        "warnings": "[]",
    },
    "outputs": [
        {
            "name": "label",
            "datatype": "BYTES",
            "shape": [1],
            "parameters": {"content_type": "str"},
            "data": ["setosa"],
        },
        {"name": "score", "datatype": "FP64", "shape": [1], "parameters": {"content_type": "np"}, "data": [0.98]},
    ],
}


def _infer(operation_id: str) -> Callable[[Any], Any]:
    return _described(
        operation_id,
        summary="Ask a model",
        description="One tensor for each field, `[rows]` or `[rows, 1]`; an image model takes one tensor of pictures: "
        "their pixels, or BYTES `[rows]` with a PNG or JPEG file each, in JSON as base64. Every row is stored "
        "before the answer is sent. With `Content-Type: application/octet-stream` and `Inference-Header-Content-Length`, "
        "tensors follow the JSON as raw little-endian numbers; the body may be compressed with gzip or deflate.",
        request={JSON: InferenceRequestSerializer},
        answers={
            (200, JSON): OpenApiResponse(InferenceResponseSerializer, description="The answer."),
            (200, OCTETS): OpenApiResponse(OpenApiTypes.BINARY, description="JSON, and the binary outputs behind it."),
        },
        parameters=[IDEMPOTENCY_KEY, TRACEPARENT],
        examples=[
            OpenApiExample("One flower", value=_QUESTION, request_only=True),
            OpenApiExample("Its answer", value=_ANSWER, response_only=True, status_codes=["200"], media_type=JSON),
        ],
        errors=(404, 409, 413, 415, 422),
    )


INFER, VERSION_INFER = _infer("v2.infer"), _infer("v2.version_infer")
