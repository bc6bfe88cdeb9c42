"""Strips of squares: one row a thing, one square a stretch of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from registry.charts.axes import Ends, ends
from registry.charts.marks import Mark, Marks, flagged, told
from registry.texts import figure

State = Literal["none", "few", "steady", "slight", "drift", "strong"]
CHANGED: tuple[State, ...] = ("slight", "drift", "strong")
SIDE = 10  # of a square of the drawing
ROOM = 210  # a strip is at least so long, so that the signs of few squares are not stretched too far
WIDE = 31  # squares that a phone shows side by side

# Where a sign begins within its square, and its strokes from there. A line without length is a dot: its ends are round.
SIGNS: dict[State, list[tuple[int, int, str]]] = {
    "few": [(5, 5, "h0")],
    "slight": [(3, 8, "l4-6")],
    "drift": [(1, 8, "l4-6"), (5, 8, "l4-6")],
    "strong": [(2, 2, "l6 6"), (8, 2, "l-6 6")],
}


@dataclass(frozen=True)
class Square:
    """One stretch of time of one row: when, how it was, and what the table says beside that ("0.12")."""

    state: State
    title: str
    amount: str = ""


@dataclass(frozen=True)
class HeatRow:
    """A strip and what it is about; `note` is said under its title."""

    title: str
    squares: Sequence[Square]
    url: str = ""
    note: str = ""


class Cell(NamedTuple):
    """One or more squares of the table that say the same."""

    span: int
    text: str


class Strip(NamedTuple):
    """A row as it is drawn: a ground of each state, a path of the signs on it, and the words for it.

    Tuples, which a template takes apart in one step: a page has tens of them, and hundreds of cells.
    """

    title: str
    url: str
    note: str
    grounds: list[tuple[State, SafeString]]
    signs: list[tuple[State, SafeString]]
    summary: str
    cells: list[Cell]


@dataclass(frozen=True)
class Sample:
    """A state as the key has it."""

    state: State
    word: str
    sign: str


@dataclass(frozen=True)
class Heat:
    """Strips under each other; `width` of each in units of the drawing, `fence` the lines between squares."""

    rows: list[Strip]
    columns: list[str]
    width: int
    fence: str
    is_wide: bool
    ends: Ends
    marks: Marks
    key: list[Sample]
    summary: str


def words() -> dict[State, str]:
    """Each state in words, from no answers to strong drift."""
    return {
        "none": _("no answers"),
        "few": _("not enough"),
        "steady": _("steady"),
        "slight": _("slight change"),
        "drift": _("drift"),
        "strong": _("strong drift"),
    }


def heat(rows: Sequence[HeatRow], columns: Sequence[str], marks: Sequence[Mark] = ()) -> Heat:
    """One strip a row, one square a column; a row that is shorter has had no answers since. Marks as in `over_time`."""
    unit = max(SIDE, ROOM // max(len(columns), 1))
    said = words()  # looked up once: hundreds of squares say the same six
    strips = [_strip(row, columns, unit, said) for row in rows]
    present = {square.state for row in rows for square in row.squares}
    key = [Sample(state, word, _sign(state, 0)) for state, word in said.items() if state in present]
    lines = flagged(marks)
    return Heat(
        rows=strips,
        columns=list(columns),
        width=unit * max(len(columns), 1),
        fence="".join(f"M{unit * place} 0v{SIDE}" for place in range(1, len(columns))),
        is_wide=len(columns) > WIDE,
        ends=ends(columns),
        marks=lines,
        key=key,
        summary=told(lines),
    )


def _strip(row: HeatRow, columns: Sequence[str], unit: int, said: Mapping[State, str]) -> Strip:
    missing = [Square("none", "")] * (len(columns) - len(row.squares))
    squares = [*row.squares, *missing][: len(columns)]
    states = [square.state for square in squares]
    return Strip(
        title=row.title,
        url=row.url,
        note=row.note,
        grounds=[
            (state, SafeString(ground))
            for state in said
            if state != "none" and (ground := _ground(states, state, unit))
        ],
        signs=[(state, SafeString(sign)) for state in SIGNS if (sign := _signs(states, state, unit))],
        summary=_summary(squares, columns, said),
        cells=_cells(squares, said),
    )


def _ground(states: Sequence[State], wanted: State, unit: int) -> str:
    # As lines that are as thick as a square is high: half the length of rectangles.
    found, start = "", 0
    for state, stretch in groupby(states):
        length = len(list(stretch))
        if state == wanted:
            found += f"M{unit * start} {SIDE // 2}h{unit * length}"
        start += length
    return found


def _signs(states: Sequence[State], wanted: State, unit: int) -> str:
    margin = (unit - SIDE) // 2
    return "".join(_sign(wanted, unit * place + margin) for place, state in enumerate(states) if state == wanted)


def _sign(state: State, left: int) -> str:
    return "".join(f"M{left + x} {y}{strokes}" for x, y, strokes in SIGNS.get(state, []))


def _cells(squares: Sequence[Square], said: Mapping[State, str]) -> list[Cell]:
    texts = [f"{said[square.state]} {square.amount}".strip() for square in squares]
    return [Cell(len(list(same)), text) for text, same in groupby(texts)]


def _summary(squares: Sequence[Square], columns: Sequence[str], said: Mapping[State, str]) -> str:
    known = [place for place, square in enumerate(squares) if square.state not in {"none", "few"}]
    if not known:
        return (
            _("Not enough answers yet.") if any(square.state == "few" for square in squares) else _("No answers yet.")
        )
    last = squares[known[-1]].state
    since = next((place for place in reversed(known) if squares[place].state != last), -1)
    begun = next(place for place in known if place > since)
    changed = sum(square.state in CHANGED for square in squares)
    text = {
        "state": said[last],
        "since": columns[begun],
        "changed": figure(changed),
        "known": figure(len(known)),
        "total": figure(len(squares)),
    }
    if since < 0 and last == "steady":
        return _("Steady all along; enough answers in %(known)s of %(total)s.") % text
    return _("At the end: %(state)s, since %(since)s. Changed: %(changed)s of %(known)s with enough answers.") % text
