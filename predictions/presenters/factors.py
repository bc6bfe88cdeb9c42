"""What moved the score, in words and bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from predictions.models import Prediction
from predictions.presenters.values import shown_output, shown_value
from registry import charts
from registry.signature import Signature
from registry.texts import percentage, points

FACTORS_SHOWN = 5


@dataclass(frozen=True)
class Factor:
    """One two-sided bar: `width` in percent of the half, `raises` tells the side."""

    title: str
    value: str
    contribution: float
    width: float
    raises: bool
    amount: str = ""

    @property
    def bar(self) -> charts.TwoSidedBar:
        return charts.two_sided(self.width, raises=self.raises)


class Factors:
    """The explanation of one answer. What somebody may not see is no bar: which way it moves would tell what it is."""

    def __init__(self, signature: Signature, prediction: Prediction, hidden: frozenset[str]) -> None:
        self.signature = signature
        explanation: Mapping[str, Any] = prediction.explanation or {}
        self.base: float = explanation.get("base", 0.0)
        found: Sequence[Mapping[str, Any]] = explanation.get("contributions", ())
        seen = [item for item in found if item["field"] not in hidden]
        self._shown, self._rest = seen[:FACTORS_SHOWN], seen[FACTORS_SHOWN:]
        self._rest += [item for item in found if item["field"] in hidden]
        self.hidden = len(found) - len(seen)
        strongest = found[:FACTORS_SHOWN]
        self._strongest = len(strongest), sum(item["field"] in hidden for item in strongest)

    @cached_property
    def names(self) -> frozenset[str]:
        """The fields that are bars."""
        return frozenset(item["field"] for item in self._shown)

    @cached_property
    def shown(self) -> list[Factor]:
        """At most five, largest first; empty when the answer has no explanation."""
        largest = max((abs(item["contribution"]) for item in self._shown), default=0.0) or 1.0
        features = {feature.name: feature for feature in self.signature.features}
        return [
            Factor(
                title=features[item["field"]].title,
                value=shown_value(features[item["field"]], item["value"]),
                contribution=item["contribution"],
                width=100 * abs(item["contribution"]) / largest,
                raises=item["contribution"] > 0,
                amount=self._amount(item["contribution"]),
            )
            for item in self._shown
        ]

    @cached_property
    def others(self) -> tuple[int, str] | None:
        """How many fields are not shown as bars, and what they add up to."""
        return (len(self._rest), self._amount(sum(item["contribution"] for item in self._rest))) if self._rest else None

    @property
    def hidden_note(self) -> str:
        """What is missing from the bars; no more than how much, for the rest would tell what is hidden."""
        strongest, missing = self._strongest
        if missing == 0:
            return _("Fields that you may not see are counted with the others.") if self.hidden else ""
        words = {"count": missing, "all": strongest}
        if missing == 1:
            return (
                _(
                    "One of the %(all)s strongest factors is a field that you may not see: ask somebody who may, before you "
                    "explain this answer."
                )
                % words
            )
        return (
            _(
                "%(count)s of the %(all)s strongest factors are fields that you may not see: ask somebody who may, before you "
                "explain this answer."
            )
            % words
        )

    @property
    def start(self) -> str:
        """The mean score of the cases the answer is compared with."""
        return shown_output(self.signature, self.base) if self.signature.is_regression else percentage(100 * self.base)

    def _amount(self, contribution: float) -> str:
        if self.signature.is_regression:
            sign = "+" if contribution > 0 else "−"
            return sign + shown_output(self.signature, abs(contribution))
        return points(100 * contribution)
