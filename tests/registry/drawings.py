"""One of each picture of monitoring, and their HTML as a test reads it."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from django.template.loader import render_to_string

from registry import charts
from registry.texts import figure, percentage

VOID = {"link", "meta", "br", "input"}


def share(value: float) -> str:
    return percentage(100 * value)


def days(*amounts: float | None) -> list[charts.Point]:
    return [charts.Point(f"{number} March", amount) for number, amount in enumerate(amounts, 1)]


def bars(*amounts: float | None, **more: Any) -> charts.OverTime:
    return charts.over_time(days(*amounts), form="bars", say=figure, **more)


def line(*amounts: float | None, **more: Any) -> charts.OverTime:
    return charts.over_time(days(*amounts), form="line", say=figure, **more)


def strip(*states: charts.State, title: str = "Age") -> charts.HeatRow:
    return charts.HeatRow(title, [charts.Square(state, "") for state in states])


# Each takes a text that comes from people, and shows it.
PICTURES: dict[str, Callable[[str], Any]] = {
    "over_time": lambda text: charts.over_time(
        [
            charts.Point(text, 0.5, 0.4, 0.625, url="/day/"),
            charts.Point("Tuesday", None, note=text),
            *days(0.25, 0.75, 0.5),
        ],
        form="line",
        say=share,
        marks=[charts.Mark(0.5, text, "/v2/")],
        level=0.3,
        level_title=text,
    ),
    "heat": lambda text: charts.heat(
        [charts.HeatRow(text, [charts.Square("strong", "", text), charts.Square("few", "")], "/age/", text)],
        ["Monday", text],
        [charts.Mark(0.5, text)],
    ),
    "ranges": lambda text: charts.ranges(
        [charts.Range(text, 0.5, 0.25, 0.75, text, url="/sales/"), charts.Range("Law", None, None, None, note=text)],
        say=share,
        level=0.4,
    ),
    "paired": lambda text: charts.paired([charts.Pair(text, 0.25, 0.125, text)], text, "now"),
    "confusion": lambda text: charts.hundred(
        {("a", "a"): 3, ("a", "b"): 1}, titles={"a": text}, urls={("a", "a"): "/aa/"}
    ),
    "shares": lambda text: charts.shares([charts.Part(text, 3, "same"), charts.Part("up", 1, "up")]),
    "reliability": lambda text: charts.reliability([charts.Seen(0.25, 0.125, 0.0625, 0.5, 7)]),
    "scatter": lambda text: charts.scatter(
        {(0, 0): 3, (1, 2): 1}, bins=4, x_title=text, y_title="Version 2", threshold=0.375
    ),
}


def drawn(name: str, chart: Any = None, **more: Any) -> str:
    chart = PICTURES[name]("Monday") if chart is None else chart
    return render_to_string(f"charts/{name}.html", {"chart": chart, "title": "What it shows", **more})


class Tree(HTMLParser):
    """Tags that open and close in order, their attributes, and their text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]
