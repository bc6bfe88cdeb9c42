"""What the database adds up of replayed answers: one statement for each question, whatever their number."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from predictions.models import ReplayedAnswer
from predictions.monitoring.rollups.layout import Segment

BINS = 20  # of the grid of scores, each way
AT_ONCE = 20_000  # answers whose inputs one statement looks at
_BEGIN, _END = UUID(int=0), UUID(int=2**128 - 1)
_EVERYWHERE = {"first": _BEGIN, "last": _END}

# What the base and another version say to each answer that both gave one to. By grouping: of rows that were written just
# now the planner knows nothing, takes them for a few, and would join them row by row.
_PAIRS = """
    SELECT prediction_id, bool_or(is_changed) AS is_changed,
        min(label) FILTER (WHERE place = 0) AS before, min(label) FILTER (WHERE place > 0) AS after,
        min(score) FILTER (WHERE place = 0) AS base, min(score) FILTER (WHERE place > 0) AS other
    FROM predictions_replayedanswer WHERE comparison_id = %(comparison)s AND place IN (0, %(place)s)
        AND prediction_id BETWEEN %(first)s AND %(last)s
    GROUP BY prediction_id HAVING count(score) = 2
"""
_MATRIX = f"""
SELECT before, after, count(*), count(*) FILTER (WHERE is_changed), count(*) FILTER (WHERE is_changed AND other > base),
    sum(other - base), sum(abs(other - base)), max(abs(other - base)), min(least(base, other)), max(greatest(base, other))
FROM ({_PAIRS}) AS pair GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608
_GRID = f"""
SELECT least(width_bucket(base, 0, 1, {BINS}), {BINS}) - 1, least(width_bucket(other, 0, 1, {BINS}), {BINS}) - 1, count(*)
FROM ({_PAIRS}) AS pair WHERE base BETWEEN 0 AND 1 AND other BETWEEN 0 AND 1 GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608
_PROBLEMS = """
SELECT place, problem, count(*) FROM predictions_replayedanswer
WHERE comparison_id = %(comparison)s AND problem <> '' GROUP BY 1, 2 ORDER BY 1, 2
"""
_AS_ANSWERED = """
SELECT answer.version_id = %(version)s, count(*),
    count(*) FILTER (WHERE base.label <> answer.label OR (base.label = '' AND abs(base.score - answer.score)
        > %(close)s * greatest(1, abs(answer.score)))),
    max(abs(base.score - answer.score))
FROM predictions_replayedanswer AS base JOIN predictions_prediction AS answer ON answer.id = base.prediction_id
WHERE base.comparison_id = %(comparison)s AND base.place = 0 AND base.score IS NOT NULL GROUP BY 1
"""
_SEGMENTS = """
SELECT GROUPING ({columns}), {columns}, count(*), count(*) FILTER (WHERE is_changed) FROM (
    SELECT pair.is_changed, {values} FROM ({pairs}) AS pair JOIN predictions_prediction AS answer ON answer.id = prediction_id
) AS valued GROUP BY GROUPING SETS ({sets})
"""
# A band instead of the number itself, of which there may be as many as answers.
_BAND = """CASE WHEN jsonb_typeof(answer.inputs -> %({name})s) = 'number' THEN
    to_jsonb(width_bucket((answer.inputs ->> %({name})s)::float8, %({name}_edges)s::float8[]))
    WHEN answer.inputs ->> %({name})s IS NOT NULL THEN '"other"'::jsonb END"""


@dataclass(frozen=True)
class Pair:
    """Cases that the first version answers `before` and the other one `after`: how scores lie apart, and of which sign."""

    before: str
    after: str
    rows: int
    changed: int
    higher: int
    difference: float
    absolute: float
    largest: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Of one part of a segment: how many answers, and how many of them changed."""

    field: str
    key: str
    rows: int
    changed: int


def matrix(comparison: UUID, place: int) -> list[Pair]:
    """What the base and another version answer to the same, pair by pair of labels."""
    return [Pair(*row) for row in _rows(_MATRIX, comparison=comparison, place=place, **_EVERYWHERE)]


def grid(comparison: UUID, place: int) -> list[list[int]]:
    """[bin of the base's score, bin of the other's, count], of BINS bins from 0 to 1."""
    return [list(row) for row in _rows(_GRID, comparison=comparison, place=place, **_EVERYWHERE)]


def problems(comparison: UUID) -> dict[str, dict[str, int]]:
    """Place of a version -> why rows got no answer -> how many."""
    found: dict[str, dict[str, int]] = {}
    for place, problem, count in _rows(_PROBLEMS, comparison=comparison):
        found.setdefault(str(place), {})[problem] = count
    return found


def as_answered(comparison: UUID, version: int, close: float) -> dict[bool, tuple[int, int, float]]:
    """Whether this very version gave the recorded answers -> how many, how many differ now, largest difference."""
    rows = _rows(_AS_ANSWERED, comparison=comparison, version=version, close=close)
    return {is_same: (count, differ, largest) for is_same, count, differ, largest in rows}


def groups(comparison: UUID, place: int, segments: Sequence[Segment]) -> list[Group]:
    """The parts of each segment that answers are in, in one walk through them.

    Some thousand answers are looked at by each statement, which ends soon however busy the server is.
    """
    if not segments:
        return []
    names = [f"field_{number}" for number in range(len(segments))]
    values: dict[str, Any] = {"comparison": comparison, "place": place}
    told = []
    for name, one in zip(names, segments, strict=True):
        values |= {name: one.name, f"{name}_edges": list(one.edges)}
        told.append(f"{(_BAND if one.edges else 'answer.inputs -> %({name})s').format(name=name)} AS {name}")
    sets = ", ".join(f"({name})" for name in names)
    statement = _SEGMENTS.format(columns=", ".join(names), values=", ".join(told), pairs=_PAIRS, sets=sets)
    found: dict[tuple[str, str], list[int]] = {}
    for numbers in stretches(comparison, AT_ONCE):
        for row in _rows(statement, **values, first=numbers[0], last=numbers[-1]):
            _count(found, segments, row)
    return [Group(*name, *counts) for name, counts in found.items()]


def _count(found: dict[tuple[str, str], list[int]], segments: Sequence[Segment], row: Sequence[Any]) -> None:
    mask, *columns, rows, changed = row
    # Of the bits of GROUPING, the leftmost belongs to the first; the one that is 0 was grouped by.
    number = next(place for place in range(len(columns)) if not mask >> (len(columns) - 1 - place) & 1)
    one = segments[number]
    known = found.setdefault((one.name, one.keys[_place(one, columns[number])]), [0, 0])
    known[0] += rows
    known[1] += changed


def stretches(comparison: UUID, most: int) -> Iterator[list[UUID]]:
    """The numbers of the answers in order, so many at a time."""
    base = ReplayedAnswer.objects.filter(comparison=comparison, place=0).order_by("prediction")
    after = _BEGIN
    while numbers := list(base.filter(prediction__gt=after).values_list("prediction", flat=True)[:most]):
        yield numbers
        after = numbers[-1]


def _place(one: Segment, text: str | None) -> int:
    """Where a value belongs; of bands, the database has said which."""
    value = None if text is None else json.loads(text)
    return value if one.edges and isinstance(value, int) else one.place(value)


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
