"""What came of a comparison, as numbers without words: it is stored with it, and every page is made from that."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from predictions.models import ComparedVersion, Comparison
from predictions.monitoring.comparison import counted, judging
from predictions.monitoring.comparison.counted import Group, Pair
from predictions.monitoring.rollups import layout

FEWEST = 20  # answers of a part of a sensitive field
SAME = 1e-6  # by which a value may differ and still be the one that was answered


def summary(comparison: Comparison, compared: Sequence[ComparedVersion]) -> dict[str, Any]:
    """The whole summary, from the replayed answers that are stored.

    {"clock": {place: [seconds, rows]}, "problems": {place: {why: rows}}, "recorded": {"same": [rows, differ, largest
    difference], "others": the same}, "against": {place: see `added`, and "grid", "groups"}, "tallies": of each version,
    over the answers whose outcome is known, "won": of each version [changed, only the base right, only this one right]}.
    """
    base = compared[0].version
    recorded = counted.as_answered(comparison.pk, base.pk, SAME)
    return {
        "clock": comparison.summary.get("clock", {}),
        "problems": counted.problems(comparison.pk),
        "recorded": {
            "same": recorded.get(True, (0, 0, 0.0)),
            "others": recorded.get(False, (0, 0, 0.0)),
        },
        "against": {str(one.place): _against(comparison, compared[0], one) for one in compared[1:]},
        **judging.stored(judging.judged(comparison.pk, [one.version for one in compared])),
    }


def _against(comparison: Comparison, base: ComparedVersion, other: ComparedVersion) -> dict[str, Any]:
    made = layout.of(base.version)
    pairs = counted.matrix(comparison.pk, other.place)
    groups = counted.groups(comparison.pk, other.place, made.segments)
    sensitive = {one.name for one in made.segments if one.feature.sensitive}
    return {
        **added(pairs),
        "grid": counted.grid(comparison.pk, other.place) if made.classes else [],
        "groups": [list(asdict(one).values()) for one in large_enough(groups, sensitive)],
    }


def added(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Rows, changed ones, the matrix of labels and how far scores lie apart."""
    rows = sum(one.rows for one in pairs)
    return {
        "rows": rows,
        "changed": sum(one.changed for one in pairs),
        "higher": sum(one.higher for one in pairs),
        "matrix": [[one.before, one.after, one.rows] for one in pairs],
        "difference": sum(one.difference for one in pairs) / rows if rows else 0.0,
        "absolute": sum(one.absolute for one in pairs) / rows if rows else 0.0,
        "largest": max((one.largest for one in pairs), default=0.0),
        "range": [min((one.low for one in pairs), default=0.0), max((one.high for one in pairs), default=0.0)],
    }


def large_enough(groups: Sequence[Group], sensitive: set[str]) -> list[Group]:
    """The groups without those that are small parts of a sensitive field: they would tell of single people."""
    return [one for one in groups if one.field not in sensitive or one.rows >= FEWEST]
