"""Whether a score may be said as a frequency: "of 100 such cases, about 23". See docs/adr/0015.

Proven where it was measured on cases whose outcome is known and that the model had not seen: enough of them, right on the
whole, and right where the score lies. Today the manifest says so (`outputs.calibration`); outcomes that were recorded
here can take its place in `of`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registry import serving
from registry.models import ModelVersion
from registry.texts import figure

ENOUGH = 200  # cases
ENOUGH_IN_BIN = 30
TOLERANCE = 0.05  # between what was said and what came


@dataclass(frozen=True)
class Bin:
    """Cases whose score lay from `start` to `end`: what the scores said on average, and how many came true."""

    start: float
    end: float
    n: int
    mean: float
    rate: float

    @property
    def error(self) -> float:
        return abs(self.mean - self.rate)


@dataclass(frozen=True)
class Calibration:
    """What was measured on `n` cases that the model had not seen."""

    n: int
    split: str
    bins: tuple[Bin, ...]

    @property
    def error(self) -> float:
        """Mean distance between said and seen, weighted by cases."""
        return sum(each.error * each.n for each in self.bins) / (sum(each.n for each in self.bins) or 1)

    @property
    def is_proven(self) -> bool:
        """Whether the scores of many cases may be added up: right on the whole, whatever single scores are worth."""
        return self.n >= ENOUGH and self.error <= TOLERANCE

    def around(self, score: float) -> Bin | None:
        """The bin where a score lies; the last one holds its end."""
        last = self.bins[-1].end if self.bins else 0.0
        for each in self.bins:
            if each.start <= score < each.end or score == each.end == last:
                return each
        return None

    def doubt(self, score: float) -> str:
        """Why this score may not be said as a frequency, as it goes on after a colon; empty where it may."""
        if self.n < ENOUGH:
            values = {"known": figure(self.n, grouped=True), "needed": ENOUGH}
            return _("only %(known)s outcomes are known, %(needed)s are needed.") % values
        if self.error > TOLERANCE:
            return _(
                "on cases with a known outcome, estimate and reality were %(points)s points apart on average; "
                "%(most)s is the most that we accept."
            ) % _apart(self.error)
        here = self.around(score)
        if here is None or here.n < ENOUGH_IN_BIN:
            values = {"known": figure(here.n if here else 0, grouped=True), "needed": ENOUGH_IN_BIN}
            return _("of scores like this one only %(known)s outcomes are known, %(needed)s are needed.") % values
        if here.error > TOLERANCE:
            return _(
                "on %(known)s known cases with such scores, estimate and reality were %(points)s points apart; "
                "%(most)s is the most that we accept."
            ) % {**_apart(here.error), "known": figure(here.n, grouped=True)}
        return ""


def _apart(error: float) -> dict[str, str]:
    """Both in points; what is too much is never rounded to what is not."""
    most = 100 * TOLERANCE
    return {"points": figure(max(round(100 * error, 1), most + 0.1)), "most": figure(most)}


def of(version: ModelVersion) -> Calibration | None:
    """What is known of a version's scores; None when nobody has looked, or it has not two classes."""
    signature = serving.signature_of(version)
    if signature.calibration is None or len(signature.classes) != 2:
        return None
    return parse(signature.calibration)


def parse(block: Mapping[str, Any]) -> Calibration:
    """The manifest's block, which the import has checked."""
    bins = (Bin(each["from"], each["to"], each["n"], each["mean"], each["rate"]) for each in block["bins"])
    return Calibration(block["n"], block["split"], tuple(bins))


def doubt(version: ModelVersion, score: float, warnings: Sequence[object]) -> str:
    """Why an answer is said as a word and not as a frequency, to follow a colon; empty where the frequency is proven."""
    known = of(version)
    if known is None:
        return _("how often such scores come true has not been checked on known outcomes yet.")
    if warnings:
        return _("a value lies outside what the model saw, so nobody can say how often this comes true.")
    return known.doubt(score)
