"""Is it as right for all? The answers by the values of each sensitive field: aggregates, and no verdict.

Everybody who may see monitoring sees them. What could be one person is hidden; from who may not see sensitive values
also what that could be worked out from, and the exact numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser, User
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from predictions.masking import RIGHT
from predictions.monitoring.quality import subgroups
from predictions.monitoring.quality.parts import Parts, ordered, part_title, positive_title, right_of, segments_of
from predictions.monitoring.quality.subgroups import SMALLEST, Part, Share
from predictions.monitoring.quality.words import Said, share
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.layout import Segment
from registry.models import ModelVersion
from registry.presenters.contract import SENSITIVE
from registry.presenters.states import Words
from registry.texts import figure


@dataclass(frozen=True)
class GroupLine:
    """One value of the field. `hidden`: why it has no numbers. `titled`: each heading, and what stands under it."""

    title: str
    answers: str = ""
    hidden: str = ""
    titled: tuple[tuple[str, Said], ...] = ()


@dataclass(frozen=True)
class GroupTable:
    """The values of a sensitive field. `reference`: the one that the ratios are to."""

    name: str
    title: str
    kind: Words
    headings: tuple[str, ...]
    lines: list[GroupLine]
    reference: str

    @property
    def width(self) -> int:
        """How many columns have numbers."""
        return len(self.headings) + 1


@dataclass(frozen=True)
class Reader:
    """What one reader sees: exact numbers, or tens."""

    is_trusted: bool

    def count(self, number: int) -> str:
        """`241`, or `about 240`."""
        return (
            figure(number, grouped=True)
            if self.is_trusted
            else _("about %(count)s") % {"count": figure(round(number, -1), grouped=True)}
        )

    def said(self, found: Share) -> Said:
        """A share with the number that it is of, as this reader sees that."""
        if self.is_trusted or found.is_enough:
            return replace(share(found), on=self.count(found.n) if found.is_enough else "")
        return Said(lack=_("needs %(needed)s") % {"needed": found.needed})


def group_tables(
    parts: Mapping[str, Parts],
    names: Sequence[str],
    versions: Sequence[ModelVersion],
    user: User | AnonymousUser,
    unit: str,
) -> list[GroupTable]:
    """A table for each of these fields that has answers."""
    found, reader, known = [], Reader(user.has_perm(RIGHT)), segments_of(versions)
    for name in names:
        groups = subgroups.parted(parts.get(name, {}), ordered(known[name]))
        subgroups.protect(groups, strictly=not reader.is_trusted)
        if groups:
            found.append(_table(known[name], groups, versions, reader, unit))
    return found


def without_groups(versions: Sequence[ModelVersion]) -> list[str]:
    """The sensitive fields of the newest version that nothing is counted by: texts, and choices of too many values."""
    newest = layout.of(versions[-1])
    return [one.title for one in newest.signature.features if one.sensitive and one.name not in newest.segment_names]


def _table(
    segments: Sequence[Segment], groups: Sequence[Part], versions: Sequence[ModelVersion], reader: Reader, unit: str
) -> GroupTable:
    newest, feature = layout.of(versions[-1]), segments[0].feature
    positive, is_of_classes = positive_title(newest), bool(newest.classes)
    reference = subgroups.largest(groups) if positive else None
    headings = _headings(positive, is_of_classes)
    lines = []
    for part in groups:
        if positive:
            cells = _cells_of_two(part, reference, reader) if part.is_shown else ()
        else:
            cells = (_right(part, is_of_classes, unit, reader),) if part.is_shown else ()
        lines.append(_line(part, part_title(segments, part.key), tuple(zip(headings, cells, strict=False)), reader))
    return GroupTable(
        name=feature.name,
        title=feature.title,
        kind=SENSITIVE.get(feature.sensitive or "", feature.sensitive or ""),
        headings=headings,
        lines=lines,
        reference=part_title(segments, reference.key) if reference else "",
    )


def _headings(positive: str, is_of_classes: bool) -> tuple[str, ...]:
    if positive:
        words = {"outcome": positive}
        return (
            _("Answered “%(outcome)s”") % words,
            _("Ratio to the largest group"),
            _("Recall: so answered, of those with “%(outcome)s”") % words,
            _("False alarms: so answered, of the others"),
        )
    return (_("Right answers"),) if is_of_classes else (_("Off by, on average"),)


def _line(part: Part, title: str, titled: tuple[tuple[str, Said], ...], reader: Reader) -> GroupLine:
    if part.is_hidden:
        return GroupLine(title, hidden=_("fewer than %(number)s") % {"number": SMALLEST})
    if part.is_kept_back:
        return GroupLine(title, hidden=_("kept back: a smaller group could be worked out from it"))
    return GroupLine(title, reader.count(part.answers), titled=titled)


def _cells_of_two(part: Part, reference: Part | None, reader: Reader) -> tuple[Said, ...]:
    shares = (part.selection, part.recall, part.false_positive_rate)
    selection, recall, alarms = map(reader.said, shares)
    return replace(selection, on=""), _ratio(part, reference), recall, alarms


def _right(part: Part, is_of_classes: bool, unit: str, reader: Reader) -> Said:
    if is_of_classes:
        return reader.said(part.accuracy)
    said = right_of(part, is_of_classes, unit)
    return said if said.lack else replace(said, on=reader.count(part.known))


def _ratio(part: Part, reference: Part | None) -> Said:
    if reference is None or part is reference:
        return Said(_("largest group"))
    found = subgroups.ratio(part, reference)
    if found is None:
        return Said(lack=_("the largest group has none"))
    value, (low, high) = found
    words = {"low": _two(low), "high": "" if high is None else _two(high)}
    return Said(_two(value), _("%(low)s to %(high)s") % words if high is not None else _("%(low)s or more") % words)


def _two(value: float) -> str:
    return number_format(f"{value:.2f}")
