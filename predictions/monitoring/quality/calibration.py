"""Live calibration beside what the manifest proves, as the page shows it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from predictions import calibration
from predictions.calibration import Calibration
from predictions.monitoring.quality import calibrated
from predictions.monitoring.quality.calibrated import IN_STEP, Calibrated, Step
from predictions.monitoring.quality.words import interval, percent
from predictions.monitoring.rollups.reading import Slice
from registry import charts, measures
from registry.charts import Reliability, Seen
from registry.texts import figure


@dataclass(frozen=True)
class StepLine:
    """Scores from here to there: what they said and how often it came true, live and when it was tested."""

    title: str
    said: str = ""
    seen: str = ""
    range: str = ""
    n: str = ""
    promised: str = ""
    promised_n: str = ""


@dataclass(frozen=True)
class CalibrationOfVersion:
    """One version's. `lack`: why there is no curve yet."""

    title: str
    name: str
    about: str
    lack: str
    sentence: str
    offline: str
    chart: Reliability | None
    lines: list[StepLine]

    @property
    def has_promises(self) -> bool:
        return any(line.promised for line in self.lines)


def calibration_of(one: Slice) -> CalibrationOfVersion:
    """What is known of the scores of a version of classes."""
    live, promised = calibrated.of(one.tally), calibration.of(one.version)
    number = one.version.number
    return CalibrationOfVersion(
        title=_("Version %(number)s") % {"number": number},
        name=f"calibration-{number}",
        about=_about(one),
        lack=live.lack,
        sentence="" if live.lack else _sentence(live),
        offline=_offline(promised) if promised else "",
        chart=None if live.lack else charts.reliability(list(_points(live))),
        lines=[] if live.lack else _lines(live, promised),
    )


def _about(one: Slice) -> str:
    """What a score says."""
    signature = one.tally.layout.signature
    if len(signature.classes) == 2:
        title = signature.class_title(signature.class_names[signature.positive])
        return _("The score says how likely “%(outcome)s” is.") % {"outcome": title}
    return _("The score says how sure the model is of its answer.")


def _points(live: Calibrated) -> Iterator[Seen]:
    for step in live.steps:
        if step.is_enough:
            low, high = step.interval
            yield Seen(step.said, step.seen, low, high, step.n)


def _sentence(live: Calibrated) -> str:
    words = {
        "n": figure(live.n, grouped=True),
        "points": _points_apart(live.error),
        "chance": _points_apart(live.by_chance),
    }
    return (
        _(
            "Over %(n)s outcomes, said and seen are %(points)s points apart on average; "
            "%(chance)s points would be expected by chance alone of scores that are exactly right."
        )
        % words
    )


def _offline(promised: Calibration) -> str:
    words = {"n": figure(promised.n, grouped=True), "split": measures.split(promised.split)}
    words["points"] = _points_apart(promised.error)
    return _("When it was tested (%(split)s, %(n)s cases), they were %(points)s points apart.") % words


def _points_apart(error: float) -> str:
    return number_format(f"{100 * error:.1f}")


def _lines(live: Calibrated, promised: Calibration | None) -> list[StepLine]:
    """The steps of both, by where they begin; what was tested in other steps stands in lines of its own."""
    here = {(round(one.start, 6), round(one.end, 6)): one for one in live.steps}
    then = {(round(one.start, 6), round(one.end, 6)): one for one in (promised.bins if promised else ())}
    return [_line(ends, here.get(ends), then.get(ends)) for ends in sorted(here.keys() | then.keys())]


def _line(ends: tuple[float, float], step: Step | None, bin_: calibration.Bin | None) -> StepLine:
    told = {"title": interval("accuracy", *ends)}
    if step and step.is_enough:
        told |= {"said": percent(step.said), "seen": percent(step.seen), "n": figure(step.n, grouped=True)}
        told["range"] = interval("accuracy", *step.interval)
    elif step:
        told["n"] = _("needs %(needed)s, has %(count)s") % {"needed": IN_STEP, "count": figure(step.n, grouped=True)}
    if bin_:
        words = {"said": percent(bin_.mean), "seen": percent(bin_.rate)}
        told |= {"promised": _("%(said)s said, %(seen)s seen") % words, "promised_n": figure(bin_.n, grouped=True)}
    return StepLine(**told)
