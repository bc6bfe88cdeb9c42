"""The quantile of the normal distribution, of which ONNX has no operator.

Wichura's algorithm AS 241 (PPND16): three ratios of polynomials, right to about 1e-16 of its size.
"""

from collections.abc import Sequence

from registry.importer.child.converters.graph import Graph

CENTRE = (
    (
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
    ),
    (
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
    ),
)  # fmt: skip
NEAR = (
    (
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ),
    (
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ),
)  # fmt: skip
FAR = (
    (
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ),
    (
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ),
)  # fmt: skip


def quantile_of_normal(graph: Graph, name: str, bound: float) -> str:
    """The quantile of a share between 0 and 1, kept where the share is between bound and 1 - bound."""
    half = graph.doubles([0.5])
    share = graph.op("Max", graph.op("Min", name, graph.doubles([1 - bound])), graph.doubles([bound]))
    offset = graph.op("Sub", share, half)
    inner = graph.op("Sub", graph.doubles([0.180625]), graph.op("Mul", offset, offset))
    centre = graph.op("Mul", offset, _ratio(graph, inner, CENTRE))
    tail = graph.op("Min", share, graph.op("Sub", graph.doubles([1.0]), share))
    root = graph.op("Sqrt", graph.op("Neg", graph.op("Log", tail)))
    near = _ratio(graph, graph.op("Sub", root, graph.doubles([1.6])), NEAR)
    far = _ratio(graph, graph.op("Sub", root, graph.doubles([5.0])), FAR)
    outer = graph.op("Where", graph.op("LessOrEqual", root, graph.doubles([5.0])), near, far)
    outer = graph.op("Mul", outer, graph.op("Sign", offset))
    central = graph.op("LessOrEqual", graph.op("Abs", offset), graph.doubles([0.425]))
    return graph.op("Where", central, centre, outer)


def _ratio(graph: Graph, name: str, both: tuple[Sequence[float], Sequence[float]]) -> str:
    above, below = (_polynomial(graph, name, coefficients) for coefficients in both)
    return graph.op("Div", above, below)


def _polynomial(graph: Graph, name: str, coefficients: Sequence[float]) -> str:
    total = graph.doubles([coefficients[-1]])
    for each in reversed(coefficients[:-1]):
        total = graph.op("Add", graph.op("Mul", total, name), graph.doubles([each]))
    return total
