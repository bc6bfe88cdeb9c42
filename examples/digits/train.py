"""Digits: read one handwritten digit from a picture of any size.

    python examples/digits/train.py --out DIR [--seed N]

scikit-learn's bundled digits are 8 by 8 pixels, light on dark, cut to the ink. People send something else:
dark ink on paper, any size, any pen. So the model also learns from the training digits drawn that way,
brought back to 8 by 8 by the code that reads uploads.
"""

import os
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the matrices are small: threads only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from examples.digits import study
from examples.repository import arguments

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


def fitted(x, y, seed):
    network = MLPClassifier((128, 64), alpha=0.01, learning_rate_init=0.006, max_iter=25, random_state=seed)
    with warnings.catch_warnings():
        # 25 passes are enough here; more fit the training digits, not new ones.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(MinMaxScaler(), network).fit(x, y)


if __name__ == "__main__":
    study.write(
        arguments(__doc__),
        fitted,
        model={
            "name": "digits",
            "title": {"en": "Digits", "fr": "Chiffres"},
            "version": "1.0.0",
            "task": "image-classification",
            "description": {
                "en": "Reads one handwritten digit from a picture of any size.",
                "fr": "Lit un chiffre manuscrit sur une image de n’importe quelle taille.",
            },
        },
        code="train.py",
        card=CARD,
    )
