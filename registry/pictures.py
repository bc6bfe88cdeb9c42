"""Bring an uploaded picture to the numbers an image model wants.

The upload is hostile until decoded: two formats, a bound on the bytes, and a bound on the pixels that is
checked on the header, before anything is decoded. `image` is `inputs.image` of a manifest.
"""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

Floats = npt.NDArray[np.float64]
Frame = tuple[float, float, float, float]

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 24_000_000
WORKING_SIDE = 512  # pixels; more says nothing to a model that reads a few dozen

# What Pillow's PNG and JPEG readers raise on odd bytes.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

OTHER_FORMATS = {
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"\x00\x00\x01\x00": "ICO",
    b"%PDF": "PDF",
    b"<svg": "SVG",
    b"\x00\x00\x00\x1cftyp": "HEIC or AVIF",
    b"\x00\x00\x00\x18ftyp": "HEIC or AVIF",
    b"\x00\x00\x00\x20ftyp": "HEIC or AVIF",
}

TURNS = {  # the EXIF orientation, and what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION = 0x0112

MIN_CONTRAST = 24 / 255  # less between paper and ink is an empty page with some noise
INK = 0.3  # of the way from the paper to the darkest ink: above is ink


class PictureError(Exception):
    """The upload cannot be read as a picture; `code` is for programs, `message` is a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read(data: bytes, image: Mapping[str, Any]) -> Floats:
    """The picture in the model's layout, without the axis of the rows; numbers from 0 to `scale`.

    Shapes: "flat" (h*w*c,), "nhw" (h, w), "nhwc" (h, w, c), "nchw" (c, h, w). Raises PictureError.
    """
    picture = _decode(data)
    pixels = np.asarray(picture.convert(image["mode"]), dtype=np.float64) / 255
    light = pixels if pixels.ndim == 2 else pixels @ np.array([0.299, 0.587, 0.114])
    if _must_invert(light, image.get("invert", False)):
        pixels, light = 1 - pixels, 1 - light
    frame = (0.0, 0.0, float(light.shape[0]), float(light.shape[1]))
    if image.get("fit", "stretch") == "ink":
        _check_ink(light)
        if picture.size != (image["width"], image["height"]):  # one of the training's size is cut already
            pixels, frame = _fit_ink(pixels, light, image)
    numbers = _resized(pixels, frame, image["width"], image["height"]) * image.get("scale", 1.0)
    return _laid_out(numbers, image["layout"])


# Bytes to an upright picture without alpha


def _decode(data: bytes) -> Image.Image:
    if not data:
        raise PictureError("not_a_picture", _("The file is empty."))
    if len(data) > MAX_BYTES:
        raise PictureError(
            "too_many_bytes", _("The file is too large: at most %(size)d MB.") % {"size": MAX_BYTES // 1024**2}
        )
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
            _check_header(opened)
            return _plain(opened)
    except BOMB:
        raise _too_many_pixels() from None
    except UnidentifiedImageError:
        raise _not_readable(data) from None
    except BROKEN as error:
        if "truncated" in str(error):
            raise PictureError("truncated", _("The picture is not complete: the file ends too early.")) from None
        raise PictureError("damaged", _("The picture is damaged and cannot be read.")) from None


def _not_readable(data: bytes) -> PictureError:
    for start, name in OTHER_FORMATS.items():
        if data.startswith(start):
            return PictureError("format", _("The file is %(format)s. Send a PNG or JPEG picture.") % {"format": name})
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return PictureError("damaged", _("The picture is damaged and cannot be read."))
    return PictureError("not_a_picture", _("The file is not a picture. Send a PNG or JPEG picture."))


def _too_many_pixels() -> PictureError:
    text = _("The picture has too many pixels: at most %(count)d million.") % {"count": MAX_PIXELS // 10**6}
    return PictureError("too_many_pixels", text)


def _check_header(opened: Image.Image) -> None:
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_many_pixels()
    # A phone's JPEG may carry a preview behind the picture (MPO); an animated PNG has no one picture.
    if opened.format == "PNG" and getattr(opened, "n_frames", 1) > 1:
        raise PictureError("frames", _("The picture is animated. Send one with a single frame."))


def _plain(opened: Image.Image) -> Image.Image:
    opened.draft(None, (WORKING_SIDE, WORKING_SIDE))  # a JPEG can be decoded smaller
    opened.load()
    orientation = _orientation(opened)
    picture = _eight_bits(opened)
    factor = max(picture.size) // WORKING_SIDE
    if factor > 1:
        picture = picture.reduce(factor)
    return picture.transpose(TURNS[orientation]) if orientation in TURNS else picture


def _orientation(opened: Image.Image) -> int | None:
    try:
        value = opened.getexif().get(ORIENTATION)
    except BROKEN:
        return None  # odd EXIF data does not make the picture unreadable
    return value if isinstance(value, int) else None


def _eight_bits(opened: Image.Image) -> Image.Image:
    """L or RGB; what is transparent becomes white, as on a page."""
    if opened.mode.startswith(("I", "F")):  # 16 bits of grey: the upper 8 are what is seen
        values = np.asarray(opened).astype(np.uint32) >> 8
        return Image.fromarray(np.minimum(values, 255).astype(np.uint8))
    if opened.has_transparency_data:
        colour = opened.convert("RGBA")
        page = Image.new("RGBA", colour.size, "white")
        page.alpha_composite(colour)
        return page.convert("RGB")
    return opened.convert("L" if opened.mode in ("1", "L") else "RGB")


# Paper and ink


def _border(light: Floats) -> float:
    """How light the edge is: the paper, as ink seldom reaches it."""
    edge = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    return float(np.median(edge))


def _must_invert(light: Floats, invert: bool | str) -> bool:
    if invert != "auto":
        return bool(invert)
    return _border(light) > float(light.min() + light.max()) / 2


def _check_ink(light: Floats) -> None:
    if light.max() - _border(light) < MIN_CONTRAST:
        raise PictureError("blank", _("The picture is empty: no ink differs from its border."))


def _fit_ink(pixels: Floats, light: Floats, image: Mapping[str, Any]) -> tuple[Floats, Frame]:
    """Cut out the ink (light on dark by now), and the frame of the model's proportions around it."""
    paper = _border(light)
    contrast = light.max() - paper
    rows, columns = np.nonzero(light - paper > INK * contrast)
    cut = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    ink = np.clip((pixels[cut] - paper) / contrast, 0, 1)  # from the paper, 0, to the strongest ink, 1
    return ink, _frame(ink.shape[0], ink.shape[1], image)


def _frame(height: int, width: int, image: Mapping[str, Any]) -> Frame:
    """(top, left, height, width) of the paper, with the ink in its middle: it begins before the ink does."""
    across, down = image.get("margin", (0.0, 0.0))
    wanted = image["width"] / image["height"]
    full_width, full_height = width / (1 - 2 * across), height / (1 - 2 * down)
    full_width, full_height = max(full_width, full_height * wanted), max(full_height, full_width / wanted)
    return (height - full_height) / 2, (width - full_width) / 2, full_height, full_width


# To the model's size and layout


def _resized(pixels: Floats, frame: Frame, width: int, height: int) -> Floats:
    """(h, w, c), each number the mean of the area of the frame it stands for; outside the pixels is 0."""
    channels = pixels[..., None] if pixels.ndim == 2 else pixels
    top, left, full_height, full_width = frame
    down = _shares(channels.shape[0], top, full_height / height, height)
    across = _shares(channels.shape[1], left, full_width / width, width)
    planes = [down @ channels[..., c] @ across.T for c in range(channels.shape[2])]
    return np.stack(planes, axis=-1)


def _shares(pixels: int, start: float, step: float, cells: int) -> Floats:
    """(cells, pixels): which share of a cell each pixel covers. Pillow's box filter takes whole pixels only."""
    begins = start + step * np.arange(cells)[:, None]
    places = np.arange(pixels)[None]
    overlap = np.minimum(begins + step, places + 1) - np.maximum(begins, places)
    shares: Floats = np.clip(overlap, 0, None) / step
    return shares


def _laid_out(pixels: Floats, layout: str) -> Floats:
    if layout == "flat":
        return pixels.reshape(-1)
    if layout == "nhw":
        return pixels[..., 0]
    return pixels.transpose(2, 0, 1) if layout == "nchw" else pixels
