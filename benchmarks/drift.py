"""How often drift is seen where there is none, and where there is some: simulated with the product's own functions.

    .venv/bin/python benchmarks/drift.py [--rows 50 100 ...] [--trainings 40] [--windows 500] [--json]

Training rows are drawn, binned as examples/repository.py does it, and given limits; then windows of answers are drawn,
from the same people or from others. As many rows stand on one side as on the other.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from predictions.monitoring.drift import straying
from predictions.monitoring.drift.straying import Reference

ROWS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
FIELDS = 30
SHIFTS = (0.25, 0.5, 1.0)  # of the mean, in standard deviations
SHARES = (
    (0.7, 0.3),
    (0.96, 0.04),
    (0.25, 0.25, 0.25, 0.25),
    (0.2, 0.35, 0.25, 0.15, 0.05),
    tuple(1 / rank / sum(1 / other for other in range(1, 13)) for rank in range(1, 13)),  # rare ones, too
)
GROWN = (0.35, 0.284375, 0.203125, 0.121875, 0.040625)  # the fourth, its first value from 20 % to 35 %
Chance = np.random.Generator
Entry = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """Training rows of one field; `windows(shift)` draws the counts of windows, `shift` 0 from the same people."""

    reference: Reference
    windows: Callable[[float], np.ndarray]


def number(rows: int, windows: int, chance: Chance) -> Field:
    """A normally distributed number in the tenths of its training rows."""
    values = chance.normal(size=rows)
    edges = np.quantile(values, np.linspace(0, 1, 11))
    counts = np.append(np.histogram(values, edges)[0], 0)

    def drawn(shift: float) -> np.ndarray:
        inner = [0.5 * (1 + math.erf((edge - shift) / math.sqrt(2))) for edge in edges[1:-1]]
        found = chance.multinomial(rows, np.diff([0.0, *inner, 1.0]), size=windows)
        return np.hstack([found, np.zeros((windows, 1), np.int64)])

    return Field(Reference(counts, 1, counts > 0), drawn)


def category(shares: tuple[float, ...], rows: int, windows: int, chance: Chance) -> Field:
    """Values with these shares; the fourth of SHARES grows where there is a shift."""
    counts = np.append(chance.multinomial(rows, shares), [0, 0])
    possible = np.array([True] * len(shares) + [False, False])

    def drawn(shift: float) -> np.ndarray:
        found = chance.multinomial(rows, GROWN if shift else shares, size=windows)
        return np.hstack([found, np.zeros((windows, 2), np.int64)])

    return Field(Reference(counts, 2, possible), drawn)


class Limits:
    """drift.simulated, once for the same training counts: those of tenths are always the same."""

    def __init__(self, chance: Chance) -> None:
        self.chance, self.known = chance, {}

    def of(self, reference: Reference, fields: int) -> np.ndarray:
        key = (*reference.counts.tolist(), fields)
        if key not in self.known:
            self.known[key] = straying.simulated(reference, straying.share_of_each(fields), self.chance)
        return self.known[key]


def over(field: Field, counts: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Which windows go beyond chance, as pages decide it."""
    ends = straying.limits_at(limits, field.reference.rows, counts.sum(-1))
    return straying.distances(field.reference, counts) > ends


def plain(field: Field, counts: np.ndarray) -> np.ndarray:
    """The PSI as it is mostly computed: every bin for itself, an empty one counted as a ten-thousandth."""
    used = field.reference.possible
    p, q = (
        np.maximum(one / one.sum(-1, keepdims=True), 0.0001) for one in (field.reference.counts[used], counts[:, used])
    )
    return ((p - q) * np.log(p / q)).sum(-1)


def measured(rows: int, *, trainings: int, windows: int, chance: Chance) -> Entry:
    """Shares of windows in which something was seen, from 0 to 1."""
    limits, seen = Limits(chance), {}

    def count(name: str, found: np.ndarray) -> None:
        seen.setdefault(name, []).append(float(found.mean()))

    for _training in range(trainings):
        any_over, any_plain = np.zeros(windows, bool), np.zeros(windows, bool)
        for place in range(FIELDS):
            is_number = place < FIELDS * 2 // 3
            field = (
                number(rows, windows, chance)
                if is_number
                else category(SHARES[place % len(SHARES)], rows, windows, chance)
            )
            counts, of_model = field.windows(0), limits.of(field.reference, FIELDS)
            any_over |= over(field, counts, of_model)
            any_plain |= plain(field, counts) > straying.SLIGHT
            if is_number:
                count("plain, 0.1", plain(field, counts) > straying.SLIGHT)
                count("plain, 0.25", plain(field, counts) > straying.STRONG)
                count("ours", over(field, counts, limits.of(field.reference, 1)))
                for shift in SHIFTS:
                    count(f"mean + {shift:g} sd", over(field, field.windows(shift), of_model))
            if not is_number and len(SHARES[place % len(SHARES)]) == len(GROWN):
                count("20 % to 35 %", over(field, field.windows(1), of_model))
        count("any of 30, plain 0.1", any_plain)
        count("any of 30, ours", any_over)
    spread = float(np.std(seen["any of 30, ours"]) / math.sqrt(trainings))
    means = {name: round(sum(found) / len(found), 4) for name, found in seen.items()}
    return {"rows": rows, **means, "standard error": round(spread, 4)}


def table(entries: list[Entry]) -> Iterator[str]:
    """Markdown: a line for each number of rows, percentages."""
    names = ["plain, 0.1", "plain, 0.25", "ours", "any of 30, plain 0.1", "any of 30, ours"]
    names += [*(f"mean + {shift:g} sd" for shift in SHIFTS), "20 % to 35 %"]
    yield f"| rows a side | {' | '.join(names)} |"
    yield "|---" * (len(names) + 1) + "|"
    for one in entries:
        said = {name: f"{100 * one[name]:.1f} %" for name in names}
        said["any of 30, ours"] += f" ± {100 * one['standard error']:.1f}"
        yield f"| {one['rows']:,} | {' | '.join(said.values())} |".replace(",", " ", 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--trainings", type=int, default=40, help="samples of training rows, for each number of rows")
    parser.add_argument("--windows", type=int, default=500, help="windows held against each of them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    chance = np.random.default_rng(asked.seed)
    entries = [measured(rows, trainings=asked.trainings, windows=asked.windows, chance=chance) for rows in asked.rows]
    print(json.dumps(entries, indent=1) if asked.json else "\n".join(table(entries)))


if __name__ == "__main__":
    main()
