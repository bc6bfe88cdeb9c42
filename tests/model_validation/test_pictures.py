"""A digit stays what it is, however it is drawn on paper: other paper, other size, light on dark."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from examples.digits import data
from registry import runtimes
from tests.model_validation.conftest import Served

pytestmark = pytest.mark.django_db
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "light on dark": ImageOps.invert,
    "on larger paper": lambda picture: ImageOps.expand(picture, border=40, fill=int(np.asarray(picture).max())),
    "twice as large": lambda picture: picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST),
    "on greyer paper": lambda picture: picture.point(lambda shade: int(shade * 0.9)),
}


FEW = 120


@pytest.fixture(scope="module")
def drawn() -> tuple[list[bytes], np.ndarray]:
    """Files of digits that no model was trained on, and what they are."""
    random = np.random.default_rng(0)
    x, y = load_digits(return_X_y=True)
    _, x_test, _, y_test = train_test_split(x, y.astype(str), test_size=0.2, stratify=y, random_state=0)
    return [data.as_picture(row, random, "PNG") for row in x_test[:FEW]], y_test[:FEW]


def png(content: bytes, change: Callable[[Image.Image], Image.Image]) -> bytes:
    """A picture, changed, as a file that loses nothing."""
    file = BytesIO()
    change(Image.open(BytesIO(content)).convert("L")).save(file, "PNG")
    return file.getvalue()


def labels(model: Served, files: list[bytes]) -> np.ndarray:
    columns = model.signature.clean({"image": files}, len(files)).columns
    scores = runtimes.load(model.version).predict(columns, len(files))
    return np.array(model.signature.class_names)[scores.argmax(axis=1)]


def test_digits_on_paper_are_read(served: Callable[[str], Served], drawn: tuple[list[bytes], np.ndarray]) -> None:
    files, truth = drawn
    assert (labels(served("digits"), files) == truth).mean() >= 0.95


@pytest.mark.parametrize("name", CHANGES)
def test_the_paper_does_not_matter(served: Callable[[str], Served], drawn: tuple, name: str) -> None:
    model, (files, _truth) = served("digits"), drawn
    same = labels(model, files) == labels(model, [png(file, CHANGES[name]) for file in files])
    assert same.mean() >= 0.97, f"{(~same).sum()} of {FEW} changed"
