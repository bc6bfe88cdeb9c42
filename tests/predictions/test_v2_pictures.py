"""Pictures as tensors: the answer of the same pixels in a PNG file."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.http import HttpResponse
from PIL import Image

from predictions.api.inference_protocol import pictures
from predictions.api.inference_protocol.tensors import Tensor
from predictions.models import Prediction
from registry.models import ModelVersion
from registry.pictures import read
from tests.predictions.tensors import output, said, send_packed, tensor
from tests.test_doors import pictures as files_of

INFER = "/v2/models/digits/infer"


@pytest.fixture
def digits(promoted) -> ModelVersion:
    """The digits example: 8 by 8, grey, ink from 0 to 16."""
    version: ModelVersion = promoted("digits")
    return version


@pytest.fixture
def digit(example) -> list[bytes]:
    """PNG files of digits, 8 by 8."""
    return list(files_of(example("digits"), 10))[::3]


def pixels_of(file: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(file)))


def stored(count: int = 1) -> list[Any]:
    """The numbers that the model got."""
    return [row.inputs["image"]["values"] for row in reversed(Prediction.objects.order_by("-id")[:count])]


def upload(call, file: bytes) -> HttpResponse:
    body = {"inputs": {"image": base64.b64encode(file).decode()}}
    return call(body, "/api/v1/models/digits/predict")


def test_the_same_picture_gets_the_same_answer_as_a_file_or_a_tensor(digits, digit, call) -> None:
    labels = set()
    for file in digit:
        (expected,) = upload(call, file).json()["predictions"]
        (numbers,) = stored()
        pixels = pixels_of(file)
        ways = [
            send_packed(call, INFER, [("image", "UINT8", pixels, pixels.shape)]),
            send_packed(call, INFER, [("input-1", "UINT8", pixels, [1, 8, 8, 1])]),
            send_packed(call, INFER, [("image", "FP32", pixels / 255 * 16, [1, 8, 8])]),
            send_packed(call, INFER, [("image", "FP64", pixels / 255 * 16, [1, 64])]),
            send_packed(call, INFER, [("image", "BYTES", [file], [1])]),
            call({"inputs": [tensor("image", "UINT8", pixels.tolist(), [8, 8])]}, INFER),
            call({"inputs": [tensor("image", "UINT8", [pixels.tolist()], [1, 8, 8])]}, INFER),
            call({"inputs": [tensor("image", "FP32", (pixels.ravel() / 255 * 16).tolist(), [8, 8])]}, INFER),
            call({"inputs": [tensor("image", "BYTES", [base64.b64encode(file).decode()])]}, INFER),
        ]
        for response in ways:
            assert output(response, "label")["data"] == [expected["label"]]
            assert output(response, "score")["data"] == [expected["score"]]
            assert stored() == [numbers]
            assert "pixels_rounded" not in response.json()["parameters"]
        labels.add(expected["label"])
    assert len(labels) > 1


def test_several_pictures_are_several_rows(digits, digit, call) -> None:
    pixels = np.stack([pixels_of(file) for file in digit])
    response = send_packed(call, INFER, [("image", "UINT8", pixels, pixels.shape)])
    alone = [upload(call, file).json()["predictions"][0]["label"] for file in digit]
    assert output(response, "label")["data"] == alone
    files = send_packed(call, INFER, [("image", "BYTES", digit, [len(digit), 1])])
    assert output(files, "label")["data"] == alone


def test_numbers_between_two_pixel_values_are_rounded_and_that_is_said(digits, call) -> None:
    ink = np.zeros((8, 8), np.float32)
    ink[1:7, 3:5] = 5.0
    ink[3, 3:5] = 16.0
    response = send_packed(call, INFER, [("image", "FP32", ink, [8, 8])])
    assert response.json()["parameters"]["pixels_rounded"] is True
    assert stored()[0] == pytest.approx(ink.ravel().tolist(), abs=16 / 510)


@pytest.mark.parametrize(
    ("datatype", "values", "shape", "sentence"),
    [
        ("FP32", [1.0] * 64, [8, 8], "could mean 0 to 1 or 0 to 16"),
        ("FP32", [17.0] * 64, [8, 8], "from 0 to 16"),
        ("FP32", [-1.0] * 64, [8, 8], "from 0 to 16"),
        ("FP32", [float("nan")] * 64, [8, 8], "from 0 to 16"),
        ("FP32", [float("inf")] * 64, [8, 8], "from 0 to 16"),
        ("INT64", [1] * 64, [8, 8], "Send a picture as UINT8"),
        ("BOOL", [1] * 64, [8, 8], "Send a picture as UINT8"),
        ("UINT8", [1] * 81, [9, 9], "[-1, 8, 8, 1]"),
        ("UINT8", [1] * 192, [8, 8, 3], "one of these shapes"),
        ("UINT8", [1] * 128, [1, 2, 8, 8], "one of these shapes"),
        ("UINT8", [], [0, 8, 8], "Send at least one row."),
        ("UINT8", [0] * 64, [8, 8], "The picture is empty"),
        ("BYTES", [b"x"] * 64, [8, 8], "must have the shape [rows] or [rows, 1]"),
        ("BYTES", [b"no picture"], [1], "Row 0, “image”: The file is not a picture."),
        ("BYTES", [b""], [1], "Choose a picture"),
    ],
)
def test_a_tensor_that_is_no_picture_is_refused(
    digits, call, datatype: str, values: Any, shape: list[int], sentence: str
) -> None:
    assert sentence in said(send_packed(call, INFER, [("image", datatype, values, shape)]), 400)


def test_missing_pixels_and_second_tensors_are_refused(digits, call) -> None:
    one = tensor("image", "UINT8", [None] * 64, [8, 8])
    assert said(call({"inputs": [one]}, INFER), 400) == "A picture has no missing pixels."
    assert said(call({"inputs": [one, one | {"name": "b"}]}, INFER), 400) == "An image model takes one tensor."
    for value in (None, "not base64"):
        text = said(call({"inputs": [tensor("image", "BYTES", [value])]}, INFER), 400)
        assert text.startswith("Row 0, “image”: ")


def test_too_many_pictures_are_413(digits, call, settings) -> None:
    settings.MAX_ROWS_PER_CALL = 2
    assert said(send_packed(call, INFER, [("image", "UINT8", [0] * 192, [3, 8, 8])]), 413)


COLOUR = {"width": 3, "height": 2, "mode": "RGB", "layout": "nhwc", "scale": 1.0}


@pytest.mark.parametrize("scale", [1.0, 255.0])
@pytest.mark.parametrize("layout", ["nhwc", "nchw", "flat"])
@pytest.mark.parametrize("datatype", ["UINT8", "FP16", "FP32", "FP64"])
def test_colours_arrive_where_they_were(layout: str, datatype: str, scale: float) -> None:
    image = COLOUR | {"layout": layout, "scale": scale}
    pixels = np.random.default_rng(1).integers(0, 256, (4, 2, 3, 3)).astype(np.uint8)
    kinds = {"UINT8": np.uint8, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64}
    numbers = pixels if datatype == "UINT8" else (pixels * (scale / 255)).astype(kinds[datatype])
    for sent in (numbers, numbers.transpose(0, 3, 1, 2)):
        found, rows, rounded = pictures.columns_of([Tensor("x", datatype, sent.shape, sent.ravel())], image)
        assert (rows, rounded) == (4, False)
        for file, expected in zip(found["image"], pixels, strict=True):
            laid = expected.transpose(2, 0, 1) if layout == "nchw" else expected
            wanted = laid.ravel() if layout == "flat" else laid
            assert read(file, image) == pytest.approx(wanted / 255 * scale)


def test_a_flat_colour_picture_needs_a_flat_layout() -> None:
    assert (18,) in pictures.shapes_of(COLOUR | {"layout": "flat"})
    assert (18,) not in pictures.shapes_of(COLOUR)
    assert pictures.shapes_of(COLOUR | {"layout": "nchw"})[0] == (3, 2, 3)
