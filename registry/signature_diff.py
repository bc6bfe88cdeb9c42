"""What changes for those who ask, when one signature takes the place of another. Pure.

A change breaks when a question or an answer that was right would no longer be, or would silently mean something else.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry.signature import Feature, Signature, text_in
from registry.texts import ends, figure

# The members of a feature and of a picture that change nobody's call, and how a page calls them.
SHOWN = {
    "label": gettext_lazy("label"),
    "help": gettext_lazy("help text"),
    "group": gettext_lazy("section"),
    "step": gettext_lazy("step"),
    "default": gettext_lazy("default"),
    "ordered": gettext_lazy("order of values"),
    "sensitive": gettext_lazy("sensitive"),
    "actionable": gettext_lazy("can be acted on"),
}
PICTURE = {
    "width": gettext_lazy("width"),
    "height": gettext_lazy("height"),
    "mode": gettext_lazy("colours"),
    "scale": gettext_lazy("value of full ink"),
    "layout": gettext_lazy("layout"),
    "invert": gettext_lazy("light on dark"),
    "fit": gettext_lazy("crop"),
    "margin": gettext_lazy("margin"),
}


@dataclass(frozen=True)
class Change:
    """One difference. `field` is a feature's name, or "" for the outputs; `sentence` says what breaks, if anything."""

    field: str
    what: str
    before: str
    after: str
    sentence: str = ""

    @property
    def breaks(self) -> bool:
        return bool(self.sentence)


def diff(before: Signature, after: Signature) -> list[Change]:
    """Every difference, features in the order of the new signature, then what was removed, then the outputs."""
    return [*_task_changes(before, after), *_input_changes(before, after), *_output_changes(before, after)]


def breaking(before: Signature, after: Signature) -> list[str]:
    """The sentences of the changes that break; empty when the new one may stand in for the old."""
    return [change.sentence for change in diff(before, after) if change.breaks]


def _task_changes(before: Signature, after: Signature) -> Iterator[Change]:
    if before.task != after.task:
        sentence = _("The task changes from %(before)s to %(after)s.") % {"before": before.task, "after": after.task}
        yield Change("", _("task"), before.task, after.task, sentence)


# --- inputs ---------------------------------------------------------------------------------------------


def _input_changes(before: Signature, after: Signature) -> Iterator[Change]:
    if before.image is not None or after.image is not None:
        yield from _image_changes(before.image, after.image)
        return
    old = {feature.name: feature for feature in before.features}
    for feature in after.features:
        if feature.name in old:
            yield from _feature_changes(old.pop(feature.name), feature)
        else:
            yield _added(feature)
    for name in old:
        sentence = _("The field “%(field)s” goes away: calls that send it would be refused.") % {"field": name}
        yield Change(name, _("field"), _("there"), _("removed"), sentence)


def _image_changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[Change]:
    if (before is None) != (after is None):
        sentence = _("One version takes pictures, the other takes fields.")
        old, new = (_("fields") if image is None else _("picture") for image in (before, after))
        yield Change("", _("input"), old, new, sentence)
        return
    # Any upload is brought to the picture that a version wants, so another size breaks nobody's call.
    for member in sorted({*(before or {}), *(after or {})}):
        was, is_now = (before or {}).get(member), (after or {}).get(member)
        if was != is_now:
            yield Change("image", str(PICTURE.get(member, member)), _shown(was), _shown(is_now))


def _added(feature: Feature) -> Change:
    if feature.nullable:
        return Change(feature.name, _("field"), _("not there"), _("new, may be missing"))
    sentence = _("The new field “%(field)s” must be given: calls of today do not send it.") % {"field": feature.name}
    return Change(feature.name, _("field"), _("not there"), _("new, required"), sentence)


def _feature_changes(old: Feature, new: Feature) -> Iterator[Change]:
    name = {"field": old.name}
    if old.kind != new.kind:
        # A whole number is a number: what was sent as one is still understood.
        breaks = (old.kind, new.kind) != ("integer", "number")
        sentence = _("“%(field)s” becomes another type.") % name
        yield Change(old.name, _("type"), old.kind, new.kind, sentence if breaks else "")
        if breaks:
            return
    if old.nullable != new.nullable:
        sentence = _("“%(field)s” may no longer be missing.") % name
        words = {True: _("may be missing"), False: _("required")}
        yield Change(old.name, _("missing"), words[old.nullable], words[new.nullable], sentence if old.nullable else "")
    if old.unit != new.unit:
        sentence = _("“%(field)s” is given in another unit: the numbers sent today would mean something else.") % name
        yield Change(
            old.name,
            _("unit"),
            text_in(old.unit),
            text_in(new.unit),
            sentence if _other_unit(old.unit, new.unit) else "",
        )
    yield from _bound_changes(old, new)
    yield from _category_changes(old, new)
    if old.train_range != new.train_range:
        yield Change(old.name, _("range seen"), _range(old.train_range, old), _range(new.train_range, new))
    for member, title in SHOWN.items():
        if getattr(old, member) != getattr(new, member):
            yield Change(old.name, str(title), _shown(getattr(old, member)), _shown(getattr(new, member)))


