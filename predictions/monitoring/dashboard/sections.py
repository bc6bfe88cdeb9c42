"""What the sections of a dashboard are made of: a question, its answer in one sentence, a picture, figures."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry.presenters.states import State, Words
from registry.texts import figure, percentage

GOOD = State(gettext_lazy("all right"), "good")
WATCH = State(gettext_lazy("worth a look"), "wait")
BAD = State(gettext_lazy("not right"), "error")
KNOWN_ALONE = State(gettext_lazy("known"), "quiet")
UNKNOWN = State(gettext_lazy("not known yet"), "quiet")


@dataclass(frozen=True)
class Number:
    """A figure and where its rows are; `what` it counts, for who hears the link alone."""

    text: str
    url: str = ""
    what: str = ""


@dataclass(frozen=True)
class Fact:
    """A figure with its title. `note`: a few words behind it."""

    title: Words
    number: Number
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Figures in lines, folded under its caption."""

    caption: str
    headings: list[str]
    rows: list[tuple[str, list[Number]]]


@dataclass(frozen=True)
class Way:
    """A link to more."""

    title: str
    url: str


@dataclass(frozen=True)
class Section:
    """One question of a dashboard.

    `brief`: the answer in a few words, for the top of the page. `missing`: why there is no picture. `form`: the
    template of the picture, in templates/charts/. `first`, `second`, `span`: what its table calls time, amount and band.
    """

    name: str
    question: Words
    headline: str
    brief: str
    state: State
    chart: Any = None
    form: str = "over_time"
    chart_title: str = ""
    first: str = ""
    second: str = ""
    span: str = ""
    missing: str = ""
    notes: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    more: list[Way] = field(default_factory=list)

    @property
    def template(self) -> str:
        """What draws the picture."""
        return f"charts/{self.form}.html"


def share(part: int, whole: int) -> str:
    """`12 %` of a whole that is not zero."""
    return percentage(100 * part / whole) if part else _("%(number)s%%") % {"number": 0}


def percent(value: float) -> str:
    """`12 %` of a share from 0 to 1."""
    return percentage(100 * value) if value > 0 else _("%(number)s%%") % {"number": 0}


def between(value: float, low: float, high: float) -> str:
    """`87 % (85 % to 89 %)`: a share with its interval."""
    words = {"value": percent(value), "low": percent(low), "high": percent(high)}
    return _("%(value)s (%(low)s to %(high)s)") % words


def duration(seconds: float) -> str:
    """`12 ms` or `1.5 s`: two digits, for no more is known."""
    if seconds < 1:
        return _("%(number)s ms") % {"number": figure(float(f"{1000 * seconds:.2g}"))}
    return _("%(number)s s") % {"number": figure(float(f"{seconds:.2g}"))}
