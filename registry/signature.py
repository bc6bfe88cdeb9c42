"""The contract of a version's inputs and outputs. Pure: parse a signature, clean columns, per-field errors.

The JSON form is the `inputs` and `outputs` of the repository's manifest; see docs/model-repository.md.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from registry import coercion, pictures
from registry.cleaning import clean_column
from registry.coercion import Refused
from registry.texts import ends

Columns = dict[str, NDArray[np.generic]]
SURE_NUMBER = 10**15  # every whole number up to here is also a floating-point one


class SignatureError(ValueError):
    """The JSON is no signature."""


class InvalidInput(Exception):
    """Rows that cannot be asked; `errors` holds {row, field, code, message}, none with a value in it."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} input errors")
        self.errors = errors


def text_in(value: str | Mapping[str, str] | None, language: str | None = None) -> str:
    """A text of the manifest, plain or {"en": ..., "fr": ...}, in the language asked for or the active one."""
    if isinstance(value, Mapping):
        code = (language or get_language() or "en")[:2]
        return value.get(code) or value.get("en") or next(iter(value.values()), "")
    return value or ""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One input column."""

    name: str
    dtype: str
    label: Any = None
    help: Any = None
    group: Any = None
    unit: Any = None
    nullable: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    train_range: tuple[float, float] | None = None
    categories: tuple[Mapping[str, Any], ...] = ()
    ordered: bool = False
    allow_unknown: bool = False
    sensitive: str | None = None
    actionable: bool = False
    inferred: bool = False

    @property
    def title(self) -> str:
        """The label in the active language, or the column's name."""
        return text_in(self.label) or self.name

    @cached_property
    def values(self) -> list[Any]:
        """The category values, in the manifest's order."""
        return [category["value"] for category in self.categories]

    def category_title(self, value: Any) -> str:
        """How a category value is called in the active language."""
        for category in self.categories:
            if category["value"] == value and type(category["value"]) is type(value):
                return text_in(category.get("label")) or str(value)
        return str(value)

    @cached_property
    def _known(self) -> frozenset[Any]:
        """Categories that are clean as they are written."""
        return frozenset(v for v in self.values if not isinstance(v, str) or v == v.strip() != "")

    @cached_property
    def _within(self) -> tuple[float, float]:
        """Between these numbers lie those that are neither refused nor warned about."""
        lows, highs = zip(
            (self.min, self.max), self.train_range or (None, None), (-SURE_NUMBER, SURE_NUMBER), strict=True
        )
        return max(low for low in lows if low is not None), min(high for high in highs if high is not None)

    def untouched(self, values: Sequence[Any]) -> list[Any] | None:
        """A column that is clean as it came, as most columns from programs are; None when its values need a look each."""
        kinds = set(map(type, values))
        if self.dtype == "category" or self.kind == "boolean":
            wanted = _JSON_TYPES.get(self.kind)
            sure = kinds == {wanted} and (self.dtype != "category" or self._known.issuperset(values))
            return list(values) if sure else None
        if not kinds or not kinds <= _NUMBERS.get(self.kind, set()):
            return None
        low, high = self._within
        # Not a number is neither more nor less than another, so that only the sum tells of it.
        if not (low <= min(values) and max(values) <= high and math.isfinite(sum(values))):
            return None
        return list(values) if self.kind == "integer" else list(map(float, values))

    @cached_property
    def plain(self) -> dict[str | None, Any]:
        """Texts that were cleaned without a word about them, and what they became: a file says the same often."""
        return {}

    @cached_property
    def kind(self) -> str:
        """number, integer, boolean or string: what a value is, categories told by the JSON type of their values."""
        if self.dtype != "category":
            return self.dtype
        types = {type(value) for value in self.values}
        if types == {bool}:
            return "boolean"
        if types == {int}:
            return "integer"
        return "number" if types <= {int, float} else "string"

    @cached_property
    def array_dtype(self) -> np.dtype[Any]:
        """The numpy type of the cleaned column: float64, int64, bool or object."""
        if self.kind == "number" or (self.kind == "integer" and self.nullable):
            return np.dtype(np.float64)
        if self.kind == "integer":
            return np.dtype(np.int64)
        return np.dtype(bool) if self.kind == "boolean" and not self.nullable else np.dtype(object)

    def clean(self, value: Any) -> Any:
        """A JSON value of this feature's kind, or None when it is missing and may be. Raises Refused."""
        if coercion.is_missing(value):
            if self.nullable:
                return None
            raise Refused("missing", _("Enter a value for “%(field)s”.") % {"field": self.title})
        result = _COERCE[self.kind](value)
        if self.dtype == "category":
            self._check_category(result)
        elif self.kind in {"number", "integer"}:
            self._check_bounds(result)
        return result

    def _check_category(self, value: Any) -> None:
        if not self.allow_unknown and value not in self.values:
            raise Refused("unknown_category", _("Choose one of the values of “%(field)s”.") % {"field": self.title})

    def _check_bounds(self, value: float) -> None:
        below = self.min is not None and value < self.min
        if below or (self.max is not None and value > self.max):
            raise Refused("out_of_bounds", self.bounds_message())

    def bounds_message(self) -> str:
        """What may be entered, as a sentence."""
        low, high = ends(self.min, self.max, text_in(self.unit))
        values = {"field": self.title, "min": low, "max": high}
        if self.max is None:
            return _("Enter “%(field)s” of at least %(min)s.") % values
        if self.min is None:
            return _("Enter “%(field)s” of at most %(max)s.") % values
        return _("Enter “%(field)s” between %(min)s and %(max)s.") % values

    def warning(self, value: Any) -> dict[str, Any] | None:
        """What the model never saw: {field, code, message} kept on the record, or None."""
        if value is None:
            return None
        if self.dtype == "category":
            if value in self.values:
                return None
            message = _("The model never saw this value of “%(field)s”. It guesses.") % {"field": self.title}
            return {"field": self.name, "code": "unknown_category", "message": message}
        if self.train_range is None or self.train_range[0] <= value <= self.train_range[1]:
            return None
        low, high = ends(*self.train_range, text_in(self.unit))
        words = {"field": self.title, "low": low, "high": high}
        message = _("The model saw “%(field)s” from %(low)s to %(high)s. Outside it guesses.") % words
        return {"field": self.name, "code": "out_of_range", "message": message}


