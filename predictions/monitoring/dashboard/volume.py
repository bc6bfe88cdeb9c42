"""Is it used? How many answers, from where, and how many questions got none."""

from datetime import date
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.models import Source
from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import BAD, GOOD, WATCH, Fact, Number, Section, Table, share
from predictions.monitoring.dashboard.sums import PLACES, Counts
from registry import charts
from registry.presenters.states import State
from registry.texts import figure

FELL, FAILED, BROKE = 0.5, 0.01, 0.05  # of the answers before; of the questions
MANY_TIMES = 3  # as many as before: a percentage of more is hard to grasp
LISTS = {7: "7", 31: "31", 366: "366"}  # days -> what the list of failures takes as its period


def section(material: Material, today: date) -> Section:
    """The first section of a dashboard."""
    answers, before = material.total("answers"), material.before() or 0
    days = max((min(material.wanted.until, today) - material.wanted.since).days + 1, 1)
    return Section(
        name="used",
        question=_("Is it used?"),
        headline=_headline(answers, before, answers / days),
        brief=_("%(count)s a day") % {"count": _rate(answers / days)} if answers else _("nobody asked"),
        state=_state(answers, before, material.total("failures")),
        chart=_chart(material),
        chart_title=_("Answers"),
        first=material.axis.heading,
        second=_("Answers"),
        facts=_facts(material, today),
        tables=_tables(material),
    )


def _rate(value: float) -> str:
    return figure(round(value) if value >= 10 else float(f"{value:.1g}"), grouped=True)


def _headline(answers: int, before: int, rate: float) -> str:
    words = {"answers": figure(answers, grouped=True), "rate": _rate(rate), "before": figure(before, grouped=True)}
    if not answers:
        if not before:
            return _("No: nobody asked in this period.")
        return _("No: nobody asked in this period. In the period before there were %(before)s answers.") % words
    if answers == 1:
        return _("Hardly: 1 answer in this period.")
    return _against(answers, before) % (words | _change(answers, before))


def _against(answers: int, before: int) -> str:
    """The sentence about answers and those of the period before."""
    change = round(100 * (answers / before - 1)) if before else 0
    if not before:
        return _("Yes: %(answers)s answers in this period, about %(rate)s a day.")
    if answers >= MANY_TIMES * before:
        return _(
            "Yes: %(answers)s answers in this period, about %(rate)s a day, %(times)s times as many as in the one before."
        )
    if change > 0:
        return _(
            "Yes: %(answers)s answers in this period, about %(rate)s a day, %(change)s more than in the one before."
        )
    if change < 0:
        return _(
            "Yes: %(answers)s answers in this period, about %(rate)s a day, %(change)s fewer than in the one before."
        )
    return _("Yes: %(answers)s answers in this period, about %(rate)s a day, as many as in the one before.")


def _change(answers: int, before: int) -> dict[str, str]:
    if not before:
        return {}
    return {"times": figure(round(answers / before), grouped=True), "change": share(abs(answers - before), before)}


def _state(answers: int, before: int, failures: int) -> State:
    failed = failures / ((answers + failures) or 1)
    if (before and not answers) or failed > BROKE:
        return BAD
    return WATCH if answers < FELL * before or failed > FAILED or not answers else GOOD


def _chart(material: Material) -> charts.OverTime:
    axis, counts = material.axis, material.series("answers")
    points = [
        charts.Point(title, float(count), url=_between(material, days) if count and not axis.is_hourly else "")
        for title, days, count in zip(axis.titles, axis.days, counts.tolist(), strict=True)
    ]
    return charts.over_time(points, form="bars", say=partial(figure, grouped=True), marks=axis.marks)


def _between(material: Material, days: tuple[date, date]) -> str:
    return material.rows(since=days[0], until=days[1])


def _facts(material: Material, today: date) -> list[Fact]:
    answers, warned, failures = (material.total(name) for name in ("answers", "warned", "failures"))
    found = []
    if answers:
        found.append(
            Fact(_("Answers"), Number(figure(answers, grouped=True), material.rows())),
        )
    if answers and warned:
        number = Number(figure(warned, grouped=True), material.rows(warned="on"))
        found.append(Fact(_("With a warning"), number, _of_answers(warned, answers)))
    if failures:
        number = Number(figure(failures, grouped=True), failures_url(material, today))
        note = _("%(share)s of all questions") % {"share": share(failures, answers + failures)}
        found.append(Fact(_("Questions without an answer"), number, note))
    if fallbacks := material.total("fallbacks"):
        found.append(
            Fact(
                _("Answered by the version before"),
                Number(figure(fallbacks, grouped=True)),
                _of_answers(fallbacks, answers),
            )
        )
    return found


def _of_answers(part: int, whole: int) -> str:
    return _("%(share)s of the answers") % {"share": share(part, whole)}


def failures_url(material: Material, today: date) -> str:
    """The list of failures that holds those of the period, for staff who may read it; else ""."""
    user = material.user
    if not (user.is_staff and user.has_perm("predictions.view_predictionfailure")):
        return ""
    asked = {"source": material.wanted.source} if material.wanted.source else {}
    ago = (today - material.wanted.since).days + 1
    enough = [text for days, text in LISTS.items() if days >= ago]
    asked |= {"date": enough[0]} if enough else {}
    return reverse("admin:predictions_predictionfailure_changelist", query=asked or None)


def _tables(material: Material) -> list[Table]:
    """Answers by door, where there are several to choose from."""
    if material.wanted.source:
        return []
    found = material.sources()
    whole = sum(int(counts[PLACES["answers"]]) for counts in found.values())
    rows = []
    for source, counts in sorted(found.items(), key=lambda item: -item[1][PLACES["answers"]]):
        if source not in Source.values:
            continue
        title, count = str(Source(source).label), partial(_count, counts)
        answers = Number(
            figure(count("answers"), grouped=True), material.rows(source=source) if count("answers") else "", title
        )
        cells = [answers, Number(share(count("answers"), whole)), Number(figure(count("calls"), grouped=True))]
        warned = material.rows(source=source, warned="on") if count("warned") else ""
        rows.append(
            (
                title,
                [
                    *cells,
                    Number(figure(count("warned"), grouped=True), warned, title),
                    Number(figure(count("failures"), grouped=True)),
                ],
            )
        )
    headings = [_("Through"), _("Answers"), _("Share"), _("Calls"), _("With a warning"), _("Without an answer")]
    return [Table(_("Where the questions came from"), headings, rows)] if rows else []


def _count(counts: Counts, name: str) -> int:
    return int(counts[PLACES[name]])
