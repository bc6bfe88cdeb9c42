"""The one tensor of an image model as PNG files, which no pixel is lost in: what an upload goes through, it goes through.

UINT8 holds the pixels of a picture file, 0 to 255. Floating point holds them in the manifest's `scale`: 0 to 1, or to
255, or to 16. Numbers that could mean either are refused.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image
from rest_framework.exceptions import ParseError

from predictions.api.inference_protocol import tensors
from predictions.api.inference_protocol.tensors import Tensor
from registry.texts import figure

Bytes = NDArray[np.uint8]
# How far from a whole pixel value a number may be that was one: FP16 keeps eleven bits.
_NEAR = {"FP16": 0.07, "FP32": 1e-3, "FP64": 1e-3}


def columns_of(found: Sequence[Tensor], image: Mapping[str, Any]) -> tuple[dict[str, list[Any]], int, bool]:
    """The column of pictures, its rows, and whether numbers had to be rounded to the 256 steps of a picture file.

    Raises ParseError, BodyTooLarge.
    """
    if len(found) != 1:
        raise ParseError(_("An image model takes one tensor."))
    tensor = found[0]
    if tensor.datatype == "BYTES":
        rows = tensors.rows_of(tensor)
        return {"image": [_file(tensor, value) for value in tensor.values]}, rows, False
    arranged = _arranged(tensor, image)
    tensors.check_rows(len(arranged))
    pixels, rounded = _pixels(tensor, arranged, float(image.get("scale", 1.0)))
    return {"image": [_png(picture) for picture in pixels]}, len(pixels), rounded


def shapes_of(image: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """The shapes of one picture that a tensor may have, the one of the manifest's layout first."""
    height, width, channels = image["height"], image["width"], 3 if image["mode"] == "RGB" else 1
    last, first = (height, width, channels), (channels, height, width)
    found: list[tuple[int, ...]] = [first, last] if image["layout"] == "nchw" else [last, first]
    found += [(height, width)] if channels == 1 else []
    # A flat colour picture has an order of its colours that only a flat layout names.
    return [*found, (height * width * channels,)] if channels == 1 or image["layout"] == "flat" else found


def _arranged(tensor: Tensor, image: Mapping[str, Any]) -> NDArray[Any]:
    """(rows, height, width, channels). Raises ParseError."""
    height, width, channels = image["height"], image["width"], 3 if image["mode"] == "RGB" else 1
    if tensor.datatype not in {"UINT8", *_NEAR}:
        raise ParseError(_("Send a picture as UINT8, as FP32, or as BYTES with a PNG or JPEG file in it."))
    for one in shapes_of(image):
        if tensor.shape in {one, (*tensor.shape[:1], *one)}:
            if isinstance(tensor.values, list) and None in tensor.values:
                raise ParseError(_("A picture has no missing pixels."))
            values = np.asarray(tensor.values, _dtype(tensor)).reshape(-1, *one)
            if one == (channels, height, width):
                return values.transpose(0, 2, 3, 1)
            return values.reshape(-1, height, width, channels)
    wanted = " ".join(str([-1, *one]) for one in shapes_of(image))
    raise ParseError(_("The picture must have one of these shapes: %(shapes)s.") % {"shapes": wanted})


def _dtype(tensor: Tensor) -> type[np.generic]:
    return np.uint8 if tensor.datatype == "UINT8" else np.float64


def _pixels(tensor: Tensor, values: NDArray[Any], scale: float) -> tuple[Bytes, bool]:
    """Pixels of a picture file, and whether they are rounded ones. Raises ParseError."""
    if tensor.datatype == "UINT8" or not values.size:
        return values.astype(np.uint8), False
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= scale * (1 + 1e-6)):
        text = _("Send the numbers of a picture from 0 to %(scale)s, or its pixels from 0 to 255 as UINT8.")
        raise ParseError(text % {"scale": figure(scale)})
    if scale > 1 and 0 < values.max() <= 1:
        text = _("The numbers could mean 0 to 1 or 0 to %(scale)s. Send the pixels from 0 to 255 as UINT8.")
        raise ParseError(text % {"scale": figure(scale)})
    wanted = values * (255 / scale)
    pixels = np.rint(wanted)
    return np.clip(pixels, 0, 255).astype(np.uint8), bool((abs(wanted - pixels) > _NEAR[tensor.datatype]).any())


def _png(pixels: Bytes) -> bytes:
    content = BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))
    picture.save(content, "PNG", compress_level=1)
    return content.getvalue()


def _file(tensor: Tensor, value: str | bytes | None) -> bytes | None:
    """A picture file; in JSON, which holds no bytes, it is base64."""
    if isinstance(value, str) or (value is not None and tensor.content_type == "base64"):
        found = tensors.unbased(value)
        return b"?" if found is None else found or None  # no picture format: the signature refuses it as such
    return value or None
