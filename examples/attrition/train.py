"""Attrition: how likely is it that somebody leaves the company?

    python examples/attrition/train.py --out DIR [--data DIR] [--rows N] [--people FILE] [--seed N]

With --data, reads the three HR extracts in that folder; without it, a synthetic company of N people (synthetic.py).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from examples.attrition import card, data, synthetic
from examples.attrition.features import CATEGORIES, CLASSES, FEATURES, KEY, NAMES, NUMBERS, OUTCOME
from examples.repository import (
    Progress,
    Repository,
    arguments,
    calibration,
    confusion_picture,
    figure,
    metric,
    train_range,
)

POSITIVE = "leaves"


def candidates(seed):
    """The pipelines to choose from. No class weights: a probability should mean what it says."""
    return {
        "logistic regression": pipeline(LogisticRegression(C=0.3, max_iter=2000)),
        "random forest": pipeline(RandomForestClassifier(200, min_samples_leaf=3, max_features=0.3, random_state=seed)),
    }


def pipeline(estimator):
    encoder = OneHotEncoder(categories=list(CATEGORIES.values()))
    columns = ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("choices", encoder, list(CATEGORIES))])
    return make_pipeline(columns, estimator)


def out_of_fold(estimator, x, y, seed):
    """For each training row, the probability of leaving from a model that has not seen it."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return cross_val_predict(estimator, x, y, cv=folds, method="predict_proba")[:, 0]


def best_threshold(leaves, scores):
    """The threshold, in steps of 0.01, with the greatest F1."""

    def f1(threshold):
        answers = scores >= threshold
        return 2 * (answers & leaves).sum() / (answers.sum() + leaves.sum())

    return float(max(np.arange(5, 91) / 100, key=f1))


def bootstrap(leaves, scores, seed, times=500):
    """95 % interval of the PR-AUC: resample the people, look at the middle 95 % of the results."""
    random = np.random.default_rng(seed)
    results = []
    for _ in range(times):
        rows = random.integers(0, len(leaves), len(leaves))
        if leaves[rows].any():
            results.append(average_precision_score(leaves[rows], scores[rows]))
    return np.quantile(results, [0.025, 0.975]).tolist()


def measure(leaves, scores, threshold, split, seed):
    answers, n = scores >= threshold, len(leaves)
    pr_auc = average_precision_score(leaves, scores)
    return [
        metric("pr_auc", pr_auc, split, n, bootstrap(leaves, scores, seed)),
        metric("roc_auc", roc_auc_score(leaves, scores), split, n),
        metric("recall", recall_score(leaves, answers), split, n),
        metric("precision", precision_score(leaves, answers, zero_division=0), split, n),
        metric("accuracy", accuracy_score(leaves, answers), split, n),
        metric("brier", brier_score_loss(leaves, scores), split, n),
    ]


def curve_picture(leaves, scores, threshold):
    drawing, axes = figure()
    precision, recall, _ = precision_recall_curve(leaves, scores)
    axes.plot(recall, precision)
    axes.axhline(leaves.mean(), linestyle=":", color="grey", label="by chance")
    answers = scores >= threshold
    point = recall_score(leaves, answers), precision_score(leaves, answers, zero_division=0)
    axes.plot(*point, "o", label=f"threshold {threshold:.2f}")
    axes.set(xlabel="recall", ylabel="precision", title="Precision and recall on the test set", ylim=(0, 1.02))
    axes.legend()
    return drawing


def calibration_picture(leaves, scores):
    drawing, axes = figure()
    seen, said = calibration_curve(leaves, scores, n_bins=5, strategy="quantile")
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey", label="perfect")
    axes.plot(said, seen, "o-", label="out of fold")
    axes.set(xlabel="said: probability of leaving", ylabel="seen: share that left", title="Calibration")
    axes.legend()
    return drawing


def load(options):
    """The people, and where they come from."""
    if options.data:
        try:
            return data.read(options.data), {"data": card.THREE_EXTRACTS, "synthetic": False}
        except data.DataError as error:
            sys.exit(f"{options.data}: {error}")
    source = {"data": card.MADE_UP, "synthetic": True, "generator": "examples/attrition/synthetic.py"}
    return synthetic.generate(rows=options.rows, seed=options.seed), source


def choose(x, y, seed, say):
    """The name of the best pipeline, out-of-fold scores by name, PR-AUC by name."""
    scores, results = {}, {}
    for name, estimator in candidates(seed).items():
        scores[name] = out_of_fold(estimator, x, y, seed)
        results[name] = float(average_precision_score(y == POSITIVE, scores[name]))
        say(f"Cross-validated the {name}: PR-AUC {results[name]:.3f}.")
    return max(results, key=results.get), scores, results


def describe(feature, x):
    """The feature as in features.py, with the range seen in training."""
    seen = {"train_range": train_range(x[feature["name"]])} if feature["name"] in NUMBERS else {}
    return feature | seen


def main():
    options = arguments(__doc__, data=True)
    seed, say = options.seed, Progress()
    people, source = load(options)
    if options.people:  # outside the repository, which is published
        people[[KEY, *NAMES]].to_csv(options.people, index=False, lineterminator="\n")
    say(f"Read {len(people)} people, {(people[OUTCOME] == POSITIVE).sum()} of whom left.")
    train, test = train_test_split(people, test_size=0.2, stratify=people[OUTCOME], random_state=seed)
    x_train, y_train, x_test = train[NAMES], train[OUTCOME], test[NAMES]
    best, crossed, results = choose(x_train, y_train, seed, say)
    estimator = candidates(seed)[best].fit(x_train, y_train)
    left_train, left_test = (y_train == POSITIVE).to_numpy(), (test[OUTCOME] == POSITIVE).to_numpy()
    threshold = best_threshold(left_train, crossed[best])
    scores = estimator.predict_proba(x_test)[:, 0]
    say(f"Trained the {best}, threshold {threshold:.2f}. Drawing and writing.")
    repository = Repository(
        estimator=estimator,
        model={
            "name": "attrition",
            "title": {"en": "Attrition", "fr": "Départs"},
            "version": "1.0.0",
            "task": "tabular-classification",
            "description": card.description(synthetic=source["synthetic"]),
        },
        inputs={"features": [describe(feature, x_train) for feature in FEATURES]},
        outputs={
            "label": {"en": "Within a year", "fr": "Dans l’année"},
            "classes": CLASSES,
            "threshold": {"value": threshold, "chosen_by": card.CHOSEN_BY},
            "frequency": card.FREQUENCY,
            "calibration": calibration(left_train, crossed[best], "cross-validation"),
        },
        x_train=x_train,
        x_golden=x_test.head(12),
        test_set=test[[KEY, *NAMES, OUTCOME]],
        metrics=[
            *measure(left_train, crossed[best], threshold, "cross-validation", seed),
            *measure(left_test, scores, threshold, "test", seed),
        ],
        provenance=source
        | {"rows": len(people), "seed": seed, "code": "examples/attrition/train.py"}
        | {"chosen": best, "candidates_pr_auc": results},
        limits=card.limits(synthetic=source["synthetic"]),
        pictures={
            "precision_recall.png": curve_picture(left_test, scores, threshold),
            "calibration.png": calibration_picture(left_train, crossed[best]),
            "confusion.png": confusion_picture(confusion_matrix(left_test, scores >= threshold), ["stays", "leaves"]),
        },
        card=card.text(synthetic=source["synthetic"], best=best, results=results, threshold=threshold),
    )
    repository.write(options.out, seed=seed)
    say.done(repository, options.out)


if __name__ == "__main__":
    main()
