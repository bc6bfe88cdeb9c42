"""Iris: three species told apart by four lengths. The smallest complete model repository.

python examples/iris/train.py --out DIR [--seed N]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from examples.repository import (
    Progress,
    Repository,
    arguments,
    confusion_picture,
    figure,
    metric,
    train_range,
)

FEATURES = {
    "sepal_length": {"en": "Sepal length", "fr": "Longueur du sépale"},
    "sepal_width": {"en": "Sepal width", "fr": "Largeur du sépale"},
    "petal_length": {"en": "Petal length", "fr": "Longueur du pétale"},
    "petal_width": {"en": "Petal width", "fr": "Largeur du pétale"},
}
LIMITS = [
    {
        "en": "For demonstrations: it knows three species only, and names one of them for any flower.",
        "fr": "Pour des démonstrations\u202f: il ne connaît que trois espèces et en nomme une pour n’importe quelle fleur.",
    },
    {
        "en": "Versicolor and virginica overlap: look at the probabilities.",
        "fr": "Versicolor et virginica se recoupent\u202f: regardez les probabilités.",
    },
    {"en": "Lengths are in centimetres.", "fr": "Les longueurs sont en centimètres."},
]
GROUPS = {"sepal": {"en": "Sepal", "fr": "Sépale"}, "petal": {"en": "Petal", "fr": "Pétale"}}
HELP = {
    "length": {"en": "From base to tip, in centimetres.", "fr": "De la base à la pointe, en centimètres."},
    "width": {
        "en": "At the widest place, in centimetres.",
        "fr": "À l’endroit le plus large, en centimètres.",
    },
}
SPECIES = ["setosa", "versicolor", "virginica"]

CARD = """
# Iris

Tells three species of iris apart (*setosa*, *versicolor*, *virginica*) by the length and width of sepal and
petal. A scaler and a logistic regression, trained on four fifths of Fisher's 150 flowers.

## Use and limits

For demonstrations. Lengths are in centimetres. The model knows three species only: it names one of them for
any flower, also for one it has never seen. *Versicolor* and *virginica* overlap; look at the probabilities.

![Petals](petals.png)
![Confusion](confusion.png)
"""


def feature(name, values):
    part, dimension = name.split("_")
    return {
        "name": name,
        "label": FEATURES[name],
        "help": HELP[dimension],
        "group": GROUPS[part],
        "unit": "cm",
        "dtype": "number",
        "min": 0,
        "max": 30,
        "step": 0.1,
        "train_range": train_range(values),
    }


def load():
    """The flowers as a frame with our column names, and their species."""
    data = load_iris(as_frame=True)
    return data.data.set_axis(list(FEATURES), axis=1), data.target.map(dict(enumerate(SPECIES)))


def petals(x, y):
    drawing, axes = figure()
    for species in SPECIES:
        rows = x[y == species]
        axes.scatter(rows["petal_length"], rows["petal_width"], label=species, s=18)
    axes.set(xlabel="petal length (cm)", ylabel="petal width (cm)", title="Training flowers")
    axes.legend()
    return drawing


def main():
    options = arguments(__doc__)
    say = Progress()
    x, y = load()
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=options.seed)
    estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    say(f"Cross-validating and training on {len(x_train)} flowers.")
    crossed = cross_val_predict(estimator, x_train, y_train, cv=5)
    estimator.fit(x_train, y_train)
    answers = estimator.predict(x_test)
    say("Drawing and writing.")
    repository = Repository(
        estimator=estimator,
        model={
            "name": "iris",
            "title": "Iris",
            "version": "1.0.0",
            "task": "tabular-classification",
            "description": {
                "en": "Tells three species of iris apart by the size of sepal and petal.",
                "fr": "Distingue trois espèces d’iris d’après la taille du sépale et du pétale.",
            },
        },
        inputs={"features": [feature(name, x_train[name]) for name in FEATURES]},
        outputs={
            "label": {"en": "Species", "fr": "Espèce"},
            "classes": [{"value": name, "label": f"Iris {name}"} for name in SPECIES],
        },
        x_train=x_train,
        x_golden=x_test.head(8),
        test_set=x_test.assign(outcome=y_test).reset_index(names="row"),
        metrics=[
            metric("accuracy", accuracy_score(y_train, crossed), "cross-validation", len(y_train)),
            metric("accuracy", accuracy_score(y_test, answers), "test", len(y_test)),
            metric("f1_macro", f1_score(y_test, answers, average="macro"), "test", len(y_test)),
        ],
        provenance={
            "data": {
                "en": "Fisher's iris, as bundled with scikit-learn",
                "fr": "les iris de Fisher, fournis avec scikit-learn",
            },
            "rows": len(x),
            "seed": options.seed,
            "code": "examples/iris/train.py",
        },
        limits=LIMITS,
        pictures={
            "petals.png": petals(x_train, y_train),
            "confusion.png": confusion_picture(confusion_matrix(y_test, answers), SPECIES),
        },
        card=CARD,
    )
    repository.write(options.out, seed=options.seed)
    say.done(repository, options.out)


if __name__ == "__main__":
    main()
