"""What an alert, a rule and a look say in words: made when they are read, in the reader's language, from figures."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.models import AlertRule
from predictions.monitoring.alerts import conditions, rules
from predictions.monitoring.alerts.conditions import Measured
from registry.texts import figure, percentage

Kind = AlertRule.Kind
Figures = Mapping[str, Any]


def said(kind: str, figures: Figures) -> str:
    """What was found, as one sentence."""
    return _SAID[kind](figures)


def limited(kind: str, limit: float | None) -> str:
    """What the limit is, as part of a line: “limit: more than 5%”; empty for a kind without one."""
    if limit is None:
        return ""
    told = {"limit": rules.shown(kind, limit)}
    if kind in {Kind.VOLUME, Kind.ACCURACY}:
        return _("less than %(limit)s") % told
    if kind in {Kind.DRIFT, Kind.BATCH}:
        return _("%(limit)s or more") % told
    return _("more than %(limit)s") % told


def measured(kind: str, value: float | None) -> str:
    """A measured value in its unit; empty without one."""
    if value is None:
        return ""
    unit = rules.NATURES[kind].unit
    if unit == "share":
        return percentage(value * 100)
    if unit == "seconds":
        return _seconds(value)
    return rules.shown(kind, value)


def now(kind: str, found: list[Measured]) -> str:
    """What a look found, or why it found nothing, as one sentence."""
    if kind == Kind.IMPORT:
        bad = [one for one in found if one.holds]
        return said(kind, bad[0].said) if bad else _("The newest version was not rejected.")
    if kind == Kind.BATCH:
        return _files(found)
    one = found[0]
    if one.said.get("needs"):
        return _lack(kind) % {
            "needs": figure(one.said["needs"], grouped=True),
            "has": figure(one.said["has"], grouped=True),
        }
    if not one.said:
        return _("No version answers for another one.") if kind == Kind.FALLBACK else _("It cannot be measured yet.")
    return said(kind, one.said)


def how(kind: str) -> str:
    """How a kind is measured, as one or two sentences."""
    return _how()[kind]


def _count(number: float) -> str:
    return figure(round(number, 1), grouped=True)


def _seconds(value: float) -> str:
    return f"{figure(float(f'{value:.2g}'))}\u00a0s"


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text), "j F")


def _moment(text: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(text)), "j F, H:i")


def _drift(figures: Figures) -> str:
    told = {name: _count(figures[name]) for name in ("changed", "fields")} | {"version": str(figures["version"])}
    days = {name: _day(figures[name]) for name in ("since", "until")}
    is_day = days["since"] == days["until"]
    told["when"] = _("on %(day)s") % {"day": days["until"]} if is_day else _("between %(since)s and %(until)s") % days
    if figures["changed"] == 1:
        text = _(
            "1 of %(fields)s fields, the score included, differed from the training data of version %(version)s %(when)s."
        )
    else:
        text = _(
            "%(changed)s of %(fields)s fields, the score included, differed from the training data of version "
            "%(version)s %(when)s."
        )
    return text % told


def _volume(figures: Figures) -> str:
    told = {"answers": _count(figures["answers"]), "usual": _count(figures["usual"]), "day": _day(figures["day"])}
    return _("%(answers)s answers on %(day)s; on such a day %(usual)s are usual.") % told


def _errors(figures: Figures) -> str:
    share = percentage(100 * figures["failures"] / figures["rows"])
    told = {"share": share, "rows": _count(figures["rows"]), "since": _moment(figures["since"])}
    return _("%(share)s of %(rows)s questions got no answer in the two hours from %(since)s.") % told


def _latency(figures: Figures) -> str:
    told = {"seconds": _seconds(figures["seconds"]), "calls": _count(figures["calls"])}
    told["since"] = _moment(figures["since"])
    return _("95%% of %(calls)s calls took %(seconds)s at most in the two hours from %(since)s.") % told


def _accuracy(figures: Figures) -> str:
    told = {name: percentage(100 * figures[name]) for name in ("low", "high")}
    told |= {name: _count(figures[name]) for name in ("right", "known")} | {"version": str(figures["version"])}
    told["share"] = percentage(100 * figures["right"] / figures["known"])
    return (
        _(
            "Version %(version)s was right in %(right)s of %(known)s cases: %(share)s, 95%% interval %(low)s to %(high)s."
        )
        % told
    )


def _import(figures: Figures) -> str:
    return _("Version %(version)s was rejected.") % figures


def _fallback(figures: Figures) -> str:
    told = {"asked": figures["asked"], "answering": figures["answering"], "first": _moment(figures["first"])}
    return (
        _("Version %(asked)s could not be loaded everywhere: version %(answering)s answered from %(first)s on.") % told
    )


def _batch(figures: Figures) -> str:
    told = {"since": _moment(figures["since"]), "rows": _count(figures.get("rows") or 0)}
    if not figures.get("rows"):
        return _("A file made no progress from %(since)s on.") % told
    return _("A file of %(rows)s rows made no progress from %(since)s on.") % told


def _files(found: list[Measured]) -> str:
    if not found:
        return _("No file is at work.")
    longest = max(found, key=lambda one: one.value or 0)
    return said(Kind.BATCH, longest.said) if longest.holds else _("Every file at work makes progress.")


_SAID: dict[str, Callable[[Figures], str]] = {
    Kind.DRIFT: _drift,
    Kind.VOLUME: _volume,
    Kind.ERRORS: _errors,
    Kind.LATENCY: _latency,
    Kind.ACCURACY: _accuracy,
    Kind.IMPORT: _import,
    Kind.FALLBACK: _fallback,
    Kind.BATCH: _batch,
}


def _lack(kind: str) -> str:
    lacks: dict[str, str] = {
        Kind.VOLUME: _("Needs %(needs)s answers on a usual day, has %(has)s."),
        Kind.ERRORS: _("Needs %(needs)s questions in two hours, has %(has)s."),
        Kind.LATENCY: _("Needs %(needs)s calls in two hours, has %(has)s."),
        Kind.ACCURACY: _("Needs %(needs)s outcomes in 90 days, has %(has)s."),
    }
    return lacks[kind]


def _how() -> dict[str, str]:
    told = {"rows": conditions.LEAST_ROWS, "calls": conditions.LEAST_CALLS, "usual": conditions.LEAST_USUAL}
    told |= {"enough": conditions.ENOUGH_OUTCOMES, "least": conditions.LEAST_OUTCOMES, "days": conditions.OUTCOME_DAYS}
    texts: dict[str, str] = {
        Kind.DRIFT: _(
            "Fields, and the score, that differ from the training data by more than chance explains, on the newest "
            "day with enough answers of the version in charge, or in the newest week or month where days have too few."
        ),
        Kind.VOLUME: _(
            "Answers of the last whole day, as a share of the median of the same weekday in the four weeks before. "
            "Looked at where at least %(usual)s are usual."
        ),
        Kind.ERRORS: _(
            "Questions without an answer as a share of all, in this hour and the one before, from %(rows)s questions "
            "on. The share itself is compared."
        ),
        Kind.LATENCY: _(
            "The time that 95%% of the calls of this hour and the one before took at most, from %(calls)s calls on. "
            "Files and lists of records are left out."
        ),
        Kind.ACCURACY: _(
            "Right answers among the newest known outcomes of the version in charge: whole days back to %(enough)s "
            "outcomes, within %(days)s days, from %(least)s on. The upper end of the 95%% interval is compared, so that "
            "bad luck with few cases tells nobody."
        ),
        Kind.IMPORT: _("The newest version was rejected, and is newer than the one in charge."),
        Kind.FALLBACK: _("In the last ten minutes a version answered for one that could not be loaded."),
        Kind.BATCH: _("A file is being read, checked or run, and for so long no worker took a piece of it."),
    }
    return {kind: text % told for kind, text in texts.items()}
