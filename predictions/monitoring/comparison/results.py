"""What came of a comparison, as its page shows it: made from the stored summary alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from predictions.models import ComparedVersion
from predictions.monitoring.comparison import judging, sentences
from predictions.monitoring.comparison.counted import BINS, Group
from predictions.monitoring.comparison.pages import ComparisonPage
from predictions.monitoring.comparison.replaying import CLOSE, REFUSED
from predictions.monitoring.comparison.strongest import NEEDED, strongest
from predictions.monitoring.dashboard.sections import percent
from predictions.monitoring.quality import intervals, rightness
from predictions.monitoring.quality.measure import Measure, few
from predictions.monitoring.quality.words import measure_title, score
from predictions.monitoring.rollups import layout, segments
from registry import charts, serving
from registry.signature import Signature
from registry.texts import figure, percentage

NOTHING = "–"


@dataclass(frozen=True)
class Against:
    """One version held against the base."""

    page: ComparisonPage
    one: ComparedVersion
    said: Mapping[str, Any]

    @property
    def place(self) -> int:
        return self.one.place

    @property
    def name(self) -> str:
        return self.page.name_of(self.one)

    @cached_property
    def signature(self) -> Signature:
        return serving.signature_of(self.one.version)

    @cached_property
    def became(self) -> list[sentences.Became]:
        return sentences.became(self.signature, self.said["matrix"], self.said["changed"], self.said["higher"])

    @property
    def headline(self) -> str:
        return sentences.headline(self.became)

    @property
    def shares(self) -> charts.Shares:
        return charts.shares([charts.Part(one.title, one.count, one.tone) for one in self.became])

    @property
    def rows(self) -> str:
        return figure(self.said["rows"], grouped=True)

    @property
    def changed(self) -> str:
        return figure(self.said["changed"], grouped=True)

    @property
    def share(self) -> str:
        """How many changed, with the interval: `6.2% (5.1% to 7.6%)`."""
        low, high = intervals.wilson(self.said["changed"], self.said["rows"])
        share = self.said["changed"] / self.said["rows"]
        words = dict(zip(("share", "low", "high"), map(_exactly, (share, low, high)), strict=True))
        return _("%(share)s (%(low)s to %(high)s)") % words

    @property
    def close(self) -> str:
        """How far values must lie apart to be others; empty for classes."""
        return percentage(100 * CLOSE) if self.signature.is_regression else ""

    @property
    def difference(self) -> str:
        """The mean difference, with its sign."""
        return _signed(self.said["difference"])

    @property
    def absolute(self) -> str:
        return _short(self.said["absolute"])

    @property
    def largest(self) -> str:
        return _short(self.said["largest"])

    @property
    def scatter(self) -> charts.Scatter | None:
        """Each answer's two scores; None for values."""
        cells = {(across, up): count for across, up, count in self.said["grid"]}
        if not cells:
            return None
        words = {"base": self.page.name_of(self.page.compared[0]), "other": self.name}
        thresholds = {_threshold(serving.signature_of(one.version)) for one in (self.page.compared[0], self.one)}
        return charts.scatter(
            cells,
            bins=BINS,
            x_title=_("Score of %(base)s") % words,
            y_title=_("Score of %(other)s") % words,
            threshold=thresholds.pop() if len(thresholds) == 1 else None,
        )

    @cached_property
    def groups(self) -> charts.Ranges | None:
        """The share of changed answers by value, of the fields that have to do with it; None where none has."""
        found = [Group(*one) for one in self.said["groups"]]
        known = layout.of(self.page.compared[0].version).segment_names
        rows = []
        for name in strongest(found):
            one = known[name]
            parts = {group.key: group for group in found if group.field == name}
            rows += [_range(one, parts[key]) for key in one.keys if key in parts]
        most = max((row.high or 0 for row in rows), default=0)
        if not rows:
            return None
        share = self.said["changed"] / self.said["rows"]
        return charts.ranges(rows, low=0.0, high=_ceiling(most), say=percent, level=share)

    @property
    def won(self) -> str:
        """Of the changed answers whose outcome is known, who was right, as a sentence; empty without any."""
        changed, base, other = self.page.comparison.summary["won"][self.place]
        if not changed or self.signature.is_regression:
            return ""
        words = {"count": figure(changed, grouped=True), "other": self.name, "right": figure(other, grouped=True)}
        words |= {"base": self.page.name_of(self.page.compared[0]), "base_right": figure(base, grouped=True)}
        text = _(
            "Of %(count)s changed answers whose outcome is known, %(other)s would have been right in %(right)s and "
            "%(base)s in %(base_right)s."
        )
        return text % words


@dataclass(frozen=True)
class MeasureLine:
    """A measure of every version. `cells`: value and interval of each, or why there is none."""

    title: str
    cells: list[tuple[str, str]]


