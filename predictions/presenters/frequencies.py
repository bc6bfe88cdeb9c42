"""A score as a frequency, "of 100 such cases, about 23": where that is proven."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions import calibration
from predictions.models import Prediction
from predictions.presenters.values import positive_title
from registry import charts
from registry.signature import Signature, text_in
from registry.texts import figure, percentage

PLACE = "{count}"


@dataclass(frozen=True)
class Frequency:
    """The sentence in three parts, so that its number can stand out, and the picture that goes with it."""

    before: str
    count: str
    after: str
    icons: charts.Icons
    filled: str
    rest: str
    checked: str
    around: str

    @property
    def sentence(self) -> str:
        return self.before + self.count + self.after


def frequency(signature: Signature, prediction: Prediction) -> Frequency | None:
    """None where it is not proven: then a word says how likely it is. For an answer of two classes."""
    known = calibration.of(prediction.version)
    if known is None or calibration.doubt(prediction.version, prediction.score, prediction.warnings):
        return None
    count = round(100 * prediction.score)
    before, number, after = _sentence(signature, count)
    here = known.around(prediction.score)
    assert here is not None  # noqa: S101  # else there would be a doubt
    return Frequency(
        before,
        number,
        after,
        icons=charts.icons(count),
        filled=positive_title(signature),
        rest=signature.class_title(signature.class_names[1 - signature.positive]),
        checked=_("Checked on %(known)s cases that the model had not seen.") % {"known": figure(known.n, grouped=True)},
        around=_around(here, positive_title(signature)),
    )


def doubt(prediction: Prediction) -> str:
    """Why an answer of two classes is said as a word alone, to follow a colon."""
    return calibration.doubt(prediction.version, prediction.score, prediction.warnings)


def _sentence(signature: Signature, count: int) -> tuple[str, str, str]:
    """The manifest's own sentence, or one that fits any; at the ends of the scale a number would claim certainty."""
    outcome = positive_title(signature)
    if count == 0:
        return _("In fewer than 1 of 100 such cases the outcome is “%(outcome)s”.") % {"outcome": outcome}, "", ""
    if count == 100:
        return _("In more than 99 of 100 such cases the outcome is “%(outcome)s”.") % {"outcome": outcome}, "", ""
    text = text_in(signature.output.get("frequency"))
    if not text:
        # Not by %: the number is put in below, whatever stands in the outcome.
        text = _("In about {count} of 100 such cases the outcome is “{outcome}”.")
        before, _place, after = text.partition(PLACE)
        return before.replace("{outcome}", outcome), str(count), after.replace("{outcome}", outcome)
    before, _place, after = text.partition(PLACE)
    return before, str(count), after


def _around(here: calibration.Bin, outcome: str) -> str:
    """What the check found where this score lies."""
    values = {
        "known": figure(here.n, grouped=True),
        "low": percentage(100 * here.start),
        "high": percentage(100 * here.end),
        "rate": percentage(100 * here.rate),
        "outcome": outcome,
    }
    return (
        _("Of %(known)s cases with a score from %(low)s to %(high)s, the outcome was “%(outcome)s” in %(rate)s.")
        % values
    )
