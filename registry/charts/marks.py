"""What happened meanwhile: upright lines through a picture over time, numbered, so that no label is too wide."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from registry.texts import figure, svg_percent

NEAR = 0.1  # of the width: on a phone, that of a number
LANES = 3
LANE = 20  # px
DIGIT = 8  # px


@dataclass(frozen=True)
class Mark:
    """Something that happened, `at` a share of the width from 0 to 1: a promotion."""

    at: float
    title: str
    url: str = ""


@dataclass(frozen=True)
class Flag:
    """A number above its line, or `2–4` above those that stand too close; `y` and the rest in px."""

    label: str
    x: str
    y: int
    left: int
    width: int
    from_x: str
    to_x: str


@dataclass(frozen=True)
class Post:
    """A line, from `y` px down, and what it stands for."""

    number: str
    title: str
    url: str
    x: str
    y: int


@dataclass(frozen=True)
class Marks:
    """Lines from left to right, their flags, and how much height the flags need above the picture."""

    flags: list[Flag]
    posts: list[Post]
    height: int


@dataclass
class _Group:
    lane: int
    places: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return (self.places[0] + self.places[-1]) / 2


def flagged(marks: Sequence[Mark]) -> Marks:
    """Marks within the picture; flags too close to each other stand in up to three lanes, then share one."""
    inside = sorted((mark for mark in marks if 0 <= mark.at <= 1), key=lambda mark: mark.at)
    groups: list[_Group] = []
    posts = []
    for number, mark in enumerate(inside, 1):
        group = _room(groups, mark.at)
        group.places.append(mark.at)
        group.numbers.append(number)
        posts.append(Post(figure(number), mark.title, mark.url, svg_percent(100 * mark.at), _y(group.lane)))
    lanes = max((group.lane + 1 for group in groups), default=0)
    return Marks([_flag(group) for group in groups], posts, lanes * LANE)


def _room(groups: list[_Group], at: float) -> _Group:
    last: dict[int, _Group] = {group.lane: group for group in groups}
    for lane in range(LANES):
        if lane not in last or at - last[lane].middle >= NEAR:
            groups.append(_Group(lane))
            return groups[-1]
    return groups[-1]


def _y(lane: int) -> int:
    return lane * LANE + LANE // 2


def _flag(group: _Group) -> Flag:
    first, last = group.numbers[0], group.numbers[-1]
    label = figure(first) if first == last else f"{figure(first)}–{figure(last)}"
    width = 8 + DIGIT * max(len(label), 1)
    ends = [svg_percent(100 * place) for place in (group.middle, group.places[0], group.places[-1])]
    return Flag(label, ends[0], _y(group.lane), -width // 2, width, ends[1], ends[2])


def told(marks: Marks) -> str:
    """`1: Version 2 from 12 July.` for those who cannot see the lines."""
    return " ".join(f"{post.number}: {post.title}." for post in marks.posts)
