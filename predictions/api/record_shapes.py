"""What sets of records and records look like, for the OpenAPI document alone."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from registry.api.documents import StrictSerializer, example

SET = OpenApiParameter(
    "dataset",
    {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "examples": ["employees"]},
    OpenApiParameter.PATH,
    description="Name of a set of records, as `GET /api/v1/datasets` lists them.",
)
KEY = OpenApiParameter(
    "key",
    {"type": "string", "minLength": 1, "examples": ["742"]},
    OpenApiParameter.PATH,
    description="What the record is called in the set's key column.",
)
KEY_FILTER = OpenApiParameter("key", str, description="The record of exactly this key.")
SEARCH = OpenApiParameter(
    "search",
    {"type": "string", "maxLength": 200},
    description="Up to eight words, as in the table of records: of the key, of texts and choices that you may see.",
)


class ColumnSerializer(StrictSerializer):
    """A column of the file that the records came from."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="number, integer, boolean, category or text")


class SetSerializer(StrictSerializer):
    """A set of records of one kind."""

    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_null=True, help_text="Who is asked about these records first.")
    key_column = serializers.CharField()
    columns = ColumnSerializer(many=True)
    size = serializers.IntegerField(min_value=0, help_text="How many records it has.")
    is_example = serializers.BooleanField(help_text="Made up, for who tries the product.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When records were last imported.")


class RecordSerializer(StrictSerializer):
    """One business row."""

    dataset = serializers.CharField()
    key = serializers.CharField()
    values = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        help_text="By column; null where there is nothing, or in `hidden`.",
    )
    hidden = serializers.ListField(child=serializers.CharField(), help_text="Columns that you may not see.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When the record was last imported.")


class _PageSerializer(StrictSerializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class SetsSerializer(_PageSerializer):
    """A page of sets."""

    results = SetSerializer(many=True)


class RecordsSerializer(_PageSerializer):
    """A page of records."""

    results = RecordSerializer(many=True)


_AT = {"created_at": "2026-11-20T16:00:00.120000+00:00", "updated_at": "2026-11-21T03:00:00.500000+00:00"}
_ONE = {
    "dataset": "employees",
    "key": "742",
    "values": {"departement": "Consulting", "revenu_mensuel": 5993, "age": None},
    "hidden": ["age"],
    **_AT,
}
_SET = {
    "name": "employees",
    "title": "Employees",
    "model": "attrition",
    "key_column": "id_employee",
    "columns": [{"name": "id_employee", "kind": "text"}, {"name": "departement", "kind": "category"}],
    "size": 1500,
    "is_example": True,
    **_AT,
}
SETS = [example("One set", {"next": None, "previous": None, "results": [_SET]}, status=200)]
RECORDS = [example("One record", {"next": None, "previous": None, "results": [_ONE]}, status=200)]
RECORD = [example("An employee", _ONE, status=200)]
