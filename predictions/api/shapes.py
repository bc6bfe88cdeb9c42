"""What questions and their answers look like, for the OpenAPI document alone: nothing here runs in a call."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from predictions.api.bodies import LARGEST_VERSION
from predictions.api.history_shapes import ContributionSerializer, ShownWarningSerializer
from predictions.api.samples import EMPLOYEE
from registry.api.documents import PROBLEM, ProblemErrorSerializer, StrictSerializer, example

NAME: dict[str, Any] = {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{1,80}$"}
VERSION: dict[str, Any] = {"type": ["integer", "null"], "minimum": 1, "maximum": LARGEST_VERSION}
FLAG: dict[str, Any] = {"type": ["boolean", "null"], "default": False}
ROW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "description": "One value per field, as `GET /api/v1/models/{model}/schema` says.",
}


def _rows() -> dict[str, Any]:
    many = {"type": "array", "items": ROW, "minItems": 1, "maxItems": settings.MAX_ROWS_PER_CALL}
    return {"oneOf": [ROW, many]}


@extend_schema_field(NAME)
class NameField(serializers.Field):
    """The name of a model."""


@extend_schema_field(VERSION)
class VersionField(serializers.Field):
    """The number of a version."""


@extend_schema_field(FLAG)
class FlagField(serializers.Field):
    """True or false; null says no."""


@extend_schema_field(_rows())
class RowsField(serializers.Field):
    """One row, or several."""


_MODEL = "Whom to ask; without it the default model for this kind of question."
_VERSION = "Number of a ready version; without it the one in charge answers."
_EXPLAIN = "Also say what each field contributed, and keep it with the record; for at most 100 rows."
_PARTIAL = "Answer the good rows and say in `errors` what is wrong with the others; else one error refuses the call."


class QuestionSerializer(StrictSerializer):
    """What a model is asked."""

    model = NameField(required=False, help_text=_MODEL)
    version = VersionField(required=False, help_text=_VERSION)
    inputs = RowsField()
    explain = FlagField(required=False, help_text=_EXPLAIN)
    partial = FlagField(required=False, help_text=_PARTIAL)  # type: ignore[assignment]


_FLAG_TEXT: dict[str, Any] = {"type": "string", "enum": ["true", "false"]}
_FILE: dict[str, Any] = {"type": "string", "format": "binary", "description": "A PNG or JPEG file."}
# A form with a picture for an image model; the seeds' clients call it `file`.
PICTURE_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "image": _FILE,
        "file": _FILE,
        "model": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,80}$", "description": _MODEL},
        "version": {"type": "integer", "minimum": 1, "maximum": LARGEST_VERSION, "description": _VERSION},
        "explain": {**_FLAG_TEXT, "description": _EXPLAIN},
        "partial": {**_FLAG_TEXT, "description": _PARTIAL},
    },
    "oneOf": [{"required": ["image"]}, {"required": ["file"]}],
    "additionalProperties": False,
}


class RecordKeysSerializer(StrictSerializer):
    """Which records a model is asked about."""

    model = NameField(required=False, help_text="Whom to ask; without it the model of the set.")
    version = VersionField(required=False, help_text=_VERSION)
    keys = serializers.ListField(
        child=serializers.CharField(min_length=1, trim_whitespace=False),
        min_length=1,
        max_length=settings.MAX_ROWS_PER_CALL,
        help_text="Texts, also where they look like numbers.",
    )
    explain = FlagField(required=False, help_text=_EXPLAIN)
    partial = FlagField(required=False, help_text=_PARTIAL)  # type: ignore[assignment]


class _AnsweredSerializer(StrictSerializer):
    id = serializers.UUIDField(help_text="The record's number.")
    row = serializers.IntegerField(min_value=0, help_text="Which row of the request this answers.")
    warnings = ShownWarningSerializer(many=True)
    explanation = ContributionSerializer(many=True, allow_null=True, help_text="The largest contribution first.")


class ClassifiedSerializer(_AnsweredSerializer):
    """The answer of a classifier for one row."""

    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    score = serializers.FloatField(help_text="Of the positive class of two; else of the answer.")
    probabilities = serializers.DictField(child=serializers.FloatField())
    threshold = serializers.FloatField(
        required=False, help_text="Of two classes: from this score on it is the positive one."
    )


class ValuedSerializer(_AnsweredSerializer):
    """The answer of a regressor for one row."""

    value = serializers.FloatField()


def _either(name: str, classified: type[Any], valued: type[Any], *, many: bool = False) -> Any:
    return PolymorphicProxySerializer(
        component_name=name, serializers=[classified, valued], resource_type_field_name=None, many=many
    )


@extend_schema_field(_either("Answered", ClassifiedSerializer, ValuedSerializer, many=True))
class AnsweredField(serializers.Field):
    """The answered rows, in the order of the request."""


class AnswerSerializer(StrictSerializer):
    """What a call was answered. It is stored already."""

    request_id = serializers.UUIDField(help_text="The number of the call, which is that of its first record.")
    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    commit = serializers.RegexField(r"^[0-9a-f]{40}([0-9a-f]{24})?$")
    fallback_from = serializers.IntegerField(
        min_value=1, allow_null=True, help_text="The version that should have answered and could not be loaded."
    )
    created_at = serializers.DateTimeField()
    predictions = AnsweredField()
    errors = ProblemErrorSerializer(many=True, help_text="Rows that `partial` left out.")  # type: ignore[assignment]


_KEY = "Of the record."


class RecordClassifiedSerializer(ClassifiedSerializer):
    """The answer of a classifier about one record."""

    key = serializers.CharField(help_text=_KEY)


class RecordValuedSerializer(ValuedSerializer):
    """The answer of a regressor about one record."""

    key = serializers.CharField(help_text=_KEY)


@extend_schema_field(_either("RecordAnswered", RecordClassifiedSerializer, RecordValuedSerializer, many=True))
class RecordAnsweredField(serializers.Field):
    """The answered records, in the order of their keys in the request."""


class RecordsAnswerSerializer(AnswerSerializer):
    """The same about records."""

    predictions = RecordAnsweredField()  # type: ignore[assignment]
    hidden = serializers.ListField(child=serializers.CharField(), help_text="Fields of records that you may not see.")


class SeedClassifiedSerializer(StrictSerializer):
    """The answer of a classifier as the seeds' clients read it."""

    prediction = serializers.IntegerField(
        min_value=0,
        help_text="Of two classes: 1 for the one that `probability` and `threshold` are about, 0 for the other. Of more: the "
        "index of the class in the signature.",
    )
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    probability = serializers.FloatField(help_text="Of the positive class of two; else of the answer.")
    threshold = serializers.FloatField(allow_null=True)
    request_id = serializers.UUIDField()
    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)