class Result(ComparisonPage):
    """A comparison that is done."""

    @property
    def summary(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.comparison.summary
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to score again."""
        return not self.comparison.done

    @cached_property
    def against(self) -> list[Against]:
        return [Against(self, one, self.summary["against"][str(one.place)]) for one in self.compared[1:]]

    @property
    def names(self) -> list[str]:
        return [self.name_of(one) for one in self.compared]

    # --- is it right ---

    @cached_property
    def _measured(self) -> list[list[Measure]]:
        numbers = self.summary["tallies"]
        return [
            rightness.measures(judging.tally_of(one.version, each))
            for one, each in zip(self.compared, numbers, strict=True)
        ]

    @property
    def known(self) -> int:
        """How many of the answers have an outcome."""
        found: int = judging.tally_of(self.compared[0].version, self.summary["tallies"][0])["outcomes"]
        return found

    @property
    def counted(self) -> str:
        """The same in words."""
        return figure(self.known, grouped=True)

    @property
    def lack(self) -> str:
        """Why nothing is measured; empty where something is."""
        return few(self.known)

    @property
    def best(self) -> str:
        """Which version was right most often, or least off, in a sentence; empty where nothing is measured."""
        return sentences.best(list(zip(self.names, (found[0] for found in self._measured), strict=True)))

    @property
    def measures(self) -> list[MeasureLine]:
        """Measures side by side, over the same answers."""
        found: dict[tuple[str, str], list[Measure]] = {}
        for measured in self._measured:
            for one in measured:
                found.setdefault((one.name, one.about), []).append(one)
        return [_line(*key, each) for key, each in found.items() if len(each) == len(self.compared)]

    # --- as it was answered ---

    @property
    def again(self) -> tuple[str, bool]:
        """Whether the base answers what it answered then, as a sentence, and whether that is as it should be."""
        rows, differ, _largest = self.summary["recorded"]["same"]
        words = {"rows": figure(rows, grouped=True), "differ": figure(differ, grouped=True), "base": self.names[0]}
        if not rows:
            return "", True
        if not differ:
            return _("All %(rows)s answers that %(base)s gave then came out the same again.") % words, True
        return _("%(differ)s of %(rows)s answers that %(base)s gave then came out differently.") % words, False

    @property
    def others_then(self) -> str:
        """How many answers of other versions the base would have given differently; empty without any."""
        rows, differ, _largest = self.summary["recorded"]["others"]
        words = {"rows": figure(rows, grouped=True), "differ": figure(differ, grouped=True), "base": self.names[0]}
        text = _("%(rows)s answers were given by other versions then; %(base)s answers %(differ)s of them differently.")
        return text % words if rows else ""

    # --- how fast, and what went wrong ---

    @property
    def speeds(self) -> list[tuple[str, str, str, str]]:
        """Of each version: name, time for a row, rows that it does not take, rows that it could not answer."""
        return [(self.name_of(one), self._speed(one.place), *self._problems(one.place)) for one in self.compared]

    def _speed(self, place: int) -> str:
        seconds, rows = self.summary["clock"].get(str(place), (0.0, 0))
        if not rows:
            return NOTHING
        micro = 1e6 * seconds / rows
        return f"{_short(micro / 1000)}\u202fms" if micro >= 100 else f"{_short(micro)}\u202fµs"

    def _problems(self, place: int) -> tuple[str, str]:
        found = self.summary["problems"].get(str(place), {})
        refused = found.get(REFUSED, 0)
        return figure(refused, grouped=True), figure(sum(found.values()) - refused, grouped=True)


def _line(name: str, about: str, found: list[Measure]) -> MeasureLine:
    cells = [
        (score(one.value), f"{score(one.low)} – {score(one.high)}")
        if one.value is not None and one.low is not None and one.high is not None
        else (NOTHING, one.lack)
        for one in found
    ]
    return MeasureLine(measure_title(name, about), cells)


def _range(one: layout.Segment, group: Group) -> charts.Range:
    words = {"field": one.feature.title, "text": segments.title_of(one, group.key)}
    title, count = _("%(field)s: %(text)s") % words, figure(group.rows, grouped=True)
    if group.rows < NEEDED:
        note = _("needs %(needed)s, has %(known)s") % {"needed": NEEDED, "known": count}
        return charts.Range(title, None, None, None, count, note)
    return charts.Range(title, group.changed / group.rows, *intervals.wilson(group.changed, group.rows), count)


def _ceiling(most: float) -> float:
    """The end of an axis of shares."""
    return next((end for end in (0.05, 0.1, 0.2, 0.5) if most <= end), 1.0)


def _exactly(share: float) -> str:
    """With a decimal: where few changed, whole percents say little."""
    return _("%(number)s%%") % {"number": number_format(f"{100 * share:.1f}")}


def _threshold(signature: Signature) -> float | None:
    if len(signature.classes) != 2:
        return None
    return 0.5 if signature.threshold is None else signature.threshold


def _short(value: float) -> str:
    return figure(float(f"{value:.3g}"), grouped=True)


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{_short(abs(value))}"
