"""The statistics of drift: against others' numbers, and whether limits keep what they promise."""

import numpy as np
import pytest
from scipy import stats

from predictions.monitoring.drift import straying
from predictions.monitoring.drift.straying import Reference

MILLION = 10**6


def tenths(rows: int) -> Reference:
    """A number in the tenths of its training rows; it is never missing."""
    counts = np.append(np.full(10, rows // 10), 0)
    return Reference(counts, 1, counts > 0)


def values(*counts: int, missing: bool = False, other: bool = False) -> Reference:
    """Categories with these training rows."""
    return Reference(np.array([*counts, 0, 0]), 2, np.array([True] * len(counts) + [other, missing]))


# --- the distance


def test_the_distance_of_a_published_example() -> None:
    """Three bands of income, 2020 and 2021: geeksforgeeks.org/data-science/population-stability-index-psi."""
    found = straying.psi(np.array([40, 30, 30]) * MILLION, np.array([35, 25, 40]) * MILLION)
    assert found == pytest.approx(-0.05 * np.log(0.875) - 0.05 * np.log(5 / 6) + 0.1 * np.log(4 / 3), abs=1e-6)
    assert found == pytest.approx(0.0446, abs=5e-5)


@pytest.mark.parametrize(
    ("then", "now", "theirs"),
    [([400, 300, 200, 100], [140, 160, 130, 70], 0.0732925090282973),
     ([400, 300, 200, 100], [33, 30, 22, 15], 0.03564549148681663)],
)  # fmt: skip
def test_the_distance_is_evidentlys_but_for_the_half_rows(then: list[int], now: list[int], theirs: float) -> None:
    """What evidently 0.7.23's stattest "psi" said of these counts."""
    assert straying.psi(np.array(then) * MILLION, np.array(now) * MILLION) == pytest.approx(theirs, rel=1e-5)
    assert straying.psi(np.array(then), np.array(now)) == pytest.approx(theirs, rel=0.05)


def test_the_distance_is_that_of_scipys_entropies() -> None:
    chance = np.random.default_rng(1)
    then, now = chance.integers(1, 500, (2, 20, 8)) * MILLION
    p, q = (one / one.sum(-1, keepdims=True) for one in (then, now))
    theirs = stats.entropy(p, q, axis=-1) + stats.entropy(q, p, axis=-1)
    np.testing.assert_allclose(straying.psi(then, now), theirs, rtol=1e-4)


def test_empty_bins_are_smoothed() -> None:
    same = straying.psi(np.array([1000, 1000, 0]), np.array([50, 50, 0]))
    assert same == pytest.approx(0, abs=1e-12)  # nor does a bin that both lack, however different their sizes
    gone = straying.psi(np.array([100, 0]), np.array([0, 100]))
    assert np.isfinite(gone)
    assert gone > 5
    # As shares (counts + 1/2) / (n + k/2) where both have one size.
    p, q = np.array([90.5, 10.5, 0.5]) / 101.5, np.array([80.5, 15.5, 5.5]) / 101.5
    assert straying.psi(np.array([90, 10, 0]), np.array([80, 15, 5])) == pytest.approx(((p - q) * np.log(p / q)).sum())


# --- which bins are held against each other


def test_neighbours_are_joined_until_they_hold_enough() -> None:
    assert straying.groups(tenths(1000), 50).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert straying.groups(tenths(1000), 100).tolist() == list(range(11))
    assert straying.groups(tenths(50), 5000).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]  # the training rows are few


def test_missing_and_other_values_stay_apart() -> None:
    found = straying.groups(values(500, 480, 15, 5), 100)
    assert found.tolist() == [0, 1, 1, 1, 2, 3]


def test_the_most_common_value_is_held_against_rare_ones() -> None:
    assert straying.groups(values(5, 990, 5), 100).tolist() == [1, 0, 1, 2, 3]
    assert straying.groups(values(960, 40), 50).tolist() == [0, 1, 2, 3]


def test_counts_are_added_up_by_group() -> None:
    counts = np.array([[1, 2, 3], [4, 5, 6]])
    assert straying.joined(counts, np.array([0, 1, 0])).tolist() == [[4, 2], [10, 5]]


# --- the limits


@pytest.mark.parametrize("rows", [1_000, 10_000])
def test_with_many_rows_the_limit_is_the_known_one(rows: int) -> None:
    """PSI / (1/m + 1/n) tends to chi-squared (Yurdakul 2018)."""
    share = 0.01
    limits = straying.simulated(tenths(rows), share, np.random.default_rng(3))
    size = 10_000
    known = stats.chi2.isf(share, 9) * (1 / rows + 1 / size)
    assert straying.limits_at(limits, rows, np.array([size]))[0] == pytest.approx(known, rel=0.06)


def test_between_and_beyond_the_sizes_the_limit_scales() -> None:
    limits = straying.simulated(tenths(1000), 0.01, np.random.default_rng(3))
    sizes = np.array([49, 50, 150, 10**7])
    found = straying.limits_at(limits, 1000, sizes)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(limits[0])
    assert found[2] == pytest.approx(stats.chi2.isf(0.01, 9) * (1 / 1000 + 1 / 150), rel=0.1)
    assert found[3] == pytest.approx(limits[-1] * (1 / 1000) / (1 / 1000 + 1 / 100_000), rel=0.01)


@pytest.mark.parametrize(("rows", "size"), [(200, 50), (1000, 75), (500, 500)])
def test_nothing_changed_is_seldom_seen_as_change(rows: int, size: int) -> None:
    """Of a model of ten fields, over ten samples of training rows; numbers are drawn, and not only their counts."""
    chance, alarms, windows = np.random.default_rng(rows + size), [], 200
    of_number = straying.simulated(tenths(rows), straying.share_of_each(10), chance)
    for _training in range(10):
        seen = np.zeros(windows, bool)
        for place in range(10):
            reference, counts = (_value if place == 0 else _number)(rows, size, windows, chance)
            limits = of_number if place else straying.simulated(reference, straying.share_of_each(10), chance)
            seen |= straying.distances(reference, counts) > straying.limits_at(limits, rows, counts.sum(-1))
        alarms.append(seen.mean())
    # Five in a hundred, and what 2000 windows on ten samples of training rows leave to chance.
    assert np.mean(alarms) < 0.05 + 0.02


def _number(rows: int, size: int, windows: int, chance: np.random.Generator) -> tuple[Reference, np.ndarray]:
    edges = np.quantile(then := chance.normal(size=rows), np.linspace(0, 1, 11))
    counts = np.append(np.histogram(then, edges)[0], 0)
    inner = stats.norm.cdf(edges[1:-1])
    now = chance.multinomial(size, np.diff([0, *inner, 1]), windows)
    return Reference(counts, 1, counts > 0), np.hstack([now, np.zeros((windows, 1), int)])


def _value(rows: int, size: int, windows: int, chance: np.random.Generator) -> tuple[Reference, np.ndarray]:
    shares = [0.6, 0.3, 0.08, 0.02]
    now = np.hstack([chance.multinomial(size, shares, windows), np.zeros((windows, 2), int)])
    return values(*chance.multinomial(rows, shares)), now


def test_a_value_that_training_rows_lack_by_chance_is_no_drift() -> None:
    """One of two hundred people has it: a bootstrap from the training rows would call it impossible."""
    reference = values(200, 0)
    limits = straying.simulated(reference, straying.share_of_each(30), np.random.default_rng(1))
    now = np.array([[4975, 25, 0, 0]])
    assert straying.distances(reference, now)[0] < straying.limits_at(limits, 200, np.array([5000]))[0]


def test_a_hundred_rows_break_the_plain_rule_and_not_ours() -> None:
    """The plain rule: every tenth for itself, a ten-thousandth where it is empty, drift from 0.1 on."""
    chance, broken, seen = np.random.default_rng(2), [], []
    limits = straying.simulated(tenths(100), straying.FALSE_ALARMS, chance)
    for _training in range(40):
        reference, counts = _number(100, 100, 100, chance)
        now = np.maximum(counts[:, :10] / 100, 0.0001)
        broken.append((((now - 0.1) * np.log(now / 0.1)).sum(-1) > 0.1).mean())
        seen.append((straying.distances(reference, counts) > straying.limits_at(limits, 100, counts.sum(-1))).mean())
    assert np.mean(broken) > 0.8
    assert np.mean(seen) < 0.05 + 0.02


def test_what_did_change_is_seen() -> None:
    chance = np.random.default_rng(4)
    reference = tenths(1000)
    limits = straying.simulated(reference, straying.share_of_each(30), chance)
    edges = stats.norm.ppf(np.linspace(0, 1, 11))
    shares = np.diff(stats.norm.cdf(edges - 0.5))  # the mean moved by half a standard deviation
    now = np.hstack([chance.multinomial(200, shares, 500), np.zeros((500, 1), int)])
    found = straying.distances(reference, now) > straying.limits_at(limits, 1000, now.sum(-1))
    assert found.mean() > 0.9


def test_values_that_go_missing_are_seen() -> None:
    reference = values(600, 400, missing=True)
    limits = straying.simulated(reference, straying.share_of_each(30), np.random.default_rng(5))
    now = np.array([[114, 76, 0, 10]])
    assert straying.distances(reference, now)[0] > straying.limits_at(limits, 1000, np.array([200]))[0]


def test_far_out_the_limit_follows_the_tail() -> None:
    draws = np.random.default_rng(6).exponential(size=200_000)
    for share in (0.05, 0.002, 0.0001):
        assert straying._beyond(draws, share) == pytest.approx(-np.log(share), rel=0.05)


def test_the_verdict() -> None:
    said = [straying.verdict(*one) for one in (
        (0, np.nan, np.nan), (49, 9, 0.1), (80, 0.3, np.nan), (80, 0.1, 0.1), (10_000, 0.02, 0.01), (80, 0.1, 0.05),
        (80, 0.25, 0.1),
    )]  # fmt: skip
    assert said == ["none", "few", "few", "steady", "slight", "drift", "strong"]


def test_what_has_no_reference() -> None:
    assert not values(30, 19).is_enough
    assert not values(1000).is_enough  # one value, which is the only possible one
    assert values(1000, other=True).is_enough
