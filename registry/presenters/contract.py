"""What a version takes and gives, as tables: its signature, and how good its manifest says it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry import charts, measures
from registry.models import ModelVersion
from registry.presenters.states import Words
from registry.signature import Feature, Signature, text_in
from registry.texts import ends, figure

TYPES: dict[str, Words] = {
    "number": gettext_lazy("number"),
    "integer": gettext_lazy("whole number"),
    "boolean": gettext_lazy("yes or no"),
    "category": gettext_lazy("choice"),
    "string": gettext_lazy("text"),
}
SENSITIVE: dict[str, Words] = {
    "protected": gettext_lazy("protected"),
    "proxy": gettext_lazy("proxy of a protected one"),
    "personal": gettext_lazy("personal"),
}
CATEGORIES_SHOWN = 6


@dataclass(frozen=True)
class Field:
    """One input as a row of the table."""

    feature: Feature

    @property
    def title(self) -> str:
        return self.feature.title

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def help(self) -> str:
        return text_in(self.feature.help)

    @property
    def type(self) -> Words:
        return TYPES.get(self.feature.dtype, self.feature.dtype)

    @property
    def unit(self) -> str:
        return text_in(self.feature.unit)

    @property
    def allowed(self) -> str:
        """What is not refused, in words; "" for a choice, whose values are listed."""
        feature = self.feature
        if feature.dtype == "category":
            return ""
        return _between(feature.min, feature.max, self.unit) or _("anything")

    @property
    def seen(self) -> str:
        """The range in the training data."""
        return _between(*self.feature.train_range, self.unit) if self.feature.train_range else ""

    @property
    def categories(self) -> list[str]:
        """The first values of a choice, as people read them."""
        return [self.feature.category_title(value) for value in self.feature.values[:CATEGORIES_SHOWN]]

    @property
    def more_categories(self) -> list[str]:
        """The others."""
        return [self.feature.category_title(value) for value in self.feature.values[CATEGORIES_SHOWN:]]

    @property
    def takes_others(self) -> bool:
        """Whether a value that is not listed is taken too."""
        return self.feature.dtype == "category" and self.feature.allow_unknown

    @property
    def sensitive(self) -> Words:
        return SENSITIVE.get(self.feature.sensitive, self.feature.sensitive) if self.feature.sensitive else ""


def _between(low: float | None, high: float | None, unit: str) -> str:
    first, last = ends(low, high, unit)
    if first and last:
        return _("%(low)s to %(high)s") % {"low": first, "high": last}
    if first:
        return _("at least %(low)s") % {"low": first}
    return _("at most %(high)s") % {"high": last} if last else ""


class SignatureTables:
    """The inputs by section of the form, and the outputs."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature

    @property
    def sections(self) -> list[tuple[str, list[Field]]]:
        """Title and fields of each section, in the form's order."""
        groups: dict[str, list[Field]] = {}
        for feature in self.signature.features:
            groups.setdefault(text_in(feature.group), []).append(Field(feature))
        return list(groups.items())

    @property
    def has_seen(self) -> bool:
        """Whether any field says what the training data held; else there is no such column."""
        return any(feature.train_range for feature in self.signature.features)

    @property
    def has_marks(self) -> bool:
        """Whether any field is sensitive, a lever or inferred."""
        return any(f.sensitive or f.actionable or f.inferred for f in self.signature.features)

    @property
    def picture(self) -> str:
        """What an image model makes of a picture, in a sentence; "" for any other."""
        image = self.signature.image
        if image is None:
            return ""
        size = {"width": image["width"], "height": image["height"]}
        if image.get("mode") == "RGB":
            return _("A PNG or JPEG of any size. The model sees it in %(width)s by %(height)s coloured squares.") % size
        return _("A PNG or JPEG of any size. The model sees it in %(width)s by %(height)s grey squares.") % size

    @property
    def output_title(self) -> str:
        """What is answered, as the manifest calls it."""
        return text_in(self.signature.output.get("label"))

    @property
    def output_unit(self) -> str:
        return text_in(self.signature.output.get("unit"))

    @property
    def classes(self) -> list[tuple[str, str, bool]]:
        """Title, value, and whether the score is its probability, of each possible answer."""
        found = self.signature
        scored = found.positive if len(found.classes) == 2 else -1
        return [(found.class_title(name), name, index == scored) for index, name in enumerate(found.class_names)]

    @property
    def threshold(self) -> str:
        """From which score on two classes tip; "" for any other model."""
        if len(self.signature.classes) != 2:
            return ""
        return figure(0.5 if self.signature.threshold is None else self.signature.threshold)

    @property
    def chosen_by(self) -> str:
        """How the threshold was chosen, as the manifest says."""
        return text_in((self.signature.output.get("threshold") or {}).get("chosen_by"))


@dataclass(frozen=True)
class Metric:
    """One measure of the manifest; `interval` is a picture of its confidence interval, where it has one."""

    name: str
    split: str
    part: str
    value: str
    rows: str
    bounds: str
    interval: charts.Interval | None


def metrics(version: ModelVersion) -> list[Metric]:
    """The manifest's, in its order."""
    return [_metric(item) for item in version.metadata.get("metrics") or [] if _is_number(item.get("value"))]


def _metric(item: dict[str, Any]) -> Metric:
    bounds = [bound for bound in item.get("ci95") or [] if _is_number(bound)]
    texts = [_short(bound) for bound in bounds]
    return Metric(
        name=measures.title(str(item.get("name", ""))),
        split=measures.split(str(item.get("split", ""))),
        part=measures.part(", ".join(f"{key} {value}" for key, value in _items(item.get("slice")))),
        value=_short(item["value"]),
        rows=figure(item["n"], grouped=True) if _is_number(item.get("n")) else "",
        bounds=" – ".join(texts) if len(texts) == 2 else "",
        interval=charts.interval(item["value"], *bounds) if len(bounds) == 2 else None,
    )


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: float) -> str:
    return figure(float(f"{value:.3g}"))
