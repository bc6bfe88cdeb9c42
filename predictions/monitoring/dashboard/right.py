"""Is it right? How often answers came true, or how far values were off, where the outcome is known."""

from datetime import date

import numpy as np
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from predictions.monitoring.dashboard.axis import Axis
from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import (
    BAD,
    GOOD,
    KNOWN_ALONE,
    UNKNOWN,
    WATCH,
    Fact,
    Number,
    Section,
    Table,
    Way,
    percent,
    share,
)
from predictions.monitoring.filters import half_year, query
from predictions.monitoring.quality import offline
from predictions.monitoring.quality.intervals import Interval
from predictions.monitoring.quality.offline import LESS_IS_BETTER
from predictions.monitoring.quality.promises import ACCURACY, ERROR, Held, Kind, Late, held, lately
from predictions.monitoring.quality.rightness import KNOWN, digits
from predictions.monitoring.rollups.reading import Slice
from registry import charts, measures
from registry.models import ModelVersion
from registry.presenters.states import State
from registry.texts import figure

FAR = 0.1  # worse than that is no matter of a look: of a share; of an error, as great a part of it


def section(material: Material, today: date) -> Section:
    """The fourth section of a dashboard."""
    known, question, more = material.total("outcomes"), _("Is it right?"), [_details(material)]
    facts = _facts(material, known) if known else []
    if known < KNOWN:
        return Section(
            name="right",
            question=question,
            headline=_too_few(known),
            brief=_("%(count)s of %(needed)s outcomes") % {"count": known, "needed": KNOWN},
            state=UNKNOWN,
            notes=_when(material),
            facts=facts,
            more=[*_longer(material, today), *more],
        )
    kind = kind_of(material)
    axis, sums = material.dense(kind.counted, KNOWN)
    whole, late, beside = kind.value(*sums.sum(axis=0).tolist()), lately(kind, sums), held(material.totals)
    return Section(
        name="right",
        question=question,
        headline=_headline(kind, whole, late, beside, axis),
        brief=_brief(kind, whole[0], late),
        state=_state(kind, late, beside),
        chart=_chart(material, kind, axis, sums),
        chart_title=_("%(measure)s, with 95%% intervals") % {"measure": _title(kind)},
        first=axis.heading,
        second=_title(kind),
        notes=[*_beside(beside), *_when(material)],
        facts=facts,
        tables=[_by_version(material, kind)],
        more=more,
    )


def kind_of(material: Material) -> Kind:
    """Classes are right or wrong, values are off by so much."""
    return ACCURACY if any(one.tally.layout.classes for one in material.totals) else ERROR


def say(kind: Kind, value: float) -> str:
    """A measure of that kind."""
    return percent(value) if kind is ACCURACY else digits(value)


def shown(kind: Kind, found: tuple[float, Interval]) -> str:
    """The measure with its interval."""
    value, (low, high) = found
    words = {"value": say(kind, value), "low": say(kind, low), "high": say(kind, high)}
    return _("%(value)s (%(low)s to %(high)s)") % words


def _title(kind: Kind) -> str:
    return _("Right answers") if kind is ACCURACY else _("Off by, on average")


def _brief(kind: Kind, value: float, late: Late | None) -> str:
    words = {"value": say(kind, value)}
    if late and late.worse:
        words = {"late": say(kind, late.late[0]), "early": say(kind, late.early[0])}
        return _("%(late)s, earlier %(early)s") % words
    return _("%(value)s of answers right") % words if kind is ACCURACY else _("off by %(value)s") % words


def _too_few(known: int) -> str:
    if not known:
        return _("Not known yet: of no answer of this period it is known what really happened.")
    words = {"known": figure(known, grouped=True), "needed": KNOWN}
    return _("Not known yet: needs %(needed)s outcomes, has %(known)s.") % words


def _headline(kind: Kind, whole: tuple[float, Interval], late: Late | None, beside: Held | None, axis: Axis) -> str:
    words = {"share": shown(kind, whole)}
    if late and late.worse:
        words |= {"late": shown(kind, late.late), "early": shown(kind, late.early)}
        words["day"] = date_format(axis.days[late.start][0], "j F Y")
        return _lately(kind) % words
    if beside is None:
        return _alone(kind) % words
    return (_as_tested(kind) if not beside.worse else _below_tests(kind)) % words


def _lately(kind: Kind) -> str:
    if kind is ACCURACY:
        return _("Less than before: since %(day)s %(late)s of the answers were right, earlier %(early)s.")
    return _("Less than before: since %(day)s values are off by %(late)s on average, earlier %(early)s.")


def _alone(kind: Kind) -> str:
    if kind is ACCURACY:
        return _("%(share)s of the answers with a known outcome were right.")
    return _("Values are off by %(share)s on average.")


