"""95 % intervals of what is counted: pure, and in closed form. docs/quality.md says which stands where, and why."""

import math
from collections.abc import Callable, Sequence

Interval = tuple[float, float]
Z = 1.959963984540054  # the normal distribution's 97.5 % quantile


def wilson(k: float, n: float) -> Interval:
    """Of a share: `k` of `n` cases. The score interval of Wilson (1927); all that is possible where `n` is 0.

    `k` and `n` may be fractions: an effective number of cases.
    """
    if n <= 0:
        return 0.0, 1.0
    share, spread = k / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * max(share * (1 - share) + spread / 4, 0.0)) / (1 + spread)
    return (0.0 if k <= 0 else max(middle - half, 0.0)), (1.0 if k >= n else min(middle + half, 1.0))


def of_variance(value: float, variance: float, n: float) -> Interval:
    """Of a measure from 0 to 1 with a known variance: Wilson's, for as many cases as a share would need to vary as much.

    Korn and Graubard (1998). `n` stands in where the variance is 0, as of a model that was never wrong: Wald's
    interval would be a point there, which promises what nobody can know.
    """
    if variance > 0 and 0 < value < 1:
        n = value * (1 - value) / variance
    return wilson(value * n, n)


def of_mean(parts: Sequence[tuple[float, Interval]]) -> Interval:
    """Of the mean of independent measures, from the interval of each: MOVER, Zou and Donner (2008)."""
    mean = sum(value for value, _range in parts) / len(parts)
    below = math.hypot(*(value - low for value, (low, _high) in parts)) / len(parts)
    above = math.hypot(*(high - value for value, (_low, high) in parts)) / len(parts)
    return mean - below, mean + above


def of_ratio(first: tuple[float, Interval], second: tuple[float, Interval]) -> tuple[float, float | None]:
    """Of the ratio of two independent shares, from the interval of each: MOVER-R, Donner and Zou (2012).

    The upper end is None where the second share may be 0: then the ratio has none.
    """
    (p, (p_low, p_high)), (q, (q_low, q_high)) = first, second
    product = p * q
    low = (product - math.sqrt(max(product**2 - p_low * q_high * (2 * p - p_low) * (2 * q - q_high), 0.0))) / (
        q_high * (2 * q - q_high) or math.inf
    )
    under = q_low * (2 * q - q_low)
    if q_low <= 0 or under <= 0:
        return max(low, 0.0), None
    high = (product + math.sqrt(max(product**2 - p_high * q_low * (2 * p - p_high) * (2 * q - q_low), 0.0))) / under
    return max(low, 0.0), high


def student(n: int) -> float:
    """The 97.5 % quantile of Student's t with n - 1 degrees of freedom, from 20 cases on within 0.0005."""
    free = n - 1
    return Z + (Z**3 + Z) / (4 * free) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * free**2)


def of_average(mean: float, variance: float, n: int) -> Interval:
    """Of a mean of `n` values with the variance of their mean: Student's."""
    half = student(n) * math.sqrt(max(variance, 0.0))
    return mean - half, mean + half


def of_size(mean: float, variance: float, n: int) -> Interval:
    """The same of a mean that cannot be negative, on the scale of logarithms: sizes of errors are skewed."""
    if mean <= 0:
        return 0.0, 0.0
    if not (math.isfinite(mean) and math.isfinite(variance)):
        return 0.0, math.inf
    factor = math.exp(student(n) * math.sqrt(max(variance, 0.0)) / mean)
    return mean / factor, mean * factor


def of_area(area: float, positives: int, negatives: int) -> Interval:
    """Of an area under the ROC curve: method 5 of Newcombe (2006), a score interval.

    The true areas that are not further from the one seen than 1.96 standard errors of Hanley and McNeil (1982).
    """
    low = _edge(lambda true: area - true <= Z * math.sqrt(area_variance(true, positives, negatives)), 0.0, area)
    high = _edge(lambda true: true - area <= Z * math.sqrt(area_variance(true, positives, negatives)), 1.0, area)
    return low, high


def area_variance(area: float, positives: int, negatives: int) -> float:
    """Of an area under the ROC curve: Hanley and McNeil (1982), with Newcombe's (2006) mean of both numbers."""
    size = (positives + negatives) / 2 - 1
    spread = 1 + size * (1 - area) / (2 - area) + size * area / (1 + area)
    return area * (1 - area) * spread / (positives * negatives)


def _edge(is_within: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where it begins to hold between a number for which it does not and one for which it does, by halving."""
    for _step in range(50):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if is_within(middle) else (middle, inside)
    return inside
