"""Transformers that compute with each column by itself: scalers, functions, quantiles, powers, splines."""

from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.importer.child.converters.dispatch import INVERSES, TRANSFORMS, writes
from registry.importer.child.converters.encoders import counted
from registry.importer.child.converters.graph import Graph, Table, Unsupported, table_of
from registry.importer.child.converters.normal import quantile_of_normal


def _made(name: str, table: Table) -> Table:
    return table_of(name, len(table))


# A division stays a division: behind a scaler, a tree compares the very bits that scikit-learn computes.


@writes(TRANSFORMS, "StandardScaler")
def standard(graph: Graph, estimator: Any, table: Table) -> Table:
    """(x - mean) / scale."""
    name = graph.matrix(table)
    if estimator.with_mean:
        name = graph.op("Sub", name, graph.doubles(estimator.mean_))
    if estimator.with_std:
        name = graph.op("Div", name, graph.doubles(estimator.scale_))
    return _made(name, table)


@writes(INVERSES, "StandardScaler")
def standard_back(graph: Graph, estimator: Any, table: Table) -> Table:
    """x * scale + mean."""
    name = graph.matrix(table)
    if estimator.with_std:
        name = graph.op("Mul", name, graph.doubles(estimator.scale_))
    if estimator.with_mean:
        name = graph.op("Add", name, graph.doubles(estimator.mean_))
    return _made(name, table)


@writes(TRANSFORMS, "MinMaxScaler")
def min_max(graph: Graph, estimator: Any, table: Table) -> Table:
    """x * scale + min, within the feature range where it says clip."""
    name = graph.op("Mul", graph.matrix(table), graph.doubles(estimator.scale_))
    name = graph.op("Add", name, graph.doubles(estimator.min_))
    if estimator.clip:
        name = clipped(graph, name, *estimator.feature_range)
    return _made(name, table)


@writes(INVERSES, "MinMaxScaler")
def min_max_back(graph: Graph, estimator: Any, table: Table) -> Table:
    """(x - min) / scale."""
    name = graph.op("Sub", graph.matrix(table), graph.doubles(estimator.min_))
    return _made(graph.op("Div", name, graph.doubles(estimator.scale_)), table)


@writes(TRANSFORMS, "RobustScaler")
def robust(graph: Graph, estimator: Any, table: Table) -> Table:
    """(x - center) / scale."""
    name = graph.matrix(table)
    if estimator.with_centering:
        name = graph.op("Sub", name, graph.doubles(estimator.center_))
    if estimator.with_scaling:
        name = graph.op("Div", name, graph.doubles(estimator.scale_))
    return _made(name, table)


@writes(TRANSFORMS, "MaxAbsScaler")
def max_abs(graph: Graph, estimator: Any, table: Table) -> Table:
    """x / scale."""
    if getattr(estimator, "clip", False):
        raise Unsupported("MaxAbsScaler that clips has no exact form in a graph.")
    return _made(graph.op("Div", graph.matrix(table), graph.doubles(estimator.scale_)), table)


@writes(TRANSFORMS, "Binarizer")
def binarizer(graph: Graph, estimator: Any, table: Table) -> Table:
    """One above the threshold."""
    above = graph.op("Greater", graph.matrix(table), graph.doubles([estimator.threshold]))
    return _made(graph.cast(above), table)


@writes(TRANSFORMS, "Normalizer")
def normalizer(graph: Graph, estimator: Any, table: Table) -> Table:
    """Each row by its norm; a row of zeros stays."""
    name = graph.matrix(table)
    kinds = {"l1": "ReduceL1", "l2": "ReduceL2", "max": "ReduceMax"}
    norm = graph.total(graph.op("Abs", name), kind=kinds[estimator.norm])
    empty = graph.op("Equal", norm, graph.doubles([0.0]))
    norm = graph.op("Where", empty, graph.doubles([1.0]), norm)
    return _made(graph.op("Div", name, norm), table)


def clipped(graph: Graph, name: str, low: float, high: float) -> str:
    """Within bounds; NaN stays NaN."""
    return graph.op("Min", graph.op("Max", name, graph.doubles([low])), graph.doubles([high]))


# -- functions

FUNCTIONS = {
    "log": "Log",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "abs": "Abs",
    "absolute": "Abs",
    "fabs": "Abs",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "floor": "Floor",
    "ceil": "Ceil",
    "rint": "Round",
    "sign": "Sign",
    "tanh": "Tanh",
}