def _as_tested(kind: Kind) -> str:
    if kind is ACCURACY:
        return _("Yes, as in the tests: %(share)s of the answers with a known outcome were right.")
    return _("Yes, as in the tests: values are off by %(share)s on average.")


def _below_tests(kind: Kind) -> str:
    if kind is ACCURACY:
        return _("Less than in the tests: %(share)s of the answers with a known outcome were right.")
    return _("Less than in the tests: values are off by %(share)s on average.")


def _state(kind: Kind, late: Late | None, beside: Held | None) -> State:
    """Only what is beyond chance counts against it."""
    worse = [_part(kind.name, late.worse, late.early[0])] if late else []
    worse += [_part(beside.name, beside.worse, beside.promised)] if beside else []
    most = max(worse, default=0.0)
    if most <= 0:
        return GOOD if beside else KNOWN_ALONE
    return BAD if most > FAR else WATCH


def _part(name: str, worse: float, before: float) -> float:
    """How much worse, so that FAR can be held against it."""
    return worse / (before or 1) if name in LESS_IS_BETTER else worse


def _beside(beside: Held | None) -> list[str]:
    """What was held against the tests, in figures."""
    if beside is None:
        return []
    is_share = beside.name not in {*LESS_IS_BETTER, "roc_auc"}
    value, told = (percent(one) if is_share else digits(one) for one in (beside.value, beside.promised))
    words = {"measure": measures.plain(beside.name), "value": value, "promised": told}
    return [_("%(measure)s: %(value)s, in the tests %(promised)s.") % words]


def _details(material: Material) -> Way:
    url = reverse("monitoring-quality", args=[material.wanted.model.name]) + query(material.wanted)
    return Way(_("All measures, by version and by group"), url)


def _longer(material: Material, today: date) -> list[Way]:
    """Outcomes come late: the same over a longer time."""
    longer = half_year(material.wanted, today)
    return [Way(_("Look at the last 6 months"), f"{longer}#right")] if longer else []


def _when(material: Material) -> list[str]:
    days = material.wanted.model.outcome_days
    if not days:
        return []
    return [_("Outcomes are due %(days)s days after the answer: the newest answers have none yet.") % {"days": days}]


def _facts(material: Material, known: int) -> list[Fact]:
    answers = material.total("answers")
    note = _("of %(answers)s answers, %(share)s") % {
        "answers": figure(answers, grouped=True),
        "share": share(known, answers),
    }
    return [Fact(_("Outcomes known"), Number(figure(known, grouped=True), material.rows(outcome="known")), note)]


def _chart(material: Material, kind: Kind, axis: Axis, sums: NDArray[np.float64]) -> charts.OverTime:
    points = [
        _point(material, kind, title, days, row.tolist())
        for title, days, row in zip(axis.titles, axis.days, sums, strict=True)
    ]
    level = _promised(material.totals[-1].version, kind)
    return charts.over_time(
        points,
        form="line",
        say=lambda value: say(kind, value),
        marks=axis.marks,
        top=1.0 if kind is ACCURACY else None,
        level=level,
        level_title=_("In the tests:"),
    )


def _promised(version: ModelVersion, kind: Kind) -> float | None:
    """What the tests said of the same measure."""
    found = offline.promises(version).get(kind.name)
    return found.value if found else None


def _point(material: Material, kind: Kind, title: str, days: tuple[date, date], figures: list[float]) -> charts.Point:
    known = int(figures[-1])
    if known < KNOWN:
        return charts.Point(title, None, note=_few(known))
    value, (low, high) = kind.value(*figures)
    url = material.rows(since=days[0], until=days[1], outcome="known")
    return charts.Point(title, value, low=low, high=high, url=url)


def _few(known: int) -> str:
    return _("needs %(needed)s, has %(count)s") % {"needed": KNOWN, "count": known}


def _by_version(material: Material, kind: Kind) -> Table:
    told = [_promised(one.version, kind) for one in material.totals]
    headings = [_("Version"), _title(kind), *([_("In the tests")] if any(told) else []), _("Outcomes known")]
    rows = [_version(material, kind, one, found) for one, found in zip(material.totals, told, strict=True)]
    if not any(told):
        rows = [(title, [live, known]) for title, (live, _tests, known) in rows]
    return Table(_("By version"), headings, rows)


def _version(material: Material, kind: Kind, one: Slice, told: float | None) -> tuple[str, list[Number]]:
    """Live, in the tests, how many."""
    figures, number = kind.counted(one.tally), one.version.number
    known, title = int(figures[-1]), _("Version %(number)s") % {"number": number}
    live = shown(kind, kind.value(*figures)) if known >= KNOWN else _few(known)
    url = material.rows(version=number, outcome="known") if known else ""
    tests = "–" if told is None else say(kind, told)
    return title, [Number(live), Number(tests), Number(figure(known, grouped=True), url, title)]
