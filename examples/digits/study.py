"""What both models of digits are put through: trained, cross-validated, tested, drawn, written.

`fit(x, y, seed)` gives an estimator with `predict` and `predict_proba`; x is (rows, 64), y the digits as texts.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold

from examples.digits import data
from examples.repository import Progress, Repository, confusion_picture, figure, metric
from registry.contract_companions import picture_shape

SOURCE = {
    "en": "handwritten digits, as bundled with scikit-learn",
    "fr": "chiffres manuscrits, fournis avec scikit-learn",
}
LIMITS = [
    {
        "en": "One digit on a picture, roughly upright, on an even background.",
        "fr": "Un seul chiffre par image, à peu près droit, sur un fond uni.",
    },
    {
        "en": "Shadows, ruled paper or two digits mislead it, and it names a digit for a letter too.",
        "fr": (
            "Les ombres, le papier ligné ou deux chiffres l’induisent en erreur, et il nomme un chiffre même pour une lettre."
        ),
    },
    {
        "en": "Printed digits are read less well than handwritten ones.",
        "fr": "Les chiffres imprimés sont moins bien lus que les chiffres manuscrits.",
    },
]


def write(options, fit, *, code, image=data.IMAGE, export=None, draw=None, **described):
    """Train with `fit` and write the folder `options.out`.

    `image` is the manifest's: the layout in which the model takes pictures. Of the estimator and the digits, `export`
    makes the ONNX graph to be served in its place, `draw` more pictures of the card (file name: figure). `code` is the
    name of the caller's file; `described` are other fields of Repository.
    """
    seed, say = options.seed, Progress()
    digits = data.load(seed)
    say(f"Drew {len(digits.x_train)} training digits {data.ROUNDS} times each.")
    crossed = cross_validated(fit, digits, seed)
    say("Cross-validated.")
    estimator = fit(*digits.lessons(), seed)
    answers = estimator.predict(digits.x_test)
    from_files = estimator.predict(data.read(digits.files))
    say("Drawing and writing.")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "try-me.png").write_bytes(digits.files[0])
    provenance = {"data": SOURCE, "rows": digits.rows}
    repository = Repository(
        estimator=estimator,
        inputs={"image": image},
        outputs={
            "label": {"en": "Digit", "fr": "Chiffre"},
            "classes": [{"value": digit} for digit in data.NAMES],
        },
        x_train=digits.x_train,
        x_golden=digits.x_test[:10].reshape(-1, *picture_shape(image)),
        test_set=test_table(digits),
        metrics=metrics(digits, crossed, answers, from_files),
        provenance=provenance | {"seed": seed, "code": f"examples/digits/{code}"},
        limits=LIMITS,
        pictures={
            "digits.png": sheet(digits),
            "confusion.png": confusion_picture(confusion_matrix(digits.y_test, answers), data.NAMES),
            **(draw(estimator, digits) if draw else {}),
        },
        files=["try-me.png"],
        graph=export(estimator, digits) if export else None,
        **described,
    )
    repository.write(options.out, seed=seed)
    say.done(repository, options.out)


def cross_validated(fit, digits, seed):
    """Answers for each training digit from a model that saw neither it nor a drawing of it."""
    answers = digits.y_train.copy()
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    for seen, unseen in folds.split(digits.x_train, digits.y_train):
        answers[unseen] = fit(*digits.lessons(seen), seed).predict(digits.x_train[unseen])
    return answers


def metrics(digits, crossed, answers, from_files):
    train, test = digits.y_train, digits.y_test
    return [
        metric("accuracy", accuracy_score(train, crossed), "cross-validation", len(train)),
        metric("accuracy", accuracy_score(test, answers), "test", len(test)),
        metric("f1_macro", f1_score(test, answers, average="macro"), "test", len(test)),
        metric("accuracy", accuracy_score(test, from_files), "test, as pictures", len(test)),
    ]


def sheet(digits):
    """Digits as they are stored, and below each a drawing of it as the model receives it."""
    drawing, _ = figure(6, 2)
    drawing.clear()
    for place, digit in enumerate(data.NAMES):
        row = np.flatnonzero(digits.y_train == digit)[0]
        for line, pixels in enumerate((digits.x_train[row], digits.drawings[0, row])):
            panel(drawing, (2, 10, line * 10 + place + 1), pixels)
    return drawing


def panel(drawing, place, pixels, title=None):
    """One digit in dark ink at a place of the drawing's grid: (lines, columns, number)."""
    axes = drawing.add_subplot(*place)
    axes.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
    axes.axis("off")
    if title:
        axes.set_title(title, fontsize=8)


def test_table(digits):
    columns = [f"pixel_{i}" for i in range(64)]
    table = pd.DataFrame(digits.x_test.astype(int), columns=columns).assign(outcome=digits.y_test)
    return table.reset_index(names="row")
