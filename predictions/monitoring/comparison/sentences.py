"""What came of a comparison, in a sentence. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

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
