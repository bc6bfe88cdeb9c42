"""Do people follow it? How often who decides disagrees with the answer."""

from datetime import date

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from predictions.monitoring.dashboard.axis import Axis
from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import (
    BAD,
    GOOD,
    UNKNOWN,
    WATCH,
    Fact,
    Number,
    Section,
    Table,
    between,
    percent,
    share,
)
from predictions.monitoring.quality.intervals import Interval, wilson
from predictions.monitoring.quality.promises import OVERRIDE, Late, lately
from predictions.monitoring.rollups.layout import VERDICTS
from registry import charts
from registry.presenters.states import State
from registry.texts import figure

DECIDED = 20  # decisions, below which no rate is said
IN_WINDOW = 10
OFTEN, MOSTLY = 0.25, 0.5  # of the decisions against the answer
NEVER, ENOUGH = 0.01, 200  # so rarely, of so many: perhaps nobody looks any more


def section(material: Material) -> Section:
    """The last section of a dashboard."""
    agree, disagree, more = (material.total(name) for name in VERDICTS)
    decided, question = agree + disagree, _("Do people follow it?")
    if decided < DECIDED:
        return Section(
            name="followed",
            question=question,
            headline=_too_few(decided),
            brief=_("%(count)s of %(needed)s decisions") % {"count": decided, "needed": DECIDED},
            state=UNKNOWN,
            missing=_missing(decided) if decided else "",
            facts=_facts(material, decided, more) if decided else [],
        )
    rate, (low, high) = disagree / decided, wilson(disagree, decided)
    axis, counts = material.dense(OVERRIDE.counted, IN_WINDOW)
    late = lately(OVERRIDE, counts)
    return Section(
        name="followed",
        question=question,
        headline=_headline((rate, (low, high)), late, axis),
        brief=_brief(rate, late),
        state=_state(rate, low, late),
        chart=_chart(material, axis, counts),
        chart_title=_("Decisions against the answer, with 95% intervals"),
        first=axis.heading,
        second=_("Against the answer"),
        notes=[_("Somebody may only be confirming: in so many decisions there should be some against the answer.")]
        if rate < NEVER and decided >= ENOUGH
        else [],
        facts=_facts(material, decided, more),
        tables=_tables(material),
    )


def _too_few(decided: int) -> str:
    if not decided:
        return _("Not known: nobody has agreed or disagreed with an answer of this period.")
    if decided == 1:
        return _("Not known yet: 1 decision says too little.")
    return _("Not known yet: %(count)s decisions say too little.") % {"count": decided}


def _missing(decided: int) -> str:
    return _("Needs %(needed)s decisions, has %(count)s.") % {"needed": DECIDED, "count": decided}


def _brief(rate: float, late: Late | None) -> str:
    if late and late.worse:
        words = {"late": percent(late.late[0]), "early": percent(late.early[0])}
        return _("%(late)s of decisions against the answer, earlier %(early)s") % words
    return _("%(share)s of decisions against the answer") % {"share": percent(rate)}


def _headline(found: tuple[float, Interval], late: Late | None, axis: Axis) -> str:
    rate, (low, high) = found
    words = {"share": between(rate, low, high)}
    if low > MOSTLY:
        return _("No: people decided against the answer in %(share)s of their decisions.") % words
    if late and late.worse:
        day = date_format(axis.days[late.start][0], "j F Y")
        words |= {"late": between(late.late[0], *late.late[1]), "early": between(late.early[0], *late.early[1])}
        text = _("Less than before: since %(day)s people decided against %(late)s of the answers, earlier %(early)s.")
        return text % (words | {"day": day})
    if rate < OFTEN:
        return _("Yes: people decided against the answer in %(share)s of their decisions.") % words
    return _("Not always: people decided against the answer in %(share)s of their decisions.") % words


def _state(rate: float, low: float, late: Late | None) -> State:
    if low > MOSTLY:
        return BAD
    return WATCH if rate >= OFTEN or (late and late.worse) else GOOD


def _chart(material: Material, axis: Axis, counts: NDArray[np.float64]) -> charts.OverTime:
    points = [
        _point(material, title, days, int(disagree), int(decided))
        for title, days, (disagree, decided) in zip(axis.titles, axis.days, counts, strict=True)
    ]
    return charts.over_time(points, form="line", say=percent, marks=axis.marks)


def _point(material: Material, title: str, days: tuple[date, date], disagree: int, decided: int) -> charts.Point:
    if decided < IN_WINDOW:
        note = _("needs %(needed)s, has %(count)s") % {"needed": IN_WINDOW, "count": decided}
        return charts.Point(title, None, note=note)
    low, high = wilson(disagree, decided)
    url = material.rows(since=days[0], until=days[1], decision="disagree") if disagree else ""
    return charts.Point(title, disagree / decided, low=low, high=high, url=url)


def _facts(material: Material, decided: int, more: int) -> list[Fact]:
    answers = material.total("answers")
    whole = _("%(share)s of the answers") % {"share": share(decided, answers)} if answers else ""
    found = [Fact(_("Decided"), Number(figure(decided, grouped=True)), whole)]
    for title, verdict in ((_("For the answer"), "agree"), (_("Against the answer"), "disagree")):
        count = material.total(verdict)
        found.append(Fact(title, Number(figure(count, grouped=True), material.rows(decision=verdict) if count else "")))
    if more:
        note = _("%(share)s of the answers looked at") % {"share": share(more, decided + more)}
        found.append(
            Fact(
                _("Need more information"),
                Number(figure(more, grouped=True), material.rows(decision="need_more")),
                note,
            )
        )
    return found


def _tables(material: Material) -> list[Table]:
    """By class: when it says leaves, in how many of 100 do people disagree."""
    counts: dict[str, list[int]] = {}
    for one in material.totals:
        for label in one.tally.layout.classes:
            found = counts.setdefault(label, [0, 0])
            found[0] += one.tally[f"verdict:{label}:agree"]
            found[1] += one.tally[f"verdict:{label}:disagree"]
    rows = [_row(material, label, *found) for label, found in counts.items() if sum(found)]
    headings = [_("When the answer is"), _("Decided"), _("Against it"), _("Share")]
    return [Table(_("Which answers people do not follow"), headings, rows)] if rows else []


def _row(material: Material, label: str, agree: int, disagree: int) -> tuple[str, list[Number]]:
    decided, title = agree + disagree, material.labels[label]
    url = material.rows(answer=label, decision="disagree") if disagree else ""
    shown = between(disagree / decided, *wilson(disagree, decided)) if decided >= IN_WINDOW else ""
    rate = shown or _("needs %(needed)s, has %(count)s") % {"needed": IN_WINDOW, "count": decided}
    return title, [
        Number(figure(decided, grouped=True)),
        Number(figure(disagree, grouped=True), url, title),
        Number(rate),
    ]
