"""An upload becomes the model's numbers, or a sentence says why not. Nothing large is ever decoded."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from registry import pictures

SPEC = {"width": 8, "height": 8, "mode": "L", "invert": "auto", "fit": "ink", "scale": 16, "layout": "flat"}
WHOLE = {"width": 4, "height": 2, "mode": "L", "invert": False, "fit": "stretch", "scale": 1, "layout": "nhw"}


def saved(image, kind="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bar(size=(90, 120), paper="white", ink="black", mode="RGB"):
    """A page with one upright bar, a little off the middle."""
    page = Image.new(mode, size, paper)
    width, height = size
    ImageDraw.Draw(page).rectangle([width // 4, height // 5, width // 3, height * 3 // 5], fill=ink)
    return page


def code(data, spec=SPEC):
    with pytest.raises(pictures.PictureError) as caught:
        pictures.read(data, spec)
    assert caught.value.message.endswith(".")
    return caught.value.code


# What is read


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(30, 30), (90, 120), (700, 300), (1900, 2500)])
def test_a_bar_of_any_size_stands_in_the_middle(kind, size):
    numbers = pictures.read(saved(bar(size), kind), SPEC)
    assert numbers.shape == (64,)
    assert numbers.dtype == np.float64
    columns = numbers.reshape(8, 8).mean(axis=0)
    assert np.average(np.arange(8), weights=columns) == pytest.approx(3.5, abs=0.1)
    wide, high = size[0] // 3 - size[0] // 4 + 1, size[1] * 3 // 5 - size[1] // 5 + 1
    assert columns.sum() == pytest.approx(16 * 8 * wide / high, rel=0.15)


def test_light_ink_on_dark_paper_is_the_same():
    dark, light = bar(), bar(paper="black", ink="white")
    assert np.allclose(pictures.read(saved(dark), SPEC), pictures.read(saved(light), SPEC))


def test_without_auto_the_model_decides():
    page = saved(Image.new("L", (8, 8), 200))
    assert pictures.read(page, WHOLE).max() == pytest.approx(200 / 255)
    assert pictures.read(page, WHOLE | {"invert": True}).max() == pytest.approx(55 / 255)


def test_a_picture_of_the_training_size_is_taken_as_it_is():
    values = np.zeros((8, 8), dtype=np.uint8)
    values[2:4, 1:3] = 255, 128
    numbers = pictures.read(saved(Image.fromarray(values)), SPEC)
    assert np.allclose(numbers.reshape(8, 8), values / 255 * 16)


def test_the_aspect_of_the_ink_is_kept():
    page = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(page).rectangle([20, 80, 179, 119], fill=0)  # four times as wide as high
    numbers = pictures.read(saved(page), SPEC).reshape(8, 8)
    assert np.allclose(numbers[3:5], 16)
    assert np.allclose(numbers[:3], 0)


def test_the_margin_of_the_training_pictures_is_left_free():
    numbers = pictures.read(saved(bar()), SPEC | {"margin": [0.25, 0.25]}).reshape(8, 8)
    assert numbers[:2].max() < 1
    assert numbers[2:6].min(axis=0).max() > 5


@pytest.mark.parametrize(
    ("layout", "mode", "shape"),
    [
        ("flat", "L", (8,)),
        ("flat", "RGB", (24,)),
        ("nhw", "L", (2, 4)),
        ("nhwc", "L", (2, 4, 1)),
        ("nhwc", "RGB", (2, 4, 3)),
        ("nchw", "RGB", (3, 2, 4)),
    ],
)
def test_every_layout_has_its_shape(layout, mode, shape):
    numbers = pictures.read(saved(bar()), WHOLE | {"layout": layout, "mode": mode})
    assert numbers.shape == shape


def test_colours_stay_where_they_are():
    red = saved(Image.new("RGB", (8, 8), (255, 0, 51)))
    numbers = pictures.read(red, WHOLE | {"mode": "RGB", "layout": "nchw"})
    assert numbers[:, 0, 0] == pytest.approx([1, 0, 0.2])


def test_stretching_averages_areas():
    page = Image.fromarray(np.repeat([[0, 255, 0, 255, 0, 0, 255, 255]], 2, axis=0).astype(np.uint8))
    assert pictures.read(saved(page), WHOLE)[0] == pytest.approx([0.5, 0.5, 0, 1])


# Kinds of pixels


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_every_mode_shows_the_same_bar(mode):
    numbers = pictures.read(saved(bar().convert(mode)), SPEC)
    assert np.allclose(numbers, pictures.read(saved(bar()), SPEC), atol=0.2)


def test_transparent_paper_is_white():
    page = bar().convert("RGBA")
    page.putalpha(bar().convert("L").point(lambda shade: 255 - shade))
    assert np.allclose(pictures.read(saved(page), SPEC), pictures.read(saved(bar()), SPEC))


def test_a_transparent_colour_of_a_palette_is_white():
    page = bar(mode="P", paper=0, ink=1)
    page.putpalette([0, 0, 0, 20, 20, 20])
    numbers = pictures.read(saved(page, transparency=0), SPEC)
    assert np.allclose(numbers, pictures.read(saved(bar()), SPEC), atol=0.2)


def test_sixteen_bits_are_scaled_and_not_cut():
    page = Image.fromarray(np.full((4, 4), 0x8000, dtype=np.uint16))
    assert pictures.read(saved(page), WHOLE).max() == pytest.approx(128 / 255)


def test_a_cmyk_jpeg_is_no_negative():
    page = saved(Image.new("RGB", (16, 16), "white").convert("CMYK"), "JPEG")
    assert pictures.read(page, WHOLE).min() > 0.95


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_turned_photo_is_put_upright(kind):
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    turned = bar().transpose(Image.Transpose.ROTATE_90)
    upright = pictures.read(saved(bar(), kind), SPEC)
    assert np.allclose(pictures.read(saved(turned, kind, exif=exif), SPEC), upright, atol=0.5)
    assert not np.allclose(pictures.read(saved(turned, kind), SPEC), upright, atol=0.5)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about the same data
def test_odd_exif_data_is_passed_over():
    data = saved(bar(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert pictures.read(data, SPEC).max() > 10


# What is refused


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not_a_picture"),
        (b"hello, I am a text", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "damaged"),
        (saved(bar(), "GIF"), "format"),
        (saved(bar(), "BMP"), "format"),
        (saved(bar(), "TIFF"), "format"),
        (saved(bar(), "WEBP"), "format"),
        (b"\x00" * (pictures.MAX_BYTES + 1), "too_many_bytes"),
    ],
)
def test_what_is_no_png_or_jpeg_is_refused(data, expected):
    assert code(data) == expected


def _png(width, height, data=b""):
    """A PNG whose header says 1 bit a pixel."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5_000, 10_000, 30_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side):
    # There is nothing behind the header: whoever decodes first says "damaged" instead.
    assert code(_png(side, side)) == "too_many_pixels"


