"""How far a field strayed from the training data, and how far it strays by chance alone. Pure; see docs/drift.md.

The distance is the population stability index (PSI), the sum of (p - q) ln(p / q) over the bins: Jeffreys' divergence.
If nothing changed it is about (1/rows then + 1/rows now) times a chi-squared number with one degree less than bins
(B. Yurdakul, Statistical properties of population stability index, 2018): with a hundred rows a side and ten bins 0.18 is
to be expected, and a rule of 0.1 is nearly always broken. So the limit is simulated for the sizes at hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Verdict = Literal["none", "few", "steady", "slight", "drift", "strong"]

MINIMUM = 50  # answers, and training rows: with fewer, only what anybody would see is beyond chance
SLIGHT, STRONG = 0.1, 0.25  # the usual reading of PSI, for what is beyond chance at all
FALSE_ALARMS = 0.05  # in one window, over all fields of a version
AIMED = 0.9  # at so much of it: the rest is for what a simulation gets wrong
SIZES = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
FULL = 10.0  # rows that a bin should hold on the smaller side
DRAWS = 10_000
TAIL = 0.005  # the share of draws that tell how the tail falls
CHANGED: tuple[Verdict, ...] = ("slight", "drift", "strong")


@dataclass(frozen=True)
class Reference:
    """The training rows of one field by bin. The last `apart` bins (missing values, other values) have no neighbours.

    `possible`: the bins that an answer can fall into at all. A field that may not be missing never is: no room is left
    for it.
    """

    counts: NDArray[np.int64]
    apart: int
    possible: NDArray[np.bool_]

    @property
    def is_numeric(self) -> bool:
        """Whether its bins are stretches of a number."""
        return self.apart == 1

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    @property
    def is_enough(self) -> bool:
        """Whether there is anything to be held against."""
        return self.rows >= MINIMUM and int(self.possible.sum()) > 1


def psi(then: NDArray, now: NDArray) -> Floats:
    """The population stability index of counts along the last axis, of any shapes that fit; neither may be all zeros.

    Half a row of the smaller side is added to every bin, as a share and on both sides: with samples of one size that is
    the usual half row (Krichevsky and Trofimov), and with others a bin that is empty or alike on both sides still adds
    nothing, which half a row on each would not give.
    """
    rows = np.minimum(then.sum(-1, keepdims=True), now.sum(-1, keepdims=True))
    p, q = _smooth(then, rows), _smooth(now, rows)
    found: Floats = ((p - q) * np.log(p / q)).sum(-1)
    return found


def _smooth(counts: NDArray, rows: NDArray) -> Floats:
    half = 0.5 / rows
    smooth: Floats = (counts / counts.sum(-1, keepdims=True) + half) / (1 + counts.shape[-1] * half)
    return smooth


def groups(reference: Reference, size: int) -> NDArray[np.intp]:
    """The group of each bin: neighbours are joined until each would hold FULL of `size` answers, or of the training rows.

    Neighbours, and not the rarest ones: which are rarest in a sample is chance too. Where that leaves one group alone,
    the most common bin is held against the others.
    """
    expected = reference.counts / reference.rows * min(size, reference.rows)
    body = len(expected) - reference.apart
    found, group, held, left = np.zeros(len(expected), np.intp), 0, 0.0, expected[:body].sum()
    for place in range(body):
        found[place] = group
        held, left = held + expected[place], left - expected[place]
        if min(held, left) >= FULL - 1e-9:
            group, held = group + 1, 0.0
    if group == 0 and body > 1:
        found[:body] = np.arange(body) != np.argmax(expected[:body])
        group = 1
    found[body:] = group + 1 + np.arange(reference.apart)
    return found


def joined(counts: NDArray, groups: NDArray[np.intp]) -> NDArray:
    """Counts along the last axis, added up by group."""
    members = groups[:, None] == np.arange(groups.max() + 1)
    found: NDArray = counts @ members.astype(counts.dtype)
    return found


def distances(reference: Reference, counts: NDArray[np.int64]) -> Floats:
    """The PSI of each row of counts, of shape (rows, bins), in the groups of the largest of SIZES that it reaches.

    Not a number where there are fewer than MINIMUM answers.
    """
    sizes = counts.sum(-1)
    found = np.full(len(counts), np.nan)
    steps = np.searchsorted(SIZES, sizes, side="right") - 1
    for one in set(steps[sizes >= MINIMUM].tolist()):
        of_size = groups(reference, SIZES[one])
        at = steps == one
        found[at] = psi(joined(reference.counts, of_size), joined(counts[at], of_size))
    return found


def simulated(reference: Reference, share: float, rng: np.random.Generator) -> Floats:
    """The distance at each of SIZES that only a `share` of samples exceed, when nothing changed.

    What the shares of all rows in the world are is unknown: they are drawn from what the training rows leave open
    (Dirichlet), then a sample of answers from them. For bins between quantiles of the training rows that is exact; for
    values half a row is added to each (Jeffreys), and to what was never seen but is possible. To draw both samples from
    the training shares instead would take a value that these rows happen to lack for impossible.
    """
    half = 0.5 * reference.possible
    alpha = np.maximum(reference.counts, half) if reference.is_numeric else reference.counts + half
    shares = rng.standard_gamma(alpha, (DRAWS, len(alpha)))
    shares /= shares.sum(-1, keepdims=True)
    found = []
    for size in SIZES:
        of_size = groups(reference, size)
        now = rng.multinomial(size, joined(shares, of_size))
        found.append(_beyond(psi(joined(reference.counts, of_size), now), share))
    return np.array(found)


def _beyond(draws: Floats, share: float) -> float:
    """The value that a share of all draws exceed. Far out it goes on as the last draws fall: exponentially."""
    ordered = np.sort(draws)
    if share >= TAIL:
        return float(ordered[int(np.ceil(len(ordered) * (1 - share))) - 1])
    last = ordered[-int(len(ordered) * TAIL) :]
    return float(last[0] + (last - last[0]).mean() * np.log(TAIL / share))


def share_of_each(fields: int) -> float:
    """How often one of so many fields may raise a false alarm, so that all together do in FALSE_ALARMS (Bonferroni)."""
    return AIMED * FALSE_ALARMS / max(fields, 1)


def limits_at(limits: Sequence[float], rows: int, sizes: NDArray[np.int64]) -> Floats:
    """The limit for each of `sizes`, for a reference of `rows`: between SIZES and beyond it scales with 1/rows + 1/size.

    Not a number where there are fewer than MINIMUM answers.
    """
    relative = np.asarray(limits) / (1 / rows + 1 / np.array(SIZES))
    enough = np.where(sizes >= MINIMUM, sizes, np.nan)
    found: Floats = np.interp(np.log(enough), np.log(SIZES), relative) * (1 / rows + 1 / enough)
    return found


def verdict(size: int, distance: float, limit: float) -> Verdict:
    """What a window says of a field; few also where there is nothing to be held against."""
    if size == 0:
        return "none"
    if size < MINIMUM or np.isnan(distance) or np.isnan(limit):
        return "few"
    if distance <= limit:
        return "steady"
    return "strong" if distance >= STRONG else "drift" if distance >= SLIGHT else "slight"