def _bound_changes(old: Feature, new: Feature) -> Iterator[Change]:
    if (old.min, old.max) == (new.min, new.max):
        return
    narrower = _lowest(new) > _lowest(old) or _highest(new) < _highest(old)
    sentence = _("“%(field)s” takes fewer values than before.") % {"field": old.name}
    yield Change(
        old.name,
        _("allowed"),
        _range((old.min, old.max), old),
        _range((new.min, new.max), new),
        sentence if narrower else "",
    )


def _lowest(feature: Feature) -> float:
    return -math.inf if feature.min is None else feature.min


def _highest(feature: Feature) -> float:
    return math.inf if feature.max is None else feature.max


def _category_changes(old: Feature, new: Feature) -> Iterator[Change]:
    """A text that becomes a category, and a category that loses a value, refuse what was taken before."""
    before, after = _taken(old), _taken(new)
    if before != after:
        narrower = after is not None and (before is None or bool(set(before) - set(after)))
        sentence = _("“%(field)s” takes fewer values than before.") % {"field": old.name}
        yield Change(old.name, _("values"), _values(old), _values(new), sentence if narrower else "")
    elif old.values != new.values:
        yield Change(old.name, _("values"), _values(old), _values(new))
    if [item.get("label") for item in old.categories] != [item.get("label") for item in new.categories]:
        yield Change(old.name, _("names of values"), _titles(old), _titles(new))


def _taken(feature: Feature) -> list[str] | None:
    """The values that are not refused, in no order; None is any."""
    if feature.dtype != "category" or feature.allow_unknown:
        return None
    return sorted(map(repr, feature.values))


def _values(feature: Feature) -> str:
    if feature.dtype != "category":
        return _("any")
    known = ", ".join(map(str, feature.values))
    return _("%(values)s, and others") % {"values": known} if feature.allow_unknown else known


def _titles(feature: Feature) -> str:
    return ", ".join(feature.category_title(value) for value in feature.values)


# --- outputs --------------------------------------------------------------------------------------------


def _output_changes(before: Signature, after: Signature) -> Iterator[Change]:
    if set(before.class_names) != set(after.class_names):
        sentence = _("The answers are other ones: %(before)s before, %(after)s now.")
        classes = {"before": ", ".join(before.class_names), "after": ", ".join(after.class_names)}
        yield Change("", _("classes"), classes["before"], classes["after"], sentence % classes)
        return
    if before.class_names != after.class_names:
        sentence = _("The classes come in another order: clients of the short path read their numbers.")
        yield Change("", _("classes"), ", ".join(before.class_names), ", ".join(after.class_names), sentence)
    if len(before.class_names) == 2:
        old, new = before.class_names[before.positive], after.class_names[after.positive]
        if old != new:
            sentence = _("The score would be that of “%(after)s”, no longer that of “%(before)s”.")
            words = {"before": old, "after": new}
            yield Change("", _("positive class"), old, new, sentence % words)
    if before.threshold != after.threshold:
        yield Change("", _("threshold"), _shown(before.threshold), _shown(after.threshold))
    yield from _shown_outputs(before, after)


def _shown_outputs(before: Signature, after: Signature) -> Iterator[Change]:
    old, new = before.output.get("unit"), after.output.get("unit")
    if old != new:
        sentence = _("The answer is given in another unit.")
        yield Change("", _("unit"), text_in(old), text_in(new), sentence if _other_unit(old, new) else "")
    names, new_names = (", ".join(each.class_title(name) for name in each.class_names) for each in (before, after))
    if names != new_names:
        yield Change("", _("names of the answers"), names, new_names)
    if before.output.get("label") != after.output.get("label"):
        yield Change("", _("label"), text_in(before.output.get("label")), text_in(after.output.get("label")))


# --- words ----------------------------------------------------------------------------------------------


def _other_unit(old: Any, new: Any) -> bool:
    """Whether numbers would mean something else: not so where a unit is said at last, or translated."""
    was = text_in(old, "en").strip()
    return bool(was) and was != text_in(new, "en").strip()


def _range(bounds: tuple[float | None, float | None] | None, feature: Feature) -> str:
    low, high = ends(*(bounds or (None, None)), text_in(feature.unit))
    return f"{low or '…'} – {high or '…'}"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping | str):
        return text_in(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return figure(value) if isinstance(value, int | float) else str(value)