class SeedValuedSerializer(StrictSerializer):
    """The answer of a regressor as the seeds' clients read it."""

    prediction = serializers.FloatField(help_text="The value.")
    request_id = serializers.UUIDField()
    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)


SeedAnswer = _either("SeedAnswer", SeedClassifiedSerializer, SeedValuedSerializer)

# Examples: of the models and records that `make run` brings.

_IRIS = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
_CALL = {
    "request_id": "019aa7c2-6a1e-7c31-9f5e-3b7f0a0c1d11",
    "model": "iris",
    "version": 3,
    "commit": "9f2c4e1b7a6d5c3f8e0b1a2d4c6e8f0a1b3c5d7e",
    "fallback_from": None,
    "created_at": "2026-11-21T08:00:00.123456+00:00",
}
_SETOSA = {
    "id": "019aa7c2-6a1e-7c31-9f5e-3b7f0a0c1d11",
    "row": 0,
    "label": "setosa",
    "score": 0.97,
    "probabilities": {"setosa": 0.97, "versicolor": 0.02, "virginica": 0.01},
    "warnings": [],
    "explanation": None,
}
_SECOND = {**_SETOSA, "id": "019aa7c2-6a1e-7c31-9f5e-3b7f0a0c1d12", "row": 1}
_WRONG = {"row": 1, "field": "petal_width", "code": "not_a_number", "message": "Enter a number."}
_REASONS = [
    {"field": "petal_length", "value": 1.4, "contribution": 0.41},
    {"field": "petal_width", "value": 0.2, "contribution": 0.29},
    {"field": "sepal_length", "value": 5.1, "contribution": 0.05},
    {"field": "sepal_width", "value": 3.5, "contribution": -0.01},
]
_VALUE = {
    "id": _SETOSA["id"],
    "row": 0,
    "value": 115000.0,
    "warnings": [
        {
            "field": "surface",
            "code": "out_of_range",
            "message": "The model saw “surface” from 10 to 300. Outside it guesses.",
        }
    ],
    "explanation": None,
}


def problem(
    name: str, status: int, title: str, code: str, detail: str, errors: Any = (), path: str = ""
) -> OpenApiExample:
    """An example of a refusal."""
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    value = {**members, "instance": path or "/api/v1/predict", "code": code, "errors": list(errors)}
    codes = [str(status)]
    return OpenApiExample(name, value=value, response_only=True, status_codes=codes, media_type=PROBLEM)


