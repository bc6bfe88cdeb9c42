"""Digits: read one handwritten digit from a picture of any size.

    python examples/digits/train.py --out DIR [--seed N]

scikit-learn's bundled digits are 8 by 8 pixels, light on dark, cut to the ink. People send something else:
dark ink on paper, any size, any pen. So the model also learns from the training digits drawn that way,
brought back to 8 by 8 by the code that reads uploads.
"""

import os
import sys
import warnings
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the matrices are small: threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from examples.repository import Progress, Repository, arguments, confusion_picture, figure, metric
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
DIGITS = [str(digit) for digit in range(10)]
ROUNDS = 2  # how often each training digit is drawn

CARD = """
# Digits

Reads one handwritten digit. Send a PNG or JPEG of any size: dark ink on light paper or the reverse. The
picture is cut to the ink, brought to 8 by 8 pixels with 17 shades, and answered by a small neural network
(128 and 64 units).

It was trained on scikit-learn's bundled digits (1797 pictures of the UCI "optical recognition of handwritten
digits" test set) and on the same digits drawn thicker, thinner, turned and slanted on paper. Nearest
neighbours and a logistic regression were tried as well: the first reads the test set as well but thin, thick
and printed digits less well, the second is behind in both.

"Test, as pictures" below is the test set drawn on paper of 40 to 300 pixels, half PNG and half JPEG.

## Use and limits

One digit on a picture, roughly upright, on an even background. Shadows, ruled paper or two digits mislead it,
and it names a digit for a letter too. Printed digits are read less well than handwritten ones. `try-me.png`
is a picture to try it with.

![Digits](digits.png)
![Confusion](confusion.png)
"""


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
    return np.array([pictures.read(data, IMAGE) for data in files])


def pipeline(seed):
    network = MLPClassifier((128, 64), alpha=0.01, learning_rate_init=0.006, max_iter=25, random_state=seed)
    return make_pipeline(MinMaxScaler(), network)


def fitted(x, drawings, y, seed):
    """A pipeline fitted on the digits `x` and their `drawings`, of the shape (rounds, rows, 64)."""
    with warnings.catch_warnings():
        # 25 passes are enough here; more fit the training digits, not new ones.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return pipeline(seed).fit(np.vstack([x, *drawings]), np.tile(y, 1 + len(drawings)))


def cross_validated(x, drawings, y, seed):
    """Answers for each training digit from a model that saw neither it nor a drawing of it."""
    answers = y.copy()
    for seen, unseen in StratifiedKFold(3, shuffle=True, random_state=seed).split(x, y):
        answers[unseen] = fitted(x[seen], drawings[:, seen], y[seen], seed).predict(x[unseen])
    return answers


def sheet(x, y, drawings):
    """Digits as they are stored, and below each a drawing of it as the model receives it."""
    drawing, _ = figure(6, 2)
    drawing.clear()
    for place, digit in enumerate(DIGITS):
        row = np.flatnonzero(y == digit)[0]
        for line, pixels in enumerate((x[row], drawings[0, row])):
            axes = drawing.add_subplot(2, 10, line * 10 + place + 1)
            axes.imshow(pixels.reshape(8, 8), cmap="gray_r")
            axes.axis("off")
    return drawing


def test_table(x, y):
    import pandas as pd

    return pd.DataFrame(x.astype(int), columns=[f"pixel_{i}" for i in range(64)]).assign(outcome=y)


def main():
    options = arguments(__doc__)
    seed, say = options.seed, Progress()
    random = np.random.default_rng(seed)
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y.astype(str), test_size=0.2, stratify=y, random_state=seed)
    drawings = np.array([read(drawn(row, random) for row in x_train) for _ in range(ROUNDS)])
    say(f"Drew {len(x_train)} training digits {ROUNDS} times each.")
    crossed = cross_validated(x_train, drawings, y_train, seed)
    say("Cross-validated.")
    estimator = fitted(x_train, drawings, y_train, seed)
    answers = estimator.predict(x_test)
    files = [as_picture(row, random, ("PNG", "JPEG")[place % 2]) for place, row in enumerate(x_test)]
    from_files = estimator.predict(read(files))
    say("Drawing and writing.")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "try-me.png").write_bytes(files[0])
    repository = Repository(
        estimator=estimator,
        model={
            "name": "digits",
            "version": "1.0.0",
            "task": "image-classification",
            "description": {
                "en": "Reads one handwritten digit from a picture of any size.",
                "fr": "Lit un chiffre manuscrit sur une image de n'importe quelle taille.",
            },
        },
        inputs={"image": IMAGE},
        outputs={
            "label": {"en": "Digit", "fr": "Chiffre"},
            "classes": [{"value": digit} for digit in DIGITS],
        },
        x_train=x_train,
        x_golden=x_test[:10],
        test_set=test_table(x_test, y_test),
        metrics=[
            metric("accuracy", accuracy_score(y_train, crossed), "cross-validation", len(y_train)),
            metric("accuracy", accuracy_score(y_test, answers), "test", len(y_test)),
            metric("f1_macro", f1_score(y_test, answers, average="macro"), "test", len(y_test)),
            metric("accuracy", accuracy_score(y_test, from_files), "test, as pictures", len(y_test)),
        ],
        provenance={
            "data": "handwritten digits, as bundled with scikit-learn",
            "rows": len(x),
            "seed": seed,
            "code": "examples/digits/train.py",
        },
        pictures={
            "digits.png": sheet(x_train, y_train, drawings),
            "confusion.png": confusion_picture(confusion_matrix(y_test, answers), DIGITS),
        },
        files=["try-me.png"],
        card=CARD,
    )
    repository.write(options.out, seed=seed)
    say.done(repository, options.out)


if __name__ == "__main__":
    main()