@writes(TRANSFORMS, "FunctionTransformer")
def function(graph: Graph, estimator: Any, table: Table) -> Table:
    """A numpy function of one argument; none, or a check, passes the columns."""
    called = estimator.func
    if called is None or getattr(getattr(called, "func", called), "__name__", "") == "check_array":
        return table
    if estimator.kw_args:
        raise Unsupported("FunctionTransformer with arguments has no exact form in a graph.")
    return _made(applied(graph, called, graph.matrix(table)), table)


@writes(INVERSES, "FunctionTransformer")
def function_back(graph: Graph, estimator: Any, table: Table) -> Table:
    """Its inverse_func."""
    if estimator.inverse_func is None:
        return table
    if estimator.inv_kw_args:
        raise Unsupported("FunctionTransformer with arguments has no exact form in a graph.")
    return _made(applied(graph, estimator.inverse_func, graph.matrix(table)), table)


def applied(graph: Graph, called: Any, name: str) -> str:
    """A universal function of numpy on a tensor. Raises Unsupported."""
    kind = called.__name__ if isinstance(called, np.ufunc) else ""
    one = graph.doubles([1.0])
    if kind in FUNCTIONS:
        return graph.op(FUNCTIONS[kind], name)
    if kind == "log1p":
        return log1p(graph, name)
    if kind == "expm1":
        return graph.op("Sub", graph.op("Exp", name), one)
    if kind == "square":
        return graph.op("Mul", name, name)
    if kind in {"log2", "log10"}:
        return graph.op("Div", graph.op("Log", name), graph.doubles([np.log(2 if kind == "log2" else 10)]))
    if kind == "exp2":
        return graph.op("Pow", graph.doubles([2.0]), name)
    raise Unsupported(
        f"FunctionTransformer of {getattr(called, '__name__', 'a function')} has no exact form in a graph."
    )


def log1p(graph: Graph, name: str) -> str:
    """log(1 + x), right to the last digits near zero too: what 1 + x lost is put back."""
    one = graph.doubles([1.0])
    plus = graph.op("Add", name, one)
    lost = graph.op("Sub", plus, one)
    same = graph.op("Equal", lost, graph.doubles([0.0]))
    quotient = graph.op("Div", name, graph.op("Where", same, one, lost))
    exact = graph.op("Mul", graph.op("Log", plus), quotient)
    infinite = graph.op("Equal", name, graph.doubles([-1.0]))
    exact = graph.op("Where", infinite, graph.doubles([-np.inf]), exact)
    return graph.op("Where", same, name, exact)


# -- quantiles, powers, splines: pieces of curves


