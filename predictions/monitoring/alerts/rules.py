"""The rules of a model: what they are when nobody said anything, and in which unit people give a limit."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from predictions.models import AlertRule
from registry import coercion, serving
from registry.models import ModelVersion, RegisteredModel
from registry.texts import figure

Kind = AlertRule.Kind
CHANGE = "predictions.change_alertrule"
SEE = "predictions.view_alert"
MOST_MINUTES = 7 * 24 * 60
BELOW_MANIFEST = 0.1  # how far accuracy may fall below what the manifest names, before anybody set a floor


@dataclass(frozen=True)
class Nature:
    """What a kind of rule is by default. `unit`: of its limit, "" for a kind that has none; `most`: the largest one.

    `is_about_answers`: whether it means nothing before a version was ready.
    """

    unit: str
    limit: float | None
    for_minutes: int
    most: float = 0
    is_about_answers: bool = True


NATURES: dict[str, Nature] = {
    Kind.DRIFT: Nature("count", 1, 60, most=1000),
    Kind.VOLUME: Nature("share", 0.5, 60, most=1),
    Kind.ERRORS: Nature("share", 0.05, 5, most=1),
    Kind.LATENCY: Nature("seconds", 1, 10, most=600),
    Kind.ACCURACY: Nature("share", None, 60, most=1),
    Kind.IMPORT: Nature("", None, 0, is_about_answers=False),
    # What it reads looks back ten minutes: that keeps it from flapping.
    Kind.FALLBACK: Nature("", None, 0),
    Kind.BATCH: Nature("minutes", 15, 0, most=MOST_MINUTES, is_about_answers=False),
}
_UNITS = {"share": r"%", "seconds": r"s|sec|seconds?|secondes?", "minutes": r"min|minutes?", "count": ""}


def of(model: RegisteredModel) -> list[AlertRule]:
    """The rules of a model in the order of Kind; those that nobody made are made now, with their defaults.

    Rules about answers come with the first version that is ready.
    """
    found = _stored(model)
    if missing := NATURES.keys() - found.keys():
        version = _newest(model)
        made = [_default(model, kind, version) for kind in NATURES if kind in missing and _fits(kind, version)]
        if made:
            AlertRule.objects.bulk_create(made, ignore_conflicts=True)  # another worker may be at the same
            found = _stored(model)
    return [found[kind] for kind in NATURES if kind in found]


def _stored(model: RegisteredModel) -> dict[str, AlertRule]:
    rules = AlertRule.objects.filter(model=model).select_related("model", "updated_by")
    return {rule.kind: rule for rule in rules}


def _newest(model: RegisteredModel) -> ModelVersion | None:
    return ModelVersion.objects.ready().filter(model=model).defer("report").order_by("-number").first()


def _fits(kind: str, version: ModelVersion | None) -> bool:
    if kind == Kind.ACCURACY:  # only a classification is right or wrong
        return version is not None and not serving.signature_of(version).is_regression
    return version is not None or not NATURES[kind].is_about_answers


def _default(model: RegisteredModel, kind: str, version: ModelVersion | None) -> AlertRule:
    nature = NATURES[kind]
    limit = _floor(version) if kind == Kind.ACCURACY and version else nature.limit
    is_on = limit is not None or not nature.unit
    return AlertRule(model=model, kind=kind, limit=limit, for_minutes=nature.for_minutes, is_enabled=is_on)


def _floor(version: ModelVersion) -> float | None:
    """Ten points below the smallest accuracy that the manifest names; None when it names none."""
    told = [
        item["value"]
        for item in version.metadata.get("metrics") or []
        if item.get("name") in {"accuracy", "accuracy_score"} and isinstance(item.get("value"), int | float)
    ]
    floor = round(min(told) - BELOW_MANIFEST, 3) if told else 0
    return floor if 0 < floor < 1 else None


# --- limits as people read and type them --------------------------------------------------------------------


def shown(kind: str, limit: float | None) -> str:
    """`5%`, `1.5 s`, `15 min` or `1`; empty for none."""
    if limit is None:
        return ""
    unit = NATURES[kind].unit
    if unit == "share":
        # To the digit: a limit is no measurement that could be rounded.
        return _("%(number)s%%") % {"number": figure(float(f"{limit * 100:.6g}"))}
    return figure(limit, grouped=True) + {"seconds": "\u00a0s", "minutes": "\u00a0min"}.get(unit, "")


def read(kind: str, text: str) -> float:
    """The limit that somebody typed, with or without its unit. Raises coercion.Refused with a sentence."""
    nature = NATURES[kind]
    plain = re.sub(rf"\s*(?:{_UNITS[nature.unit]})$", "", text.strip(), flags=re.IGNORECASE)
    try:
        number: float = coercion.number(plain)
    except coercion.Refused as refused:
        raise coercion.Refused(refused.code, _wanted(nature)) from None
    limit = round(number / 100, 6) if nature.unit == "share" else number
    is_whole = nature.unit in {"count", "minutes"}
    if not 0 < limit <= nature.most or (is_whole and not limit.is_integer()):
        raise coercion.Refused("out_of_bounds", _wanted(nature))
    return limit


def _wanted(nature: Nature) -> str:
    told: dict[str, Any] = {"most": figure(nature.most, grouped=True)}
    if nature.unit == "share":
        return _("Enter a percentage above 0 and up to 100, like 5 or 5%.")
    if nature.unit == "seconds":
        return _("Enter seconds above 0 and up to %(most)s, like 1.5.") % told
    if nature.unit == "minutes":
        return _("Enter a whole number of minutes from 1 to %(most)s, like 15.") % told
    return _("Enter a whole number from 1 to %(most)s.") % told


def read_minutes(text: str) -> int:
    """For how long a condition has to hold, in minutes. Raises coercion.Refused with a sentence."""
    sentence = _("Enter a whole number of minutes from 0 to %(most)s; 0 is at once.") % {
        "most": figure(MOST_MINUTES, grouped=True)
    }
    try:
        minutes = coercion.integer(re.sub(rf"\s*(?:{_UNITS['minutes']})$", "", text.strip(), flags=re.IGNORECASE))
    except coercion.Refused as refused:
        raise coercion.Refused(refused.code, sentence) from None
    if not 0 <= minutes <= MOST_MINUTES:
        raise coercion.Refused("out_of_bounds", sentence)
    return minutes
