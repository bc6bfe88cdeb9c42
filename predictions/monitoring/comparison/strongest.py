"""Which fields have to do with who is answered differently. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from predictions.monitoring.comparison.counted import Group

NEEDED = 20  # answers, below which a part has no share
MOST = 4  # fields


def strongest(groups: Iterable[Group], *, most: int = MOST) -> list[str]:
    """Fields in whose parts the share of changed answers differs by more than chance, the strongest first.

    By the mean square contingency that is left after what chance alone makes of it, (χ² - df) / n: a field with many
    parts does not win by having many (Bergsma 2013).
    """
    by_field: dict[str, list[Group]] = {}
    for one in groups:
        by_field.setdefault(one.field, []).append(one)
    strengths = {field: strength(parts) for field, parts in by_field.items()}
    return _best(strengths, most)


def strength(parts: Sequence[Group]) -> float:
    """(χ² - df) / n of the parts that are large enough; 0 where there is nothing to tell apart."""
    large = [one for one in parts if one.rows >= NEEDED]
    rows, changed = sum(one.rows for one in large), sum(one.changed for one in large)
    if len(large) < 2 or changed in {0, rows}:
        return 0.0
    share = changed / rows
    square = sum((one.changed - one.rows * share) ** 2 / (one.rows * share * (1 - share)) for one in large)
    return max(0.0, (square - (len(large) - 1)) / rows)


def _best(strengths: Mapping[str, float], most: int) -> list[str]:
    ranked = sorted(strengths, key=lambda field: (-strengths[field], field))
    return [field for field in ranked if strengths[field] > 0][:most]