_JSON_TYPES = {"integer": int, "boolean": bool, "string": str}
_NUMBERS: dict[str, set[type]] = {"integer": {int}, "number": {int, float}}
_COERCE: dict[str, Callable[[Any], Any]] = {
    "number": coercion.number,
    "integer": coercion.integer,
    "boolean": coercion.boolean,
    "string": coercion.text,
}


@dataclass(frozen=True)
class CleanTable:
    """Rows ready for a runtime: `columns` for it, `values` the same as they are stored, `warnings` with their row."""

    columns: Columns
    rows: int
    values: Mapping[str, Sequence[Any]]
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Each row as it is stored. Who only checks a file needs none."""
        return [dict(zip(self.values, row, strict=True)) for row in zip(*self.values.values(), strict=True)]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a version takes and gives."""

    task: str
    features: tuple[Feature, ...] = ()
    image: Mapping[str, Any] | None = None
    classes: tuple[Mapping[str, Any], ...] = ()
    threshold: float | None = None
    output: Mapping[str, Any] = field(default_factory=dict)
    # What was measured is no part of what callers rely on: a retrained version may stand in for another.
    calibration: Mapping[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """A signature from its JSON form. Raises SignatureError."""
        try:
            inputs, outputs = data["inputs"], data.get("outputs") or {}
            features = tuple(_feature(item) for item in inputs.get("features", ()))
            threshold = (outputs.get("threshold") or {}).get("value")
            return cls(
                task=data["task"],
                features=features,
                image=inputs.get("image"),
                classes=tuple(outputs.get("classes") or ()),
                threshold=threshold,
                output={key: value for key, value in outputs.items() if key != "calibration"},
                calibration=outputs.get("calibration"),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SignatureError(f"This is no signature: {error!r}.") from error

    @property
    def is_regression(self) -> bool:
        return self.task.endswith("regression")

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """The shape of one picture as the runtime takes it; for an image model."""
        image = self.image or {}
        height, width, channels = image["height"], image["width"], 3 if image["mode"] == "RGB" else 1
        shapes = {
            "flat": (height * width * channels,),
            "nhw": (height, width),
            "nhwc": (height, width, channels),
            "nchw": (channels, height, width),
        }
        return shapes[image["layout"]]

    @cached_property
    def class_names(self) -> list[str]:
        """Class values as text, in the order of the scores' columns."""
        return [str(item["value"]) for item in self.classes]

    @cached_property
    def positive(self) -> int:
        """For two classes, the column whose score is `the` score: the one marked positive, else the second."""
        marked = [index for index, item in enumerate(self.classes) if item.get("positive")]
        return marked[0] if marked else len(self.classes) - 1

    def class_title(self, name: str) -> str:
        """How a class is called in the active language."""
        for item in self.classes:
            if str(item["value"]) == name:
                return text_in(item.get("label")) or name
        return name

    def clean(self, columns: Mapping[str, Sequence[Any]], rows: int) -> CleanTable:
        """Type every value, or say per row and field what is wrong with it.

        `columns`: name -> `rows` raw values; a missing name is a column of missing values. An image model takes one
        column, "image", of PNG or JPEG bytes. Raises InvalidInput with every error found.
        """
        errors: list[dict[str, Any]] = _unknown_columns(columns, self.names)
        if self.image is not None:
            return self._clean_images(columns.get("image", [None] * rows), rows, errors)
        warnings: list[dict[str, Any]] = []
        values = {
            feature.name: clean_column(feature, columns.get(feature.name), rows, errors, warnings)
            for feature in self.features
        }
        if errors:
            raise InvalidInput(sorted(errors, key=lambda error: error["row"]))
        return CleanTable(self._arrays(values), rows, values, sorted(warnings, key=lambda warning: warning["row"]))

    def arrays(self, records: Sequence[Mapping[str, Any]]) -> Columns:
        """Columns of rows that are already clean, as they are stored in a record."""
        if self.image is not None:
            return {"image": np.array([record["image"]["values"] for record in records], dtype=np.float64)}
        return self._arrays({f.name: [record.get(f.name) for record in records] for f in self.features})

    def _arrays(self, values: Mapping[str, list[Any]]) -> Columns:
        # numpy turns None into NaN for float64, which is how a runtime hears "missing".
        return {f.name: np.array(values[f.name], dtype=f.array_dtype) for f in self.features}

    @cached_property
    def names(self) -> set[str]:
        """What a question may name: the features, or the picture."""
        return {"image"} if self.image is not None else {feature.name for feature in self.features}

    def _clean_images(self, pictures_: Sequence[Any], rows: int, errors: list[dict[str, Any]]) -> CleanTable:
        arrays, told = [], []
        for row, data in enumerate(pictures_):
            try:
                array = _picture(data, self.image or {})
            except Refused as refused:
                errors.append({"row": row, "field": "image", "code": refused.code, "message": str(refused)})
                continue
            arrays.append(array)
            told.append({"sha256": hashlib.sha256(data).hexdigest(), "values": array.tolist()})
        if errors:
            raise InvalidInput(errors)
        return CleanTable({"image": np.stack(arrays)}, rows, {"image": told})


def _feature(item: Mapping[str, Any]) -> Feature:
    known = {key: value for key, value in item.items() if key in Feature.__dataclass_fields__}
    known["categories"] = tuple(known.get("categories") or ())
    if known.get("train_range") is not None:
        known["train_range"] = tuple(known["train_range"])
    return Feature(**known)


def _unknown_columns(columns: Mapping[str, Sequence[Any]], names: set[str]) -> list[dict[str, Any]]:
    errors = []
    for name in columns:
        if name not in names:
            row = next((row for row, value in enumerate(columns[name]) if value is not None), 0)
            message = _("This model has no such field. Remove it.")
            errors.append({"row": row, "field": printable(name), "code": "unknown_field", "message": message})
    return errors


def printable(name: str) -> str:
    """A field name that came from outside, short and without characters that no answer can carry."""
    return "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in name[:80])


def _picture(data: Any, image: Mapping[str, Any]) -> NDArray[np.float64]:
    if not isinstance(data, bytes):
        raise Refused("missing", _("Choose a picture, PNG or JPEG."))
    try:
        return pictures.read(data, image)
    except pictures.PictureError as error:
        raise Refused(error.code, str(error)) from error


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns: what the waist works on. A key that a row lacks is a missing value there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