def test_a_real_bomb_is_refused():
    line = b"\x00" + b"\xff" * (30_000 // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(line) for _ in range(30_000)) + packer.flush()
    assert len(data) < pictures.MAX_BYTES
    assert code(_png(30_000, 30_000, data)) == "too_many_pixels"


def test_a_bomb_in_a_text_chunk_is_refused():
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * (3 * 1024 * 1024), zip=True)
    assert code(saved(bar(), pnginfo=info)) == "damaged"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_ends_too_early_is_refused(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8))
    data = saved(noise, kind)
    assert code(data[: len(data) // 2]) == "truncated"


def test_a_flipped_byte_in_a_png_is_refused():
    data = bytearray(saved(bar()))
    data[data.index(b"IDAT") + 8] ^= 0xFF
    assert code(bytes(data)) in {"damaged", "truncated"}


def test_an_animated_png_is_refused():
    frames = saved(bar(), save_all=True, append_images=[bar(ink="grey")])
    assert code(frames) == "frames"


def test_an_empty_page_is_refused_where_ink_is_wanted():
    noise = np.random.default_rng(0).integers(235, 245, (60, 60), dtype=np.uint8)
    assert code(saved(Image.new("L", (60, 60), 255))) == "blank"
    assert code(saved(Image.fromarray(noise))) == "blank"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_upload_cannot_make_pillow_fail_in_another_way():
    """Cut and bend a picture at many places: each is read or refused, and nothing else happens."""
    random = np.random.default_rng(1)
    for kind in ("PNG", "JPEG"):
        whole = saved(bar((40, 40)), kind)
        for _ in range(150):
            data = bytearray(whole)
            for place in random.integers(0, len(data), 3):
                data[place] = random.integers(256)
            with suppress(pictures.PictureError):
                assert np.isfinite(pictures.read(bytes(data), SPEC)).all()
