"""What happens on which day: how many questions through which door, the promotion, the change, a slow week. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.random import Generator

from predictions.models import Source

WEEKEND = 0.13  # of a working day's questions
BY_WEEKDAY = (1.08, 1.05, 1.02, 1.0, 0.85)
GROWTH = 0.3  # from the first day to the last
NOISE = 0.07
BY_FORM = 0.4  # of the questions of a working day
ALONE = 0.8  # of the calls of programs ask about one person
MOST_TOGETHER = 8
BY_NIGHT = 0.1  # of what programs ask about, in one go
NIGHT, NIGHT_TOOK = 2.25, 0.2  # hours: when it begins, and how long it takes
BAD_HOURS = (10, 13)
MISHAPS = 0.0003  # calls that fail on any other day
REVIEW_EVERY = 30  # days

OFFICE = (8.2, 18.2)  # hours
SECONDS = 3600


@dataclass(frozen=True)
class Asked:
    """One call: when, as seconds of the day, through which door, about how many people. `fails`: it got no answer."""

    second: float
    source: str
    rows: int
    fails: bool = False


@dataclass(frozen=True)
class Plan:
    """Days are counted from 0, which is `start`; `a_day`: questions of a working day, on average."""

    start: date
    days: int = 183
    a_day: int = 205
    seed: int = 0

    def date_of(self, day: int) -> date:
        """The day of the calendar."""
        return self.start + timedelta(days=day)

    @property
    def staff(self) -> int:
        """How many records there are."""
        return round(self.a_day * 1.2)

    @property
    def file_rows(self) -> int:
        """How many rows a file has."""
        return round(self.a_day * 4.5)

    @property
    def promotion(self) -> int:
        """From this day on the second version answers."""
        return self._workday(round(self.days * 0.475))

    @property
    def changes(self) -> tuple[int, int]:
        """The first day of the change, and the one on which it has come to its end: in the fourth month of six."""
        return round(self.days * 0.585), round(self.days * 0.65)

    @property
    def slow(self) -> range:
        """A week of which nobody knows why everything took so long."""
        first = self._monday(round(self.days * 0.31))
        return range(first, min(first + 5, self.days))

    @property
    def bad(self) -> int:
        """A day with an hour or two in which hardly anything was answered."""
        return self._workday(round(self.days * 0.78))

    @property
    def files(self) -> tuple[int, ...]:
        """Days on which somebody sends a file."""
        return self._workday(round(self.days * 0.2)), self._workday(round(self.days * 0.72))

    @cached_property
    def reviews(self) -> tuple[int, ...]:
        """Days on which somebody asks about all records."""
        return tuple(sorted({self._workday(day) for day in range(3, self.days, REVIEW_EVERY)}))

    @cached_property
    def counts(self) -> list[int]:
        """How many people are asked about on each day who are no records, those of files included."""
        noise = np.random.default_rng([self.seed, 10]).normal(1, NOISE, self.days)
        return [self._count(day, float(noise[day])) for day in range(self.days)]

    def _count(self, day: int, noise: float) -> int:
        weekday = self.date_of(day).weekday()
        share = BY_WEEKDAY[weekday] if weekday < len(BY_WEEKDAY) else WEEKEND
        grown = 1 + GROWTH * (day / max(self.days - 1, 1) - 0.5)
        return max(1, round(self.a_day * share * grown * noise)) + self.file_rows * (day in self.files)

    def asked(self, day: int) -> list[Asked]:
        """The calls of a day in the order of their time, but for those about records; all their rows add up."""
        random, rows = np.random.default_rng([self.seed, 11, day]), self.counts[day]
        calls = []
        if day in self.files:
            rows -= self.file_rows
            calls.append(Asked(14.6 * SECONDS, Source.BATCH.value, self.file_rows))
        by_form = 0 if self.is_weekend(day) else round(rows * BY_FORM)
        calls += [Asked(second, Source.FORM.value, 1) for second in _office(random, by_form)]
        calls += self._programs(random, day, rows - by_form)
        return sorted((self._fated(random, day, call) for call in calls), key=lambda call: call.second)

    def _programs(self, random: Generator, day: int, rows: int) -> Iterator[Asked]:
        """Beside those that people use in the office, one that comes every night, also at weekends."""
        by_night = rows if self.is_weekend(day) else round(rows * BY_NIGHT)
        for size in _sizes(random, by_night):
            yield Asked((NIGHT + random.random() * NIGHT_TOOK) * SECONDS, Source.API.value, size)
        for size in _sizes(random, rows - by_night):
            yield Asked(_office(random, 1)[0], Source.API.value, size)

    def _fated(self, random: Generator, day: int, call: Asked) -> Asked:
        is_bad = day == self.bad and BAD_HOURS[0] <= call.second / SECONDS < BAD_HOURS[1]
        fails = call.source != Source.BATCH and random.random() < (0.6 if is_bad else MISHAPS)
        return Asked(call.second, call.source, call.rows, fails)

    def is_weekend(self, day: int) -> bool:
        """Whether nobody is in the office."""
        return self.date_of(day).weekday() >= len(BY_WEEKDAY)

    def _workday(self, day: int) -> int:
        """The day itself or the Monday after it."""
        while self.is_weekend(day):
            day += 1
        return min(day, self.days - 1)

    def _monday(self, day: int) -> int:
        return min(day + (-self.date_of(day).weekday()) % 7, self.days - 1)


def _sizes(random: Generator, rows: int) -> Iterator[int]:
    """Of calls of programs, which ask about one person or a few."""
    while rows > 0:
        size = 1 if random.random() < ALONE else int(random.integers(2, MOST_TOGETHER + 1))
        yield min(size, rows)
        rows -= size


def _office(random: Generator, size: int) -> list[float]:
    """Seconds of the day: most in the middle of the morning and of the afternoon."""
    low, high = OFFICE
    hours = np.where(random.random(size) < 0.55, random.normal(10.2, 1.1, size), random.normal(15.3, 1.2, size))
    found: list[float] = (np.clip(hours, low, high - random.random(size) * 0.5) * SECONDS).tolist()
    return found
