"""What the registry's answers look like, for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from registry.row_schema import DIALECT

MODEL = OpenApiParameter(
    "model",
    {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "examples": ["iris"]},
    OpenApiParameter.PATH,
    description="Name of a model, as `GET /api/v1/models` lists them.",
)
NUMBER = OpenApiParameter(
    "number",
    {"type": "integer", "minimum": 0, "examples": [1]},
    OpenApiParameter.PATH,
    description="Number of a version.",
)
VERSION = OpenApiParameter(
    "version",
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    description="Number of a ready version; without it, the version in charge.",
)
PACKAGES = {"type": "object", "additionalProperties": {"type": "string"}}
TASKS = ["tabular-classification", "tabular-regression", "image-classification"]
# A schema has no serializer.
ROW: dict[str, Any] = {
    "type": "object",
    "required": [
        "$schema",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "examples",
    ],
    "properties": {
        "$schema": {"type": "string", "const": DIALECT},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "type": {"type": "string", "const": "object"},
        "properties": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": True}},
        "required": {"type": "array", "items": {"type": "string"}},
        "additionalProperties": {"type": "boolean", "const": False},
        "examples": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    },
}
OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
class RangeField(serializers.JSONField):
    """Two numbers."""


@extend_schema_field(OBJECT)
class SliceField(serializers.JSONField):
    """Anything that tells rows apart."""


@extend_schema_field(PACKAGES)
class PackagesField(serializers.JSONField):
    """Package -> version."""


@extend_schema_field(OBJECT)
class ObjectField(serializers.JSONField):
    """An object whose members are not ours."""


class Metric(serializers.Serializer):
    """An offline score of a version, as its manifest tells it."""

    name = serializers.CharField(allow_blank=True)
    value = serializers.FloatField()
    split = serializers.CharField(allow_null=True, allow_blank=True, help_text="The rows it was measured on.")
    n = serializers.IntegerField(allow_null=True, help_text="How many rows.")
    ci95 = RangeField(allow_null=True, help_text="95 % confidence interval.")
    slice = SliceField(allow_null=True, help_text='A part of the rows, such as {"department": "sales"}.')


class Champion(serializers.Serializer):
    """The version that answers."""

    version = serializers.IntegerField(min_value=1)
    commit = serializers.CharField()
    task = serializers.ChoiceField(TASKS)
    runtime = serializers.ChoiceField(["onnx", "isolated"])
    trained_at = serializers.CharField(allow_null=True, help_text="As the manifest says it.")
    metrics = Metric(many=True)


class Model(serializers.Serializer):
    """A model and the version that answers for it."""

    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    repository = serializers.CharField()
    tracked_ref = serializers.CharField()
    input_kind = serializers.ChoiceField(RegisteredModel.InputKind.values, allow_null=True)
    is_default = serializers.BooleanField(help_text="Answers calls that name no model of its kind of input.")
    status = serializers.ChoiceField(["serving", "suspended", "not_promoted"])
    champion = Champion(allow_null=True, help_text="Null unless `status` is `serving`.")
    challenger = Champion(allow_null=True, help_text="Always null today: no version is asked beside the champion.")
    candidate = serializers.IntegerField(
        allow_null=True, help_text="The newest ready version that is newer than the one in charge."
    )


class ModelList(serializers.Serializer):
    """All on one page."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = Model(many=True)


class Installed(serializers.Serializer):
    """Packages."""

    python = serializers.CharField(allow_null=True)
    packages = PackagesField()


class Environment(Installed):
    """What opened the original here; `is_own`: not the server's own packages."""

    is_own = serializers.BooleanField()


class AnswerClass(serializers.Serializer):
    """One of the answers that a version gives."""

    value = serializers.CharField(help_text="As `label` says it, in answers and in outcomes.")
    title = serializers.CharField(help_text="What people read, in the language of the request.")