def interpolated(graph: Graph, name: str, places: NDArray[Any], heights: NDArray[Any]) -> str:
    """numpy.interp of a column: straight lines between points, flat beyond the first and the last."""
    places, heights = np.asarray(places, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.nan_to_num(np.diff(heights) / np.diff(places), nan=0.0, posinf=0.0, neginf=0.0)
    piece = counted(graph, name, places)  # of points of the same place the last one counts, as in numpy
    start = graph.op("Gather", graph.doubles([places[0], *places]), piece)
    height = graph.op("Gather", graph.doubles([heights[0], *heights]), piece)
    slope = graph.op("Gather", graph.doubles([0.0, *slopes, 0.0]), piece)
    return graph.op("Add", graph.op("Mul", graph.op("Sub", name, start), slope), height)


BOUND = 1e-7


@writes(TRANSFORMS, "QuantileTransformer")
def quantiles(graph: Graph, estimator: Any, table: Table) -> Table:
    """The mean of the interpolation upwards and downwards, so that repeated quantiles fall in the middle."""
    made = []
    places = np.asarray(estimator.references_, dtype=np.float64)
    normal = estimator.output_distribution == "normal"
    for index, column in enumerate(table):
        name, points = graph.matrix([column]), np.asarray(estimator.quantiles_)[:, index]
        up = interpolated(graph, name, points, places)
        down = interpolated(graph, graph.op("Neg", name), -points[::-1], -places[::-1])
        middle = graph.op("Mul", graph.op("Sub", up, down), graph.doubles([0.5]))
        slack = BOUND if normal else 0.0
        low = graph.op("LessOrEqual" if not normal else "Less", name, graph.doubles([points[0] + slack]))
        high = graph.op("GreaterOrEqual" if not normal else "Greater", name, graph.doubles([points[-1] - slack]))
        middle = graph.op("Where", high, graph.doubles([1.0]), middle)
        middle = graph.op("Where", low, graph.doubles([0.0]), middle)
        made.append(quantile_of_normal(graph, middle, BOUND) if normal else middle)
    return _made(graph.joined(made), table)


@writes(TRANSFORMS, "PowerTransformer")
def power(graph: Graph, estimator: Any, table: Table) -> Table:
    """Yeo-Johnson or Box-Cox, then the scaler inside."""
    curve = _yeo_johnson if estimator.method == "yeo-johnson" else _box_cox
    names = [
        curve(graph, graph.matrix([column]), float(lam)) for column, lam in zip(table, estimator.lambdas_, strict=True)
    ]
    made = _made(graph.joined(names), table)
    return standard(graph, estimator._scaler, made) if estimator.standardize else made


def _yeo_johnson(graph: Graph, name: str, lam: float) -> str:
    zero, one = graph.doubles([0.0]), graph.doubles([1.0])
    above = graph.op("Max", name, zero)
    below = graph.op("Max", graph.op("Neg", name), zero)
    up = _power_of(graph, above, lam, np.spacing(1.0))
    down = graph.op("Neg", _power_of(graph, below, 2 - lam, np.spacing(1.0)))
    return graph.op("Where", graph.op("GreaterOrEqual", graph.op("Mul", name, one), zero), up, down)


def _power_of(graph: Graph, name: str, lam: float, smallest: float) -> str:
    """((x + 1) ** lam - 1) / lam, or log(1 + x)."""
    if abs(lam) < smallest:
        return log1p(graph, name)
    one = graph.doubles([1.0])
    raised = graph.op("Pow", graph.op("Add", name, one), graph.doubles([lam]))
    return graph.op("Div", graph.op("Sub", raised, one), graph.doubles([lam]))


def _box_cox(graph: Graph, name: str, lam: float) -> str:
    if lam == 0:
        return graph.op("Log", name)
    raised = graph.op("Pow", name, graph.doubles([lam]))
    return graph.op("Div", graph.op("Sub", raised, graph.doubles([1.0])), graph.doubles([lam]))


@writes(TRANSFORMS, "SplineTransformer")
def splines(graph: Graph, estimator: Any, table: Table) -> Table:
    """Each basis as one polynomial between neighbouring knots, and beyond the outer knots as it extrapolates."""
    if estimator.extrapolation not in {"constant", "linear"}:
        raise Unsupported(f"SplineTransformer with extrapolation “{estimator.extrapolation}” has no form here.")
    made: Table = []
    for column, spline in zip(table, estimator.bsplines_, strict=True):
        starts, edges, coefficients = pieces(spline, linear=estimator.extrapolation == "linear")
        wanted = coefficients.shape[-1] - (0 if estimator.include_bias else 1)
        name = graph.matrix([column])
        piece = counted(graph, name, edges)
        offset = graph.op("Sub", name, graph.op("Gather", graph.doubles(starts), piece))
        total = graph.rows_of(np.zeros(wanted), name)
        for power_of_offset in coefficients[..., :wanted]:
            row = graph.total(graph.op("Gather", graph.doubles(power_of_offset), piece), keep=False)
            total = graph.op("Add", graph.op("Mul", total, offset), row)
        made += table_of(total, wanted)
    return made


def pieces(spline: Any, *, linear: bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of a vector of basis splines: each piece's origin, the edges between pieces, and coefficients.

    Coefficients: (degree + 1, pieces, outputs), highest power first. The first and last piece lie beyond the knots.
    """
    degree = spline.k
    knots = spline.t[degree : len(spline.t) - degree]
    order = max(degree, 1)
    inner = []
    for start, end in pairwise(knots):
        # the derivatives in the middle belong to this piece alone, whichever side the knots count to
        middle = (start + end) / 2
        around = [spline(middle, nu=n) / max(1, np.prod(np.arange(1, n + 1))) for n in range(degree + 1)]
        inner.append(_shifted(np.array(around), start - middle, order))
    before, after = _outside(spline, knots[0], order, linear), _outside(spline, knots[-1], order, linear)
    coefficients = np.stack([before, *inner, after], axis=1)
    edges = np.array([*knots[:-1], np.nextafter(knots[-1], np.inf)])
    return np.array([knots[0], *knots[:-1], knots[-1]]), edges, coefficients[::-1]


def _shifted(around: NDArray[Any], by: float, order: int) -> NDArray[Any]:
    """Taylor coefficients around another point, lowest power first, padded to the order."""
    moved = np.zeros((order + 1, around.shape[1]))
    for power_now, row in enumerate(around):
        for lower in range(power_now + 1):
            moved[lower] += row * comb(power_now, lower) * by ** (power_now - lower)
    return moved


def _outside(spline: Any, knot: float, order: int, linear: bool) -> NDArray[Any]:
    outside = np.zeros((order + 1, len(spline(knot))))
    outside[0] = spline(knot)
    if linear and spline.k:
        outside[1] = spline(knot, nu=1)
    return outside
