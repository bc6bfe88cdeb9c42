"""What came of a comparison, in a sentence. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from predictions.monitoring.quality import rightness
from predictions.monitoring.quality.measure import Measure
from predictions.monitoring.quality.offline import LESS_IS_BETTER
from registry.presenters import model_title
from registry.signature import Signature
from registry.texts import figure

HUNDRED = 100
MOST_NAMED = 3  # answers that others become

Tone = Literal["same", "up", "down", "other"]
Matrix = Sequence[Sequence[Any]]  # [label of the base, label of the other, count]


@dataclass(frozen=True)
class Became:
    """Answers that became the same one; `title` of several, `single` of one."""

    title: str
    single: str
    count: int
    tone: Tone

    def told(self, count: int) -> str:
        """So many of them."""
        return f"{figure(count, grouped=True)} {self.single if count == 1 else self.title}"


def became(signature: Signature, matrix: Matrix, changed: int, higher: int) -> list[Became]:
    """What the answers of the base became with another version, those that stay first; empty where there are none.

    Of values, `changed` are others, and `higher` of these are higher.
    """
    rows = sum(count for _before, _after, count in matrix)
    if not rows:
        return []
    same = Became(_("stay the same"), _("stays the same"), rows - changed, "same")
    if signature.is_regression:
        others = [
            Became(_("become higher"), _("becomes higher"), higher, "up"),
            Became(_("become lower"), _("becomes lower"), changed - higher, "down"),
        ]
    else:
        others = _labels(signature, matrix)
    return [same, *(one for one in others if one.count)]


def _labels(signature: Signature, matrix: Matrix) -> list[Became]:
    counts: dict[str, int] = {}
    for before, after, count in matrix:
        if before != after:
            counts[after] = counts.get(after, 0) + count
    ranked = sorted(counts, key=lambda label: (-counts[label], label))
    found = [_became(signature, label, counts[label]) for label in ranked[:MOST_NAMED]]
    rest = sum(counts[label] for label in ranked[MOST_NAMED:])
    return [*found, Became(_("become something else"), _("becomes something else"), rest, "other")]


def _became(signature: Signature, label: str, count: int) -> Became:
    names, name = signature.class_names, {"label": signature.class_title(label)}
    tone: Tone = "other"
    if len(names) == 2:
        tone = "up" if label == names[signature.positive] else "down"
    return Became(_("become “%(label)s”") % name, _("becomes “%(label)s”") % name, count, tone)


def headline(parts: Sequence[Became]) -> str:
    """`Of 100 answers 94 stay the same, 4 become “leaves”, 2 become “stays”.`"""
    total = sum(one.count for one in parts)
    if not total:
        return _("No answer can be compared.")
    if parts[0].count == total:
        return _("All %(total)s answers stay the same.") % {"total": figure(total, grouped=True)}
    counts = of_hundred([one.count for one in parts])
    told = [one.told(count) for one, count in zip(parts, counts, strict=True)]
    words = {"total": figure(sum(counts), grouped=True), "parts": ", ".join(told)}
    return _("Of %(total)s answers %(parts)s.") % words


def best(measured: Sequence[tuple[str, Measure]]) -> str:
    """`Version 2: 78 right answers of 100; version 1: 70.` The best first; of values, how far they were off.

    `measured`: each version's name and plainest measure. Says so where the intervals do not tell them apart.
    """
    known = [(name, one, one.value) for name, one in measured if one.value is not None]
    if not known:
        return ""
    is_error = known[0][1].name in LESS_IS_BETTER
    known.sort(key=lambda found: found[2], reverse=not is_error)
    say = rightness.digits if is_error else rightness.of_hundred
    (name, first, value), *rest = known
    pairs = [_("%(field)s: %(text)s") % {"field": other, "text": say(number)} for other, _one, number in rest]
    words = {"version": model_title(name), "value": say(value), "others": ", ".join(pairs)}
    if is_error:
        said = _("%(version)s was off by %(value)s on average; %(others)s.") % words
    else:
        said = _("%(version)s: %(value)s right answers of 100; %(others)s.") % words
    if any(_overlap(first, other) for _name, other, _value in rest):
        return f"{said} {_('The intervals overlap: the difference may be chance.')}"
    return said


def _overlap(one: Measure, other: Measure) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return max(one.low, other.low) <= min(one.high, other.high)


def of_hundred(counts: Sequence[int]) -> list[int]:
    """The counts as parts of a hundred, by the largest remainder; as they are where one would vanish, or of fewer."""
    total = sum(counts)
    if total <= HUNDRED:
        return list(counts)
    shares = [count * HUNDRED / total for count in counts]
    found = [int(share) for share in shares]
    by_rest = sorted(range(len(counts)), key=lambda place: found[place] - shares[place])
    for place in by_rest[: HUNDRED - sum(found)]:
        found[place] += 1
    vanished = any(count and not part for count, part in zip(counts, found, strict=True))
    return list(counts) if vanished else found
