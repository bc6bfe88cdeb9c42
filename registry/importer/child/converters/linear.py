"""Linear models, discriminant analysis and naive Bayes."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import DECISIONS, PROBABILITIES, VALUES, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported

CLASSIFIERS = (
    "LogisticRegression", "LogisticRegressionCV", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier",
    "Perceptron", "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
)  # fmt: skip
REGRESSORS = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars", "LarsCV",
    "LassoLars", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV",
    "BayesianRidge", "ARDRegression", "HuberRegressor", "TheilSenRegressor", "QuantileRegressor", "SGDRegressor",
    "PassiveAggressiveRegressor", "LinearSVR",
)  # fmt: skip


def _linear(graph: Graph, estimator: Any, table: Table) -> str:
    weights = np.atleast_2d(estimator.coef_)
    return graph.affine(graph.matrix(table), weights.T, np.ravel(estimator.intercept_), called="coef")


@writes(DECISIONS, *CLASSIFIERS)
def linear_decision(graph: Graph, estimator: Any, table: Table) -> str:
    """x @ coef + intercept."""
    return _linear(graph, estimator, table)


@writes(VALUES, *REGRESSORS)
def linear_values(graph: Graph, estimator: Any, table: Table) -> str:
    """x @ coef + intercept."""
    return _linear(graph, estimator, table)


@writes(VALUES, "PoissonRegressor", "GammaRegressor", "TweedieRegressor")
def generalised_values(graph: Graph, estimator: Any, table: Table) -> str:
    """Through the inverse of the link."""
    link = type(estimator._base_loss.link).__name__
    if link not in {"IdentityLink", "LogLink"}:
        raise Unsupported(f"{type(estimator).__name__} with {link} has no form here.")
    raw = _linear(graph, estimator, table)
    return raw if link == "IdentityLink" else graph.op("Exp", raw)


@writes(VALUES, "TransformedTargetRegressor")
def transformed_target(graph: Graph, estimator: Any, table: Table) -> str:
    """The regressor's value, back through the transformation of the target."""
    from registry.importer.child.converters.dispatch import inverse, values

    return inverse(graph, estimator.transformer_, values(graph, estimator.regressor_, table))


@writes(PROBABILITIES, "LogisticRegression", "LogisticRegressionCV")
def logistic(graph: Graph, estimator: Any, table: Table) -> str:
    """Sigmoid, one against the rest, or softmax."""
    raw, classes = _linear(graph, estimator, table), len(estimator.classes_)
    strategy = getattr(estimator, "multi_class", "auto")  # gone in scikit-learn 1.8
    if strategy == "multinomial" and classes == 2:
        return graph.softmax(graph.affine(raw, np.array([[-1.0, 1.0]])))
    if strategy == "ovr" or (
        classes > 2 and strategy != "multinomial" and estimator.__dict__.get("solver") == "liblinear"
    ):
        return _one_against_the_rest(graph, raw, classes)
    return graph.two(graph.sigmoid(raw)) if classes == 2 else graph.softmax(raw)


def _one_against_the_rest(graph: Graph, raw: str, classes: int) -> str:
    share = graph.sigmoid(raw)
    return graph.two(share) if classes == 2 else graph.op("Div", share, graph.total(share))


@writes(PROBABILITIES, "LinearDiscriminantAnalysis")
def discriminant(graph: Graph, estimator: Any, table: Table) -> str:
    """Sigmoid or softmax."""
    raw = _linear(graph, estimator, table)
    return graph.two(graph.sigmoid(raw)) if len(estimator.classes_) == 2 else graph.softmax(raw)


@writes(PROBABILITIES, "SGDClassifier")
def stochastic(graph: Graph, estimator: Any, table: Table) -> str:
    """Of the logistic loss."""
    if estimator.loss != "log_loss":
        raise Unsupported(f"SGDClassifier with the loss {estimator.loss} has no form here.")
    return _one_against_the_rest(graph, _linear(graph, estimator, table), len(estimator.classes_))


@writes(PROBABILITIES, "GaussianNB")
def gaussian_bayes(graph: Graph, estimator: Any, table: Table) -> str:
    """The squares are summed as they are: multiplied out, a small variance would cost digits."""
    name = graph.op("Unsqueeze", graph.matrix(table), graph.constant([1]))
    offset = graph.op("Sub", name, graph.doubles(estimator.theta_))
    square = graph.op("Div", graph.op("Mul", offset, offset), graph.doubles(estimator.var_))
    prior = np.log(estimator.class_prior_) - 0.5 * np.log(2 * np.pi * estimator.var_).sum(axis=1)
    likelihood = graph.op("Mul", graph.total(square, axis=2, keep=False), graph.doubles([-0.5]))
    return graph.softmax(graph.op("Add", likelihood, graph.doubles(prior)))


@writes(PROBABILITIES, "BernoulliNB")
def bernoulli_bayes(graph: Graph, estimator: Any, table: Table) -> str:
    """Of columns that are zero or one after binarising."""
    name = graph.matrix(table)
    if estimator.binarize is not None:
        name = graph.cast(graph.op("Greater", name, graph.doubles([estimator.binarize])))
    absent = np.log(1 - np.exp(estimator.feature_log_prob_))
    prior = estimator.class_log_prior_ + absent.sum(axis=1)
    return graph.softmax(graph.affine(name, (estimator.feature_log_prob_ - absent).T, prior))


@writes(PROBABILITIES, "MultinomialNB")
def multinomial_bayes(graph: Graph, estimator: Any, table: Table) -> str:
    """Of counts."""
    return graph.softmax(graph.affine(graph.matrix(table), estimator.feature_log_prob_.T, estimator.class_log_prior_))
