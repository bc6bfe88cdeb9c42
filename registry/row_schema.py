"""One row of inputs as JSON Schema (2020-12), from a version's signature. Pure.

What the schema takes, the model takes. The model takes more: texts like "12,5", or a missing value as "". Titles and
descriptions are the manifest's, in the active language; what OpenAPI and JSON Schema have no word for begins with `x-`.
"""

import base64
import math
from functools import lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from PIL import Image, ImageDraw

from registry.coercion import LARGEST_INTEGER, LONGEST_TEXT, Refused
from registry.pictures import MAX_BYTES
from registry.signature import Feature, Signature, text_in

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ABOUT = (
    "One row of `inputs`. A member that is not required may be left out or null: the value is missing. A value outside "
    "`x-train-range` is taken, and the answer carries a warning. More is understood than is promised here: numbers as "
    "texts (“12.5”, “12,5”), yes and no in English and French, and an empty text for a missing value."
)
PICTURE = (
    "A PNG or JPEG of any size, in base64 on one line; it is brought to {width} × {height} pixels. Instead of JSON, the "
    "file itself may be sent as multipart/form-data in `image` or `file`."
)
MOST_EXAMPLES = 20
AROUND = 1_000  # bytes of a body that are not the picture
SIDE = 32  # pixels of the picture in the example
_NOT_BLANK = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
_BASE64 = r"^[A-Za-z0-9+/]+={0,2}$"


def of(signature: Signature, *, title: str) -> dict[str, Any]:
    """The schema of one row."""
    if signature.image is not None:
        properties, required = {"image": _picture(signature.image)}, ["image"]
    else:
        properties = {feature.name: _property(feature) for feature in signature.features}
        required = [feature.name for feature in signature.features if not feature.nullable]
    return {
        "$schema": DIALECT,
        "title": title,
        "description": ABOUT if signature.image is None else "One row of `inputs`: a picture.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "examples": [{name: told["examples"][0] for name, told in properties.items()}],
    }


def _property(feature: Feature) -> dict[str, Any]:
    told: dict[str, Any] = {"title": feature.title}
    told |= {"description": text} if (text := text_in(feature.help)) else {}
    told |= {"type": [feature.kind, "null"] if feature.nullable else feature.kind}
    told |= _values(feature) if feature.dtype == "category" else _limits(feature)
    told |= {"x-unit": text} if (text := text_in(feature.unit)) else {}
    return told | {"examples": _examples(feature)}


def _values(feature: Feature) -> dict[str, Any]:
    """The values there are; where others are taken too, they stand in the examples."""
    if feature.allow_unknown:
        return _form(feature)
    known = _known(feature)
    told: dict[str, Any] = {"enum": [*known, *([None] if feature.nullable else [])]}
    if any(category.get("label") for category in feature.categories):
        told["x-enum-titles"] = [feature.category_title(value) for value in known]
    return told


def _known(feature: Feature) -> list[Any]:
    """The values that can be sent: one with spaces around it never arrives as it is listed."""
    return [value for value in feature.values if not isinstance(value, str) or value == value.strip() != ""]


def _form(feature: Feature) -> dict[str, Any]:
    """What holds for every value of a kind."""
    if feature.kind == "string":
        return {"maxLength": LONGEST_TEXT, "pattern": _NOT_BLANK}
    if feature.kind == "integer":
        return {"minimum": 1 - LARGEST_INTEGER, "maximum": LARGEST_INTEGER - 1}
    return {}


def _limits(feature: Feature) -> dict[str, Any]:
    told = _form(feature)
    if feature.kind not in {"number", "integer"}:
        return told
    told |= {"minimum": feature.min} if feature.min is not None else {}
    told |= {"maximum": feature.max} if feature.max is not None else {}
    return told | ({"x-train-range": list(feature.train_range)} if feature.train_range else {})


# Examples: from what the manifest says, so nobody's own row


def _examples(feature: Feature) -> list[Any]:
    """The usual one first."""
    usual = _usual(feature)
    others = _known(feature) if feature.allow_unknown else []
    return [usual, *(value for value in others if value != usual)][:MOST_EXAMPLES]


def _usual(feature: Feature) -> Any:
    try:
        if (found := feature.clean(feature.default)) is not None:
            return found
    except Refused:
        pass  # there is none, or it is none
    if known := _known(feature):
        return known[0]
    if feature.kind == "boolean":
        return False
    return _middle(feature) if feature.kind in {"number", "integer"} else "text"


def _middle(feature: Feature) -> float:
    """The middle of what the model saw or takes, as short as it can be written."""
    low, high = feature.train_range or (feature.min, feature.max)
    low, high = feature.min if low is None else low, feature.max if high is None else high
    if low is None or high is None:
        end = next((end for end in (low, high) if end is not None), 0)
        return end if feature.kind == "number" else math.ceil(end) if high is None else math.floor(end)
    low = low if feature.min is None else max(low, feature.min)
    high = high if feature.max is None else min(high, feature.max)
    middle = (low + high) / 2
    if feature.kind == "integer":
        return int(middle)
    short = float(f"{middle:.2g}")
    return short if low <= short <= high else middle


def _picture(image: Any) -> dict[str, Any]:
    return {
        "title": "Picture",
        "description": PICTURE.format(width=image["width"], height=image["height"]),
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": "image/png",
        "minLength": 4,
        "maxLength": min(-(-MAX_BYTES // 3) * 4, (settings.MAX_BODY_BYTES - AROUND) // 4 * 4),
        "pattern": _BASE64,
        "examples": [_stroke(dark_on_light=bool(image.get("invert", False)))],
    }


@lru_cache(maxsize=2)
def _stroke(*, dark_on_light: bool) -> str:
    """A handwritten one, in the colours that the model reads."""
    paper, ink = ("white", "black") if dark_on_light else ("black", "white")
    picture = Image.new("L", (SIDE, SIDE), paper)
    ImageDraw.Draw(picture).line([(SIDE // 2, SIDE // 8), (SIDE // 2, SIDE * 7 // 8)], fill=ink, width=SIDE // 8)
    content = BytesIO()
    picture.save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode("ascii")
