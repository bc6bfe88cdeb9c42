"""What happened one after the other, along a drawn line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from registry.texts import age

Tone = Literal["plain", "up", "down", "warn"]
WORTH_SAYING = timedelta(days=2)

# The marks differ in shape, so that they need no colour; each fits a square of 16.
MARKS: dict[Tone, str] = {
    "plain": "M8 3a5 5 0 1 0 .01 0z",
    "up": "M8 2l6 11H2z",
    "down": "M8 14L2 3h12z",
    "warn": "M8 1l7 7-7 7-7-7z",
}


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened; `url` and `text` may be empty."""

    at: datetime
    title: str
    text: str = ""
    url: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Moment:
    """An event, its mark, and the time between it and the next one of the list when that was long."""

    event: TimelineEvent
    mark: str
    gap: str


@dataclass(frozen=True)
class Timeline:
    """Events in the order they were given: newest first on pages of what happened, oldest first in a story."""

    moments: list[Moment]


def timeline(events: Sequence[TimelineEvent]) -> Timeline:
    """The events as they are drawn."""
    spans = [abs(later.at - earlier.at) for earlier, later in pairwise(events)]
    gaps = [age(span) if span >= WORTH_SAYING else "" for span in spans]
    return Timeline([Moment(event, MARKS[event.tone], gap) for event, gap in zip(events, [*gaps, ""], strict=False)])
