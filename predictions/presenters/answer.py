"""The page of one answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from predictions import masking
from predictions.models import Prediction, Record
from predictions.presenters import factors as reasons
from predictions.presenters import frequencies, places
from predictions.presenters.cautions import cautions
from predictions.presenters.changed import Changed, changed
from predictions.presenters.origin import Origin
from predictions.presenters.values import positive_title, scale_of, shown_output, shown_value, threshold_of
from predictions.presenters.what_if import WhatIf
from registry import charts, serving
from registry.presenters import title_of
from registry.signature import Signature, text_in
from registry.texts import percentage

BARS_SHOWN = 5
# Percent. A choice of ours and no measurement: a picture of noise was given 85%.
SURE = 90


@dataclass(frozen=True)
class Probability:
    """One bar of the probabilities."""

    title: str
    percent: float
    is_label: bool

    @property
    def bar(self) -> charts.Bar:
        return charts.bar(self.title, self.percent, is_strong=self.is_label)

    @property
    def exact(self) -> str:
        """With two decimals, for the table under the picture."""
        return _("%(number)s%%") % {"number": number_format(f"{self.percent:.2f}")}


@dataclass(frozen=True)
class Warned:
    """A warning kept with the answer, and whether the asker said to know of it."""

    text: str
    confirmed: bool


class RecordPage:
    """Everything the page of one answer shows to `viewer`; to None, which is the admin, everything that is stored."""

    mask = masking.MASK

    def __init__(
        self, prediction: Prediction, viewer: User | AnonymousUser | None = None, *, replayed: bool = False
    ) -> None:
        self.prediction = prediction
        self.viewer = viewer
        self.replayed = replayed
        self.version = prediction.version
        self.model = prediction.version.model
        self.signature: Signature = serving.signature_of(prediction.version)

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Names of the fields that the reader may not see."""
        if self.viewer is None:
            return frozenset()
        return masking.hidden_in_answer(self.prediction, self.signature, self.viewer)

    # --- the answer ---

    @property
    def title(self) -> str:
        """The model's title."""
        return title_of(self.version)

    @property
    def output_title(self) -> str:
        """What is answered, as the manifest calls it: "Species"; may be empty."""
        return text_in(self.signature.output.get("label"))

    @property
    def label(self) -> str:
        """The answer as a person says it."""
        outputs = self.prediction.outputs
        if self.signature.is_regression:
            return shown_output(self.signature, outputs["value"])
        return self.signature.class_title(outputs["label"])

    @cached_property
    def probabilities(self) -> list[Probability]:
        """Largest first; empty for a value."""
        outputs = self.prediction.outputs
        found = [
            Probability(self.signature.class_title(name), 100 * value, name == outputs.get("label"))
            for name, value in outputs.get("probabilities", {}).items()
        ]
        return sorted(found, key=lambda item: -item.percent)

    @cached_property
    def bars(self) -> list[Probability]:
        """Those drawn: the largest, and the answer is among them."""
        return self.probabilities[:BARS_SHOWN]

    @property
    def other_bars(self) -> tuple[int, str] | None:
        """How many answers are not drawn, and their probability together."""
        rest = self.probabilities[BARS_SHOWN:]
        return (len(rest), percentage(sum(item.percent for item in rest))) if rest else None

    @property
    def is_binary(self) -> bool:
        return len(self.signature.classes) == 2

    @property
    def scored_class(self) -> str:
        """The class whose probability the score is."""
        if self.signature.is_regression:
            return ""
        return positive_title(self.signature) if self.is_binary else self.label

    @cached_property
    def scale(self) -> charts.Scale | None:
        """For two classes, the score as one of four words: a number would promise more than was proven."""
        return scale_of(self.signature, self.prediction) if self.is_binary else None

    @cached_property
    def frequency(self) -> frequencies.Frequency | None:
        """For two classes, the score as so many of 100, where that is proven."""
        return frequencies.frequency(self.signature, self.prediction) if self.is_binary else None

    @property
    def doubt(self) -> str:
        """Why there is no such number, to follow a colon."""
        return frequencies.doubt(self.prediction)

    @cached_property
    def cautions(self) -> list[str]:
        """What somebody should know who reads the answer alone."""
        return list(cautions(self.signature, self.prediction))

    @property
    def is_unsure(self) -> bool:
        """For several classes: whether the best is less likely than a model that is sure has it."""
        return not self.is_binary and bool(self.probabilities) and self.probabilities[0].percent < SURE

    @property
    def sure(self) -> str:
        """From where on a model is called sure."""
        return percentage(SURE)

    @property
    def shown_score(self) -> str:
        return percentage(100 * self.prediction.score, in_words=True)

    @property
    def shown_estimate(self) -> str:
        """The probability of the answer, within a sentence."""
        return percentage(self.probabilities[0].percent, in_words=True) if self.probabilities else ""

    @property
    def shown_threshold(self) -> str:
        return percentage(100 * threshold_of(self.prediction))

    # --- what is behind it ---

    @cached_property
    def explained(self) -> reasons.Factors:
        return reasons.Factors(self.signature, self.prediction, self.hidden)

    @cached_property
    def factors(self) -> list[reasons.Factor]:
        return self.explained.shown

    @property
    def start(self) -> str:
        """The mean score of the cases the answer is compared with."""
        return self.explained.start

    @property
    def other_factors(self) -> tuple[int, str] | None:
        """How many fields are not shown as bars, and what they add up to."""
        return self.explained.others

    @cached_property
    def what_if(self) -> WhatIf:
        return WhatIf(self.signature, self.prediction, self.hidden)

    @cached_property
    def place(self) -> places.Place | None:
        return places.place(self.signature, self.prediction)

    @cached_property
    def is_one_of_many(self) -> bool:
        """Whether the call had other rows, which is when nothing was explained."""
        call = Prediction.objects.of_call(self.prediction.request_id)
        return call.exclude(pk=self.prediction.pk).exists()

    # --- what was asked ---

    @cached_property
    def inputs(self) -> list[tuple[str, str]]:
        """Title and value of each field, as the form names them."""
        return [item for _title, group in self.sections for item in group]

    @cached_property
    def sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The same by section of the form."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for feature in self.signature.features:
            value = shown_value(feature, self.prediction.inputs.get(feature.name))
            shown = masking.MASK if feature.name in self.hidden else value
            groups.setdefault(text_in(feature.group), []).append((feature.title, shown))
        return list(groups.items())

    @property
    def record(self) -> Record | None:
        """The record that was asked about."""
        return self.prediction.record

    @property
    def may_ask(self) -> bool:
        return self.viewer is not None and self.viewer.has_perm("predictions.add_prediction")

    @property
    def may_see_record(self) -> bool:
        record = self.prediction.record
        return self.viewer is not None and record is not None and record.dataset.is_visible_to(self.viewer)

    @cached_property
    def changed(self) -> list[Changed] | None:
        """What differs from the record; None when the question was about the record as it was."""
        return changed(self.signature, self.prediction, self.hidden, sees_record=self.may_see_record)

    @cached_property
    def warnings(self) -> list[Warned]:
        """The warnings in the reader's language; as stored where that cannot be said again."""
        return [Warned(self._warning(stored), bool(stored.get("confirmed"))) for stored in self.prediction.warnings]

    def _warning(self, stored: dict[str, Any]) -> str:
        if stored["field"] in self.hidden:
            return _("The value of a field that you may not see lies outside what the model saw. There it guesses.")
        feature = next((each for each in self.signature.features if each.name == stored["field"]), None)
        again = feature.warning(self.prediction.inputs.get(feature.name)) if feature else None
        return str((again or stored)["message"])

    @cached_property
    def picture(self) -> list[list[float]] | None:
        """What the model saw of a grey picture: rows of darkness from 0 to 1, or None."""
        image = self.signature.image
        if image is None or image.get("mode", "L") != "L":
            return None
        import numpy as np

        values = np.asarray(self.prediction.inputs["image"]["values"], dtype=float)
        grid = values.reshape(image["height"], image["width"]) / float(image.get("scale", 1) or 1)
        cells: list[list[float]] = grid.tolist()
        return cells

    @cached_property
    def drawing(self) -> charts.Drawing | None:
        """The same as squares to draw."""
        return charts.drawing(self.picture) if self.picture else None

    @property
    def is_picture(self) -> bool:
        return self.signature.image is not None

    @property
    def picture_digest(self) -> str:
        """SHA-256 of the uploaded file."""
        return str(self.prediction.inputs.get("image", {}).get("sha256", ""))

    @cached_property
    def origin(self) -> Origin:
        return Origin(self.prediction)

    # --- as it is stored ---

    @property
    def raw(self) -> dict[str, Any]:
        """The answer as it is stored, without what the reader may not see."""
        stored = self.prediction
        return {
            "inputs": {name: self._masked(name, value) for name, value in stored.inputs.items()},
            "outputs": stored.outputs,
            "warnings": [each for each in stored.warnings if each["field"] not in self.hidden],
            "explanation": self._raw_explanation(stored.explanation),
        }

    def _masked(self, name: str, value: Any) -> Any:
        return masking.MASK if name in self.hidden else value

    def _raw_explanation(self, explanation: dict[str, Any] | None) -> dict[str, Any] | None:
        """Where a field is hidden, what the page shows and no more: from all other contributions and the score its own
        could be worked out, and from its place among them how large it is.
        """
        if explanation is None or not self.hidden:
            return explanation
        told: Sequence[dict[str, Any]] = explanation["contributions"]
        bars = [each for each in told if each["field"] in self.explained.names]
        rest = [
            {"field": each["field"], "value": self._masked(each["field"], each["value"]), "contribution": masking.MASK}
            for each in told
            if each["field"] not in self.explained.names
        ]
        rest.sort(key=lambda each: (each["field"] in self.hidden, each["field"]))
        found = explanation | {"contributions": bars + rest}
        if "changes" in found:
            found["changes"] = [each for each in found["changes"] if not self._is_hidden(*each["set"])]
        if "curves" in found:
            found["curves"] = [each for each in found["curves"] if not self._is_hidden(each)]
        return found

    def _is_hidden(self, *places: dict[str, Any]) -> bool:
        return any(place["field"] in self.hidden for place in places)

    @property
    def raw_text(self) -> str:
        """The same as JSON that a person can read."""
        return json.dumps(self.raw, indent=2, ensure_ascii=False)