class Version(serializers.Serializer):
    """One commit of a repository with its signature. Once ready, it never changes."""

    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    status = serializers.ChoiceField(ModelVersion.Status.values)
    reason = serializers.CharField(
        allow_blank=True, help_text="Why it was rejected, or why the isolated runtime serves it."
    )
    is_champion = serializers.BooleanField()
    is_draft = serializers.BooleanField(
        help_text="The signature was inferred and waits for somebody to confirm it: it cannot be asked."
    )
    commit = serializers.CharField()
    edition = serializers.CharField(allow_null=True, help_text="What the manifest calls this version.")
    title = serializers.CharField(allow_blank=True)
    task = serializers.ChoiceField(TASKS, allow_null=True)
    runtime = serializers.ChoiceField(["onnx", "isolated"], allow_null=True)
    features = serializers.IntegerField(allow_null=True, help_text="How many; null for a picture.")
    threshold = serializers.FloatField(allow_null=True)
    classes = AnswerClass(
        many=True, allow_null=True, help_text="What may be the `label` of an outcome; null where a value is answered."
    )
    positive = serializers.CharField(
        allow_null=True, help_text="Of two classes, the one that `score` and `threshold` are about; else null."
    )
    metrics = Metric(many=True)
    environment = Environment(allow_null=True)
    trained_with = Installed(allow_null=True)
    trained_at = serializers.CharField(allow_null=True, help_text="As the manifest says it.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class VersionPage(serializers.Serializer):
    """Newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = Version(many=True)


class Metrics(serializers.Serializer):
    """The offline scores of a version."""

    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    commit = serializers.CharField()
    metrics = Metric(many=True)


class Card(serializers.Serializer):
    """What the authors say about a version."""

    model = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    commit = serializers.CharField()
    edition = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    limits = serializers.ListField(
        child=serializers.CharField(allow_blank=True), help_text="What the model is not for."
    )
    provenance = ObjectField(help_text="As the manifest has it.")
    markdown = serializers.CharField(allow_blank=True, help_text="The source of README.md, as its authors wrote it.")


class Entry(serializers.Serializer):
    """Who put which version in charge, when and why."""

    number = serializers.IntegerField(min_value=1)
    kind = serializers.ChoiceField(LedgerEntry.Kind.values)
    answers = serializers.BooleanField(help_text="Whether the model answers under this entry.")
    version = serializers.IntegerField(min_value=1)
    commit = serializers.CharField()
    from_version = serializers.IntegerField(allow_null=True)
    by = serializers.CharField()
    approved_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class LedgerPage(serializers.Serializer):
    """Newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = Entry(many=True)
    before = serializers.IntegerField(
        allow_null=True, help_text="Where the next page begins: send it as `before`. Null on the last page."
    )


class LedgerMoment(serializers.Serializer):
    """Who answered at a moment."""

    at = serializers.DateTimeField()
    entry = Entry(allow_null=True, help_text="The entry of then; null before the first.")


LEDGER = PolymorphicProxySerializer(
    component_name="Ledger", serializers=[LedgerPage, LedgerMoment], resource_type_field_name=None
)


class SeedModels(serializers.Serializer):
    """What the seeds' clients choose from."""

    available_models = serializers.ListField(child=serializers.CharField())
    default_model = serializers.CharField(allow_null=True)


class SeedModel(serializers.Serializer):
    """A model in charge."""

    name = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    commit = serializers.CharField()
    task = serializers.ChoiceField(TASKS)
    features = serializers.IntegerField(allow_null=True, help_text="How many; null for a picture.")
    threshold = serializers.FloatField(allow_null=True)
    trained_at = serializers.CharField(allow_null=True)


class SeedMetadata(serializers.Serializer):
    """The installation and its models."""

    name = serializers.CharField()
    version = serializers.CharField()
    description = serializers.CharField()
    models = SeedModel(many=True)


class SeedInfo(serializers.Serializer):
    """The installation, its models and its defaults."""

    name = serializers.CharField()
    version = serializers.CharField()
    models = SeedModel(many=True)
    default_model = serializers.CharField(allow_null=True)
    default_image_model = serializers.CharField(allow_null=True)


class HookDelivery(serializers.Serializer):
    """What will come of a webhook for one model."""

    delivery = serializers.IntegerField(allow_null=True, help_text="Null when nothing was kept.")
    outcome = serializers.ChoiceField(["waiting", "ignored"])
    text = serializers.CharField(help_text="Why.")


class HookAnswer(HookDelivery):
    """The same for further models of the repository."""

    others = HookDelivery(many=True)


# A body is read by hand, and what it holds besides is left alone.
_WORD = {"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,35}$"}
_COMMIT = {"type": ["string", "null"], "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"}
EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "repo"],
    "properties": {
        "event": {
            "type": "object",
            "required": ["scope", "action"],
            "properties": {"scope": _WORD, "action": _WORD},
        },
        "repo": {
            "type": "object",
            "required": ["type", "name", "id"],
            "properties": {
                "type": _WORD,
                "name": {"type": "string", "maxLength": 200, "pattern": r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$"},
                "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
                "headSha": _COMMIT,
            },
        },
        "updatedRefs": {
            "type": ["array", "null"],
            "maxItems": 500,
            "items": {
                "type": "object",
                "required": ["ref"],
                "properties": {
                    "ref": {"type": "string", "pattern": r"^[^\u0000]*$"},
                    "oldSha": _COMMIT,
                    "newSha": _COMMIT,
                },
            },
        },
    },
}