BAD_FIELD = problem(
    "A field of the second row is no number",
    400,
    "Bad Request",
    "invalid_input",
    "Values that cannot be used: 1.",
    [_WRONG],
)
UNKNOWN_MODEL = problem("No such model", 404, "Not Found", "unknown_model", "No model named “iris” has been promoted.")
KEY_IN_USE = problem(
    "The first call with this key is still running",
    409,
    "Conflict",
    "idempotency_key_in_use",
    "A call with this idempotency key is still running. Try again in a moment.",
)
TOO_MANY = problem("Too many rows", 413, "Request Entity Too Large", "too_large", "Send at most 1000 rows in a call.")
KEY_REUSED = problem(
    "The key was used for another request",
    422,
    "Unprocessable Entity",
    "idempotency_key_reused",
    "This idempotency key was already used for another request. Use a new key.",
)
SUSPENDED = problem(
    "A person stopped the model",
    503,
    "Service Unavailable",
    "model_suspended",
    "The model “iris” is suspended since 2026-11-20 09:00 UTC.",
)
REFUSALS = [BAD_FIELD, UNKNOWN_MODEL, KEY_IN_USE, TOO_MANY, KEY_REUSED, SUSPENDED]

QUESTIONS = [
    example("One row", {"model": "iris", "inputs": _IRIS}),
    example("Several rows", {"model": "iris", "inputs": [_IRIS, {**_IRIS, "petal_length": 5.8, "petal_width": 2.3}]}),
    example("Explained", {"model": "iris", "inputs": _IRIS, "explain": True}),
    example(
        "Only the good rows", {"model": "iris", "inputs": [_IRIS, {**_IRIS, "petal_width": "wide"}], "partial": True}
    ),
]
PICTURE = OpenApiExample(
    "A picture", value={"image": "(the bytes of a PNG or JPEG)"}, request_only=True, media_type="multipart/form-data"
)
ANSWERS = [
    example("One row", {**_CALL, "predictions": [_SETOSA], "errors": []}, status=200),
    example("Several rows", {**_CALL, "predictions": [_SETOSA, _SECOND], "errors": []}, status=200),
    example("Explained", {**_CALL, "predictions": [{**_SETOSA, "explanation": _REASONS}], "errors": []}, status=200),
    example("Only the good rows", {**_CALL, "predictions": [_SETOSA], "errors": [_WRONG]}, status=200),
    example("A value", {**_CALL, "model": "house", "predictions": [_VALUE], "errors": []}, status=200),
]
SEED_QUESTION = example("An employee, to the default model of the demo", EMPLOYEE)
SEED_REFUSALS = [
    problem(
        "A field is missing",
        400,
        "Bad Request",
        "invalid_input",
        "Values that cannot be used: 1.",
        [{"row": 0, "field": "age", "code": "missing", "message": "Enter a value for “Age”."}],
        "/predict",
    )
]
SEED_ANSWERS = [
    example(
        "One of two classes",
        {
            "prediction": 1,
            "label": "leaves",
            "probability": 0.63,
            "threshold": 0.5,
            "request_id": _CALL["request_id"],
            "model": "attrition",
            "version": 3,
        },
        status=200,
    ),
    example(
        "One of three classes",
        {
            "prediction": 1,
            "label": "versicolor",
            "probability": 0.94,
            "threshold": None,
            "request_id": _CALL["request_id"],
            "model": "iris",
            "version": 1,
        },
        status=200,
    ),
    example(
        "A value",
        {"prediction": 115000.0, "request_id": _CALL["request_id"], "model": "house", "version": 1},
        status=200,
    ),
]
KEYS = [
    example("Two records", {"keys": ["1", "742"], "explain": True}),
    example("Those that can be asked about", {"model": "attrition", "keys": ["1", "a stranger"], "partial": True}),
]
_LEAVES = {
    "id": _SETOSA["id"],
    "row": 0,
    "key": "1",
    "label": "leaves",
    "score": 0.63,
    "probabilities": {"stays": 0.37, "leaves": 0.63},
    "threshold": 0.5,
    "warnings": [],
    "explanation": [
        {"field": "heure_supplementaires", "value": "Oui", "contribution": 0.18},
        {"field": "age", "value": None, "contribution": None},
    ],
}
_NO_RECORD = {
    "row": 1,
    "field": "keys",
    "code": "unknown_record",
    "message": "There is no record of this key in the set.",
}
RECORD_ANSWERS = [
    example(
        "One of two",
        {**_CALL, "model": "attrition", "predictions": [_LEAVES], "errors": [_NO_RECORD], "hidden": ["age"]},
        status=200,
    ),
]
