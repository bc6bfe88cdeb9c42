"""CalibratedClassifierCV: sigmoid, isotonic, temperature."""

from typing import Any

import numpy as np

from registry.importer.child.converters.dispatch import PROBABILITIES, decision, probabilities, unwrapped, writes
from registry.importer.child.converters.graph import Graph, Table, Unsupported
from registry.importer.child.converters.scaling import clipped, interpolated


@writes(PROBABILITIES, "CalibratedClassifierCV")
def calibrated(graph: Graph, estimator: Any, table: Table) -> str:
    """The mean over its calibrated classifiers."""
    names = [_one(graph, each, table) for each in estimator.calibrated_classifiers_]
    total = names[0]
    for name in names[1:]:
        total = graph.op("Add", total, name)
    return graph.op("Div", total, graph.doubles([len(names)]))


def _one(graph: Graph, pair: Any, table: Table) -> str:
    classes = len(pair.classes)
    from_decision = hasattr(unwrapped(pair.estimator), "decision_function")
    raw = (decision if from_decision else probabilities)(graph, pair.estimator, table)
    if pair.method == "temperature":
        return _temperature(graph, pair.calibrators[0], raw, two=classes == 2 and from_decision)
    if list(pair.estimator.classes_) != list(pair.classes):
        raise Unsupported("A calibrated classifier that knows fewer classes has no form here.")
    if classes == 2:
        positive = raw if from_decision else graph.op("Gather", raw, graph.constant([1]), axis=1)
        return graph.two(_curve(graph, pair.calibrators[0], positive))
    shares = [
        _curve(graph, each, graph.op("Gather", raw, graph.constant([number]), axis=1))
        for number, each in enumerate(pair.calibrators)
    ]
    joined = graph.joined(shares)
    total = graph.total(joined)
    nothing = graph.op("Equal", total, graph.doubles([0.0]))
    quotient = graph.op("Div", joined, graph.op("Where", nothing, graph.doubles([1.0]), total))
    return graph.op("Where", nothing, graph.doubles([1 / classes]), quotient)


def _curve(graph: Graph, calibrator: Any, name: str) -> str:
    kind = type(calibrator).__name__
    if kind == "_SigmoidCalibration":
        raw = graph.op("Mul", name, graph.doubles([-calibrator.a_]))
        return graph.sigmoid(graph.op("Sub", raw, graph.doubles([calibrator.b_])))
    if kind == "IsotonicRegression" and calibrator.out_of_bounds == "clip":
        name = clipped(graph, name, calibrator.X_min_, calibrator.X_max_)
        return interpolated(graph, name, calibrator.X_thresholds_, calibrator.y_thresholds_)
    raise Unsupported(f"Calibration by {kind} has no form here.")


def _temperature(graph: Graph, calibrator: Any, raw: str, *, two: bool) -> str:
    """Of decisions as they are, of probabilities by their logarithms."""
    if two:
        return graph.softmax(graph.affine(raw, np.array([[-calibrator.beta_, calibrator.beta_]])))
    raise Unsupported("Calibration by temperature has a form for decisions of two classes only.")
