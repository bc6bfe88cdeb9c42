"""How right the answers were by the values of one field, which the reader chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.monitoring.quality import subgroups
from predictions.monitoring.quality.measure import KNOWN
from predictions.monitoring.quality.subgroups import Part
from predictions.monitoring.quality.words import Said, ends, interval, outcomes, sayer, share
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.layout import Layout, Segment
from predictions.monitoring.rollups.segments import title_of
from predictions.monitoring.rollups.tally import Tally
from registry import charts
from registry.charts import Range, Ranges
from registry.forms import ActionForm
from registry.models import ModelVersion
from registry.texts import figure

Parts = Mapping[str, Mapping[int, Tally]]
_NOT_THERE = gettext_lazy("The address asks for something that this page has not. Choose again.")


class FieldForm(ActionForm):
    """`by`: the field that parts the answers. The sensitive ones are parted anyway, with what is hidden of them."""

    def __init__(self, sent: Any, versions: Sequence[ModelVersion]) -> None:
        super().__init__(sent)
        self.segments = segments_of(versions)
        self.sensitive = [name for name, found in self.segments.items() if found[0].feature.sensitive]
        choices = [
            (name, found[0].feature.title) for name, found in self.segments.items() if name not in self.sensitive
        ]
        self.fields["by"] = forms.ChoiceField(
            label=_("By"),
            choices=[("", _("No field")), *choices],
            required=False,
            error_messages={"invalid_choice": _NOT_THERE},
        )
        self.is_offered = bool(choices)

    @property
    def chosen(self) -> str:
        """The name of the field, or nothing."""
        return str(self.cleaned_data["by"]) if self.is_valid() else ""


def segments_of(versions: Sequence[ModelVersion]) -> dict[str, list[Segment]]:
    """The segments of each field, those of the newest version first."""
    found: dict[str, list[Segment]] = {}
    for version in reversed(versions):
        for name, segment in layout.of(version).segment_names.items():
            found.setdefault(name, []).append(segment)
    return found


@dataclass(frozen=True)
class PartLine:
    """The answers with one value of the field; `selected`: how many were answered positively, of two classes."""

    title: str
    answers: str
    right: Said
    selected: Said | None


@dataclass(frozen=True)
class PartedBy:
    """The answers by the values of a field. `about`: the positive class of two."""

    title: str
    about: str
    is_of_classes: bool
    lines: list[PartLine]
    chart: Ranges | None

    @property
    def heading(self) -> str:
        """Of the column with how right they were."""
        return _("Right answers") if self.is_of_classes else _("Off by, on average")


def parted_by(name: str, tallies: Parts, versions: Sequence[ModelVersion], unit: str) -> PartedBy:
    """The table of a field that is not sensitive, and its picture where a value has enough outcomes."""
    segments, newest = segments_of(versions)[name], layout.of(versions[-1])
    parts = subgroups.parted(tallies, ordered(segments))
    lines = [_line(part, segments, newest, unit) for part in parts]
    return PartedBy(
        title=segments[0].feature.title,
        about=positive_title(newest),
        is_of_classes=bool(newest.classes),
        lines=lines,
        chart=_chart(parts, lines, newest, unit) if any(not line.right.lack for line in lines) else None,
    )


def _line(part: Part, segments: Sequence[Segment], newest: Layout, unit: str) -> PartLine:
    selected = share(part.selection) if len(newest.classes) == 2 else None
    return PartLine(
        part_title(segments, part.key),
        figure(part.answers, grouped=True),
        right_of(part, bool(newest.classes), unit),
        selected,
    )


def _chart(parts: Sequence[Part], lines: Sequence[PartLine], newest: Layout, unit: str) -> Ranges:
    name = "accuracy" if newest.classes else "mae"
    rows = [_range(part, line, bool(newest.classes)) for part, line in zip(parts, lines, strict=True)]
    low, high = ends(rows) if newest.classes else (0.0, 1.1 * max(row.high or 0.0 for row in rows))
    return charts.ranges(rows, low=low, high=high or 1.0, say=sayer(name, unit))


def _range(part: Part, line: PartLine, is_of_classes: bool) -> Range:
    if line.right.lack:
        return Range(line.title, None, None, None, note=line.right.lack)
    if is_of_classes:
        value, (low, high) = part.accuracy.value, part.accuracy.interval
    else:
        value, (low, high) = part.error or (0.0, (0.0, 0.0))
    return Range(line.title, value, low, high, outcomes(part.known))


# What the table of sensitive fields takes from here


def ordered(segments: Sequence[Segment]) -> list[str]:
    """Every key, in the order of the newest version, what only older ones know behind; then others, then missing."""
    ends = (layout.OTHER, layout.MISSING)
    known = [key for segment in segments for key in segment.keys if key not in ends]
    return [*dict.fromkeys(known), *ends]


def part_title(segments: Sequence[Segment], key: str) -> str:
    """How a part is called, by the newest version that has it."""
    return title_of(next(one for one in segments if key in one.places), key)


def positive_title(newest: Layout) -> str:
    """The positive class of two; "" of any other model."""
    signature = newest.signature
    return signature.class_title(newest.classes[signature.positive]) if len(newest.classes) == 2 else ""


def right_of(part: Part, is_of_classes: bool, unit: str) -> Said:
    """Accuracy of a part, or how far off it was on average."""
    if is_of_classes:
        return share(part.accuracy)
    if part.error is None:
        return Said(
            lack=_("needs %(needed)s, has %(count)s") % {"needed": KNOWN, "count": figure(part.known, grouped=True)}
        )
    mean, (low, high) = part.error
    return Said(sayer("mae", unit)(mean), interval("mae", low, high), figure(part.known, grouped=True))
