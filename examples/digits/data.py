"""The digits that both models learn from: as scikit-learn has them, and drawn as somebody else could have.

Pixels are rows of 64 numbers from 0 (paper) to 16 (ink).
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from registry import pictures

IMAGE = {
    "width": 8,
    "height": 8,
    "mode": "L",
    "invert": "auto",
    "fit": "ink",
    "scale": 16,
    "layout": "flat",
}
NAMES = [str(digit) for digit in range(10)]
ROUNDS = 2  # how often each training digit is drawn


@dataclass(frozen=True)
class Digits:
    """Training digits with drawings of them, of the shape (ROUNDS, rows, 64); test digits with files of them."""

    x_train: np.ndarray
    y_train: np.ndarray
    drawings: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    files: list[bytes]

    @property
    def rows(self):
        return len(self.x_train) + len(self.x_test)

    def lessons(self, chosen=slice(None)):
        """The chosen training digits and their drawings, (rows, 64), and which digit each one is."""
        x, y, drawings = self.x_train[chosen], self.y_train[chosen], self.drawings[:, chosen]
        return np.vstack([x, *drawings]), np.tile(y, 1 + len(drawings))


def load(seed):
    """A fifth is kept for the test. The same seed gives the same split and the same drawings to every model."""
    random = np.random.default_rng(seed)
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y.astype(str), test_size=0.2, stratify=y, random_state=seed)
    drawings = np.array([read(drawn(row, random) for row in x_train) for _ in range(ROUNDS)])
    files = [as_picture(row, random, ("PNG", "JPEG")[place % 2]) for place, row in enumerate(x_test)]
    return Digits(x_train, y_train, drawings, x_test, y_test, files)


def drawn(pixels, random):
    """One training digit as somebody could have drawn it: a PNG of 102 by 102 pixels, dark on light."""
    shades = (pixels.reshape(8, 8) / 16 * 255).astype(np.uint8)
    ink = Image.fromarray(shades).resize((64, 64), Image.Resampling.BICUBIC)
    pen = random.choice([None, ImageFilter.MinFilter(3), ImageFilter.MinFilter(5), ImageFilter.MaxFilter(3)])
    ink = ink.filter(pen) if pen else ink
    if random.random() < 0.7:  # a pen has no greys
        ink = ink.point(lambda shade: 255 if shade > 110 else 0)
    turn, slant, widen = random.uniform(-0.2, 0.2), random.uniform(-0.25, 0.25), random.uniform(0.75, 1.3)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ np.array([[widen, slant], [0, 1]])
    start = matrix @ [-51, -51] + 32
    numbers = (*matrix[0], start[0], *matrix[1], start[1])
    page = ink.transform((102, 102), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR)
    return saved(page.point(lambda shade: 250 - int(shade * 0.9)), "PNG")


def as_picture(pixels, random, kind):
    """A digit on paper of any size, at any place."""
    side = int(random.integers(24, 120))
    shades = (pixels.reshape(8, 8) / 16 * 255).astype(np.uint8)
    ink = Image.fromarray(shades).resize((side, side), Image.Resampling.BICUBIC)
    left, top, right, bottom = random.integers(8, 90, 4)
    page = Image.new("L", (int(left + side + right), int(top + side + bottom)), 0)
    page.paste(ink, (int(left), int(top)))
    paper = int(random.integers(190, 256))
    return saved(page.point(lambda shade: paper - int(shade * 0.7)).convert("RGB"), kind)


def saved(image, kind):
    buffer = BytesIO()
    image.save(buffer, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    return buffer.getvalue()


def read(files):
    """What a model of flat pixels receives of each file: (files, 64)."""
    return np.array([pictures.read(data, IMAGE) for data in files])
