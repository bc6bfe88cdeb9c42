"""Why this score, and what would change it: all asked of the version's own runtime, against its background sample.

Why: sampled Shapley values.

Castro, Gómez and Tejada, "Polynomial calculation of the Shapley value based on sampling" (2009): walk from a random
background row to the row in question, one feature at a time in random order; a feature's value is its mean step.
"""

import math
import time
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from predictions import what_if
from registry import background, labels, runtimes
from registry.runtimes.base import Columns, Runtime, RuntimeFailed
from registry.serving import Serving
from registry.signature import CleanTable

PERMUTATIONS = 100
FIRST = 10
BUDGET_SECONDS = 2.0  # of a call, shared by its rows
WHAT_IF_SHARE = 0.4  # of it, where one row was asked
MOST_ROWS = 100
BINS = 20  # of the histogram of scores

_sample_scores: WeakKeyDictionary[Runtime, NDArray[np.float64]] = WeakKeyDictionary()


def explain(serving: Serving, table: CleanTable, scores: NDArray[np.float64]) -> list[dict[str, Any] | None]:
    """Per row {method, permutations, seed, base, contributions: [{field, value, contribution}]}, largest first.

    None where there is nothing to explain with: pictures, no background sample, a runtime that gave up. The
    contributions of a row add up to its score minus `base`, the mean score of the background rows walked from.
    One row alone also gets, as far as the runtime gives it: "changes" and "curves" of two classes (see
    what_if.explore), and "distribution" of two classes and of a value: {low, high, counts, below}, the scores of the
    background sample and the share of them below this one.
    """
    sample = background.of(serving.version)
    if sample is None or serving.signature.image is not None:
        return [None] * table.rows
    seed = int(serving.version.report.get("seed") or serving.version.commit[:8], 16)
    runtime = runtimes.load(serving.version)
    started = time.perf_counter()
    budget = BUDGET_SECONDS / table.rows if table.rows > 1 else BUDGET_SECONDS * (1 - WHAT_IF_SHARE)
    reasons = [_one(runtime, serving, table, row, scores[row], sample, seed, budget) for row in range(table.rows)]
    if table.rows == 1 and reasons[0] is not None and len(serving.signature.classes) <= 2:
        asked = reasons[0]["permutations"] * (len(serving.signature.features) + 1)
        spent = time.perf_counter() - started
        most = int((BUDGET_SECONDS - spent) * asked / max(spent, 1e-6))  # cases that fit into the rest of the budget
        reasons[0] |= _alone(runtime, serving, table, scores[0], sample, most)
    return reasons


def _alone(
    runtime: Runtime, serving: Serving, table: CleanTable, scores: NDArray[np.float64], sample: Columns, most: int
) -> dict[str, Any]:
    """What a case gets that was asked about alone; without what the runtime would not give."""
    found: dict[str, Any] = {}
    output = labels.outputs(serving.signature, scores[None, :])[0]
    with suppress(RuntimeFailed):
        found |= _place(_scores_of(runtime, serving, sample), output["score"], is_share=bool(serving.signature.classes))
        if serving.signature.classes:
            inputs, score, label = table.records[0], output["score"], output["label"]
            case = what_if.Case(serving.signature, table.columns, inputs, score, label, sample)
            found |= what_if.explore(case, runtime.predict, min(most, what_if.MOST_TRIED))
    return found


def _scores_of(runtime: Runtime, serving: Serving, sample: Columns) -> NDArray[np.float64]:
    """The scores of the background sample, asked for once as long as the runtime lives."""
    if runtime not in _sample_scores:
        answers = runtime.predict(sample, len(next(iter(sample.values()))))
        found = [output["score"] for output in labels.outputs(serving.signature, answers)]
        _sample_scores[runtime] = np.array(found, dtype=np.float64)
    return _sample_scores[runtime]


def _place(known: NDArray[np.float64], score: float, *, is_share: bool) -> dict[str, Any]:
    """Where a score lies among those of the sample; of numbers too far apart to be drawn, nothing."""
    low, high = (0.0, 1.0) if is_share else (float(known.min()), float(known.max()))
    if low == high:
        low, high = low - 0.5, high + 0.5
    if not (math.isfinite(high - low) and low < low + (high - low) / BINS):
        return {}
    with np.errstate(over="ignore"):
        counts = np.histogram(known, BINS, (low, high))[0].tolist()
    below = float((known < score).mean())
    return {"distribution": {"low": low, "high": high, "counts": counts, "below": below}}


def _one(
    runtime: Runtime,
    serving: Serving,
    table: CleanTable,
    row: int,
    scores: NDArray[np.float64],
    sample: Columns,
    seed: int,
    budget: float,
) -> dict[str, Any] | None:
    names = [feature.name for feature in serving.signature.features]
    output = _explained_output(serving, scores)
    here = {name: table.columns[name][row] for name in names}
    rng = np.random.default_rng(seed)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            steps, base = _walk(runtime, names, here, sample, output, rng, budget)
            contributions, start = steps.mean(axis=0), base.mean()
    except RuntimeFailed:
        return None  # the answer itself stands; it is shown without an explanation
    if not np.isfinite([*contributions, start]).all():
        return None  # of inputs near the largest float the differences are no numbers
    order = np.argsort(-np.abs(contributions), kind="stable")
    return {
        "method": "sampled Shapley values",
        "permutations": len(steps),
        "seed": seed,
        "base": float(start),
        "contributions": [
            {"field": names[i], "value": table.records[row][names[i]], "contribution": float(contributions[i])}
            for i in order
        ],
    }


def _explained_output(serving: Serving, scores: NDArray[np.float64]) -> int:
    """The column of scores that the answer's `score` is."""
    if serving.signature.is_regression:
        return 0
    return serving.signature.positive if len(scores) == 2 else int(np.argmax(scores))


def _walk(
    runtime: Runtime,
    names: list[str],
    here: dict[str, Any],
    sample: Columns,
    output: int,
    rng: np.random.Generator,
    budget: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps of shape (permutations, features) and base scores: a first few walks, then as many as `budget` seconds hold."""
    started = time.perf_counter()
    steps, base = _walks(runtime, names, here, sample, output, rng, FIRST)
    spent = time.perf_counter() - started
    more = min(PERMUTATIONS - FIRST, int(FIRST * (budget - spent) / max(spent, 1e-6)))
    if more > 0:
        more_steps, more_base = _walks(runtime, names, here, sample, output, rng, more)
        steps, base = np.concatenate([steps, more_steps]), np.concatenate([base, more_base])
    return steps, base


def _walks(
    runtime: Runtime,
    names: list[str],
    here: dict[str, Any],
    sample: Columns,
    output: int,
    rng: np.random.Generator,
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`count` walks in one call of the runtime: walk w takes step s at row w * (features + 1) + s."""
    size = len(names)
    orders = np.array([rng.permutation(size) for _ in range(count)])
    positions = np.empty_like(orders)
    np.put_along_axis(positions, orders, np.arange(size)[None, :], axis=1)
    starts = rng.integers(0, len(next(iter(sample.values()))), size=count)
    taken = positions[:, None, :] < np.arange(size + 1)[None, :, None]
    columns: Columns = {}
    for index, name in enumerate(names):
        column = np.repeat(sample[name][starts][:, None], size + 1, axis=1)
        column[taken[:, :, index]] = here[name]
        columns[name] = column.reshape(-1)
    scores = runtime.predict(columns, count * (size + 1))[:, output].reshape(count, size + 1)
    steps = np.empty((count, size))
    np.put_along_axis(steps, orders, np.diff(scores, axis=1), axis=1)
    return steps, scores[:, 0]
