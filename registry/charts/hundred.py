"""Counts as "of 100": which answers met what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext as _

from registry.texts import figure

NONE: Mapping = MappingProxyType({})
MOST = 4  # classes that are drawn as squares
SHADES = 4
STEP, SIDE, ROW = 10, 8, 10  # of the drawing: squares of 8 in steps of 10, ten in a row
TINY = "M2 2h4v4h-4z"  # there is something, and it is less than one of a hundred


@dataclass(frozen=True)
class Group:
    """The cases of one answer and one thing that happened. `squares` and `strokes` are paths, `shade` is 0 to 4."""

    answer: str
    happened: str
    amount: str
    count: str
    cases: str
    url: str
    is_right: bool
    shade: int
    squares: str
    strokes: str


@dataclass(frozen=True)
class Answered:
    """The groups of one answer; `height` is that of their drawings, all 100 wide."""

    title: str
    groups: list[Group]
    height: int


@dataclass(frozen=True)
class Hundred:
    """What 100 typical cases look like; with more than four classes only as a table."""

    rows: list[Answered]
    columns: list[str]
    is_drawn: bool
    total: str
    summary: str


def of_hundred(counts: Sequence[int], *, least: int = 0) -> list[int]:
    """The counts scaled to whole numbers that add up to 100, by the largest remainder; zeros if there are none.

    What exists is at least `least`, taken from the largest. https://en.wikipedia.org/wiki/Quota_method
    """
    known = [max(count, 0) for count in counts]
    total = sum(known)
    if not total:
        return [0] * len(known)
    parts = [100 * count // total for count in known]
    order = sorted(range(len(known)), key=lambda place: (-(100 * known[place] % total), place))
    for place in order[: 100 - sum(parts)]:
        parts[place] += 1
    for place, count in enumerate(known):
        largest = max(range(len(parts)), key=parts.__getitem__)
        if count and parts[place] < least < parts[largest]:
            parts[largest] -= least - parts[place]
            parts[place] = least
    return parts


def said(part: int, count: int, total: int) -> str:
    """`12`, `< 1` of what exists all the same, `> 99` where something else exists too."""
    if count and not part:
        return "<\u00a01"
    return ">\u00a099" if part == 100 and count < total else figure(part)


def hundred(
    counts: Mapping[tuple[str, str], int],
    *,
    titles: Mapping[str, str] = NONE,
    urls: Mapping[tuple[str, str], str] = NONE,
) -> Hundred:
    """Counts of (answer, what happened), scaled to 100.

    Classes stand in the order of `titles`, which gives them their names, then in that of the counts. `urls` are links
    to the cases of a group.
    """
    classes = list(dict.fromkeys([*titles, *(name for pair in counts for name in pair)]))
    names = {name: titles.get(name, name) for name in classes}
    known = {(one, other): max(counts.get((one, other), 0), 0) for one in classes for other in classes}
    parts = dict(zip(known, of_hundred(list(known.values())), strict=True))
    is_drawn = len(classes) <= MOST
    rows = []
    for answer in classes:
        of = sum(known[answer, happened] for happened in classes)
        groups = [
            Group(
                answer=names[answer],
                happened=names[happened],
                amount=said(parts[answer, happened], known[answer, happened], sum(known.values())),
                count=figure(known[answer, happened], grouped=True),
                cases=_cases(known[answer, happened]),
                url=urls.get((answer, happened), "") if known[answer, happened] else "",
                is_right=answer == happened,
                shade=_shade(known[answer, happened], of),
                squares=_squares(parts[answer, happened], known[answer, happened]) if is_drawn else "",
                strokes=_strokes(parts[answer, happened]) if is_drawn and answer != happened else "",
            )
            for happened in classes
        ]
        lines = max(-(-max(parts[answer, happened] for happened in classes) // ROW), 1)
        rows.append(Answered(names[answer], groups, STEP * lines - STEP + SIDE))
    return Hundred(
        rows, list(names.values()), is_drawn, figure(sum(known.values()), grouped=True), _summary(known, parts, names)
    )


def _cases(count: int) -> str:
    return _("1 case") if count == 1 else _("%(count)s cases") % {"count": figure(count, grouped=True)}


def _shade(count: int, of: int) -> int:
    return 1 + min(SHADES * count // of, SHADES - 1) if count else 0


def _places(part: int) -> list[tuple[int, int]]:
    return [(STEP * (place % ROW), STEP * (place // ROW)) for place in range(part)]


def _squares(part: int, count: int) -> str:
    if count and not part:
        return TINY
    return "".join(f"M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z" for x, y in _places(part))


def _strokes(part: int) -> str:
    return "".join(f"M{x} {y + SIDE}l{SIDE}-{SIDE}" for x, y in _places(part))


def _summary(
    known: Mapping[tuple[str, str], int], parts: Mapping[tuple[str, str], int], names: Mapping[str, str]
) -> str:
    total = sum(known.values())
    if not total:
        return _("No cases yet.")
    right = sum(count for (answer, happened), count in known.items() if answer == happened)
    text = _("Right in %(part)s of 100.") % {"part": said(of_hundred([right, total - right])[0], right, total)}
    if right == total:
        return text
    worst = max((pair for pair in known if pair[0] != pair[1]), key=lambda pair: known[pair])
    words = {"answer": names[worst[0]], "happened": names[worst[1]], "part": said(parts[worst], known[worst], total)}
    most = _("The most frequent mistake: the answer was “%(answer)s”, and “%(happened)s” happened, %(part)s of 100.")
    return f"{text} {most % words}"
