"""The heat strip: a row for each field, a square for each window, and what it says in one sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from predictions.monitoring.dashboard import ledger_marks
from predictions.monitoring.drift import straying, verdicts
from predictions.monitoring.drift.limits import SCORE
from predictions.monitoring.drift.verdicts import FieldHeld, Held, Verdicts
from predictions.monitoring.drift.windows import Window
from predictions.monitoring.filters import query
from predictions.monitoring.rollups.reading import Slice, Wanted
from registry import background, charts
from registry.charts.heat import Heat, HeatRow, Square
from registry.models import LedgerEntry
from registry.texts import figure

NAMED = 3  # fields that a headline names


@dataclass(frozen=True)
class Strip:
    """What a page shows of drift.

    `draw`: makes the picture; None when there is nothing to show. `changed`: title and address of what changed in the
    `latest` window that says anything, strongest first, the score included; `score_changed`: whether it is one of them;
    `slightly`: what did by so little that it hardly matters (PSI below straying.SLIGHT). `fields`: how many are held
    against training data, the score included.
    `headline`: the answer in one sentence. `note`: what the reader has to know, "" for nothing.
    """

    draw: Callable[[], Heat] | None
    windows: list[Window]
    changed: list[tuple[str, str]] = field(default_factory=list)
    score_changed: bool = False
    slightly: list[tuple[str, str]] = field(default_factory=list)
    latest: Window | None = None
    fields: int = 0
    headline: str = ""
    note: str = ""

    @cached_property
    def heat(self) -> Heat | None:
        """The picture, drawn when somebody looks: who only counts what changed needs none."""
        return self.draw() if self.draw else None


def strip(
    wanted: Wanted,
    slices: Sequence[Slice],
    user: User | AnonymousUser,
    *,
    found: Verdicts | None = None,
    entries: Sequence[LedgerEntry] | None = None,
) -> Strip:
    """The strip of a model's days (reading.days), the score first, then the fields in the order of the form.

    Everybody sees all fields: a square tells nothing of a person. `found` and `entries` (ledger_marks.entries_of) spare
    who has them already a second look.
    """
    found = found or verdicts.held(wanted, slices)
    changed = found.found("drift", "strong")
    return Strip(
        draw=(lambda: picture(wanted, found, entries)) if found.compared and any(found.sizes) else None,
        windows=found.windows,
        changed=[_way(wanted, one) for one in changed],
        score_changed=any(one.name == SCORE for one in changed),
        slightly=[_way(wanted, one) for one in found.found("slight")],
        latest=None if found.latest is None else found.windows[found.latest],
        fields=len(found.compared),
        headline=headline(found),
        note=note(found),
    )


def address(wanted: Wanted, name: str) -> str:
    """The page of one field, with the filters kept."""
    return reverse("monitoring-drift", args=[wanted.model.name]) + query(wanted, feature=name)


def _way(wanted: Wanted, one: FieldHeld) -> tuple[str, str]:
    return one.title, address(wanted, one.name)


# --- the picture ---


def picture(wanted: Wanted, found: Verdicts, entries: Sequence[LedgerEntry] | None) -> Heat:
    """A strip for each field that can be compared, with the promotions of the period."""
    rows = [
        HeatRow(one.title, list(map(_square, one.helds, found.windows)), address(wanted, one.name))
        for one in found.compared
    ]
    marks = ledger_marks.marks(wanted.model, found.windows, entries)
    return charts.heat(rows, [one.title for one in found.windows], marks)


def _square(held: Held, window: Window) -> Square:
    is_changed = held.verdict in straying.CHANGED
    return Square(held.verdict, window.title, amount(held.distance) if is_changed else "")


def amount(distance: float) -> str:
    """`0.40` of a distance or a limit, as it stands beside others; small ones with a digit more."""
    return number_format(f"{distance:.2f}") if round(distance, 3) >= 0.1 else figure(round(distance, 3))


# --- in words ---


def headline(found: Verdicts) -> str:
    """What changed in the latest window that says anything, or why nothing can be said."""
    if not any(found.sizes):
        return _("Nobody asked in this period.")
    if not found.compared:
        return _(
            "There is nothing to compare with: no version that answered tells how its training data are distributed."
        )
    if found.latest is None:
        return pending() if found.is_pending and max(found.sizes) >= straying.MINIMUM else _few(found)
    return _changes(found, found.windows[found.latest])


def _changes(found: Verdicts, window: Window) -> str:
    changed, slightly = found.found("drift", "strong"), found.found("slight")
    words = {"of": _held_against(found), "when": window.phrase, "changed": len(changed), "slightly": len(slightly)}
    words["titles"] = _titles(changed or slightly)
    if changed and slightly:
        return (
            _("Of %(of)s, %(changed)s differed from training %(when)s: %(titles)s; %(slightly)s more did slightly.")
            % words
        )
    if len(changed) == 1:
        return _("Of %(of)s, 1 differed from training %(when)s: %(titles)s.") % words
    if changed:
        return _("Of %(of)s, %(changed)s differed from training %(when)s: %(titles)s.") % words
    if slightly:
        return _("Of %(of)s, none differed much from training %(when)s, %(slightly)s did slightly: %(titles)s.") % words
    return _("Of %(of)s, none differed from training %(when)s.") % words


def _held_against(found: Verdicts) -> str:
    """`29 fields and the score`."""
    fields = sum(one.name != SCORE for one in found.compared)
    texts = _("1 field") if fields == 1 else _("%(count)s fields") % {"count": fields}
    return _("%(fields)s and the score") % {"fields": texts} if fields < len(found.compared) else texts


def _titles(fields: Sequence[FieldHeld]) -> str:
    if len(fields) <= NAMED + 1:  # its title says more than "and 1 more"
        return ", ".join(one.title for one in fields)
    named = ", ".join(one.title for one in fields[:NAMED])
    return _("%(titles)s and %(count)s more") % {"titles": named, "count": len(fields) - NAMED}


def pending() -> str:
    """That the limits of a version are not made yet."""
    return _("How far fields stray by chance is being worked out for this version. Look again in a minute.")


def _few(found: Verdicts) -> str:
    words = {"needed": straying.MINIMUM, "most": max(found.sizes)}
    return _("Needs %(needed)s answers in a month to tell a change from chance; there are %(most)s at most.") % words


def note(found: Verdicts) -> str:
    """What has to be known to read the strip."""
    sentences = []
    if len(found.versions) > 1:
        *first, last = (str(one.number) for one in found.versions)
        numbers = _(" and ").join([", ".join(first), last])
        sentences.append(
            _(
                "Versions %(numbers)s answered: a square speaks of the one that answered most, held against its own training data."
            )
            % {"numbers": numbers}
        )
    if found.is_pending and found.latest is not None:
        sentences.append(pending())
    if missing := [one.title for one in found.fields if not one.is_compared]:
        sentences.append(
            _("Not compared, for want of training data or of a second value: %(titles)s.")
            % {"titles": ", ".join(missing)}
        )
    if found.compared and found.training_rows <= background.MAX_ROWS:
        sentences.append(
            _(
                "The training data are known from %(count)s rows alone, so that only larger changes can be told from chance."
            )
            % {"count": found.training_rows}
        )
    return " ".join(sentences)
