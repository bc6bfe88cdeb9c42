"""Measures of classes, from who answered what and what happened, and from the histogram of scores. Pure."""

from collections.abc import Iterator

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from predictions.monitoring.quality import intervals
from predictions.monitoring.quality.intervals import Interval, wilson
from predictions.monitoring.quality.measure import OF_CLASS, Measure, few, lacking, measured
from predictions.monitoring.rollups.tally import Tally
from registry.texts import figure

Counts = NDArray[np.int64]


def matrix(tally: Tally) -> Counts:
    """Cases whose outcome is known: rows are answers, columns what happened, both in the order of the classes."""
    classes = tally.layout.classes
    found = [[tally[f"actual:{one}:{other}"] for other in classes] for one in classes]
    return np.array(found, dtype=np.int64).reshape(len(classes), len(classes))


def of(tally: Tally) -> list[Measure]:
    """Every measure of a model of classes."""
    counts = matrix(tally)
    return [_accuracy(counts), *(_of_two(tally, counts) if len(counts) == 2 else _of_several(tally, counts))]


def _accuracy(counts: Counts) -> Measure:
    n, right = int(counts.sum()), int(counts.trace())
    lack = few(n)
    return lacking("accuracy", n, lack) if lack else _share("accuracy", right, n)


def _share(name: str, k: int, n: int, about: str = "") -> Measure:
    return measured(name, n, k / n, wilson(k, n), "wilson", about=about)


def _titles(tally: Tally) -> list[str]:
    signature = tally.layout.signature
    return [signature.class_title(one) for one in tally.layout.classes]


# Two classes


def _of_two(tally: Tally, counts: Counts) -> Iterator[Measure]:
    yes = tally.layout.signature.positive
    no, title, other = 1 - yes, _titles(tally)[yes], _titles(tally)[1 - yes]
    hit, missed, alarm, left = (int(counts[at]) for at in ((yes, yes), (no, yes), (yes, no), (no, no)))
    all_lack = few(int(counts.sum()))
    yes_lack = all_lack or few(hit + missed, needed=OF_CLASS, of=title)
    no_lack = all_lack or few(left + alarm, needed=OF_CLASS, of=other)
    yield _share("recall", hit, hit + missed) if not yes_lack else lacking("recall", hit + missed, yes_lack)
    said_lack = all_lack or _few_answers(hit + alarm, title)
    yield _share("precision", hit, hit + alarm) if not said_lack else lacking("precision", hit + alarm, said_lack)
    yield _share("specificity", left, left + alarm) if not no_lack else lacking("specificity", left + alarm, no_lack)
    yield _f1(hit, missed + alarm) if not yes_lack else lacking("f1", hit + missed + alarm, yes_lack)
    yield _balanced(counts) if not (yes_lack or no_lack) else _none("balanced_accuracy", counts, yes_lack or no_lack)
    lack = yes_lack or no_lack
    came, went = tally.scores[2], tally.scores[1] - tally.scores[2]
    yield _none("roc_auc", counts, lack) if lack else _area(came, went)
    yield _none("pr_auc", counts, lack) if lack else _precision_area(came, went)
    yield _none("brier", counts, all_lack) if all_lack else _brier(tally, int(counts.sum()))


def _none(name: str, counts: Counts, lack: str) -> Measure:
    return lacking(name, int(counts.sum()), lack)


def _few_answers(said: int, title: str) -> str:
    if said >= OF_CLASS:
        return ""
    words = {"needed": figure(OF_CLASS, grouped=True), "known": figure(said, grouped=True), "answer": title}
    return _("Needs %(needed)s answers “%(answer)s” with an outcome, has %(known)s") % words


def _f1(hit: int, wrong: int) -> Measure:
    """F1 = 2J / (1 + J) of the share J of hits among hits, misses and false alarms: "Wilson, indirect", Lam (2023)."""
    n = hit + wrong
    low, high = wilson(hit, n)
    return measured("f1", n, 2 * hit / (2 * hit + wrong), (2 * low / (1 + low), 2 * high / (1 + high)), "wilson of f1")


def _balanced(counts: Counts) -> Measure:
    """The mean of the classes' recalls, each on cases of its own."""
    shares = [(k / n, wilson(k, n)) for k, n in zip(counts.diagonal(), counts.sum(axis=0), strict=True)]
    value = sum(share for share, _range in shares) / len(shares)
    return measured("balanced_accuracy", int(counts.sum()), float(value), intervals.of_mean(shares), "mover")


def area(came: Counts, went: Counts) -> float:
    """The share of pairs in which what came true had the higher score; equal ones count half. By bins, from the lowest.

    What scikit-learn's roc_auc_score says of scores rounded to their bins.
    """
    below = np.cumsum(went) - went
    return float((came * (below + went / 2)).sum() / (came.sum() * went.sum()))


def average_precision(came: Counts, went: Counts) -> float:
    """The precision from each score on, averaged over what came true: average_precision_score, of rounded scores."""
    hits, alarms = np.cumsum(came[::-1]), np.cumsum(went[::-1])
    precision = hits / np.maximum(hits + alarms, 1)
    return float((came[::-1] * precision).sum() / came.sum())


def _area(came: Counts, went: Counts) -> Measure:
    positives, negatives = int(came.sum()), int(went.sum())
    value = area(came, went)
    interval = intervals.of_area(value, positives, negatives)
    return measured("roc_auc", positives + negatives, value, interval, "newcombe")


def _precision_area(came: Counts, went: Counts) -> Measure:
    """As uncertain as a share of as many cases as came true: Boyd, Eng and Page (2013)."""
    positives = int(came.sum())
    value = average_precision(came, went)
    interval = wilson(value * positives, positives)
    return measured("pr_auc", positives + int(went.sum()), value, interval, "wilson of positives")


def _brier(tally: Tally, n: int) -> Measure:
    mean = tally.sum("brier") / n
    variance = (tally.sum("brier_squared") / n - mean**2) / (n - 1)
    return measured("brier", n, mean, intervals.of_variance(mean, variance, n), "delta")


# Several classes


def _of_several(tally: Tally, counts: Counts) -> Iterator[Measure]:
    actual, titles = counts.sum(axis=0), _titles(tally)
    all_lack = few(int(counts.sum()))
    lacks = [all_lack or few(int(n), needed=OF_CLASS, of=title) for n, title in zip(actual, titles, strict=True)]
    lack = next(filter(None, lacks), "")
    yield _none("balanced_accuracy", counts, lack) if lack else _balanced(counts)
    yield _none("f1_macro", counts, lack) if lack else _macro_f1(counts)
    for place, title in enumerate(titles):
        k, n = int(counts[place, place]), int(actual[place])
        yield lacking("recall", n, lacks[place], about=title) if lacks[place] else _share("recall", k, n, title)


def _macro_f1(counts: Counts) -> Measure:
    """The mean of the classes' F1; its variance by the delta method, as Takahashi and others (2022)."""
    n, sizes = int(counts.sum()), counts.sum(axis=0) + counts.sum(axis=1)
    each = 2 * counts.diagonal() / sizes
    slope = np.diag(2 / sizes) - (each / sizes)[:, None] - (each / sizes)[None, :]
    variance = float((counts * slope**2).sum()) / len(counts) ** 2
    value, least = float(each.mean()), len(counts) ** 2 / float((1 / counts.sum(axis=0)).sum())
    interval: Interval = intervals.of_variance(value, variance, least)
    return measured("f1_macro", n, value, interval, "delta")
