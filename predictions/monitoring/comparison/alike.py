"""Whether two versions can be asked the same and answer the same kind of thing. Pure.

What one of them merely refuses (a number beyond its bounds, a value that is missing) hinders nothing: such rows are
counted.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from registry.signature import Feature, Signature, text_in


def differences(base: Signature, other: Signature) -> list[str]:
    """Why the second cannot be held against the first, as sentences; empty when it can."""
    if base.task != other.task:
        words = {"base": base.task, "other": other.task}
        return [_("Their tasks differ: %(base)s and %(other)s.") % words]
    return [*_inputs(base, other), *_outputs(base, other)]


def takes_the_same(one: Signature, other: Signature) -> bool:
    """Whether what is clean for the one is clean for the other, as it is."""
    if one is other:
        return True
    if one.image is not None or other.image is not None:
        return one.image == other.image
    return [_contract(feature) for feature in one.features] == [_contract(feature) for feature in other.features]


def _contract(feature: Feature) -> tuple[Any, ...]:
    limits = (feature.min, feature.max, feature.nullable, feature.allow_unknown)
    return feature.name, feature.dtype, feature.kind, *limits, list(map(repr, feature.values))


def _inputs(base: Signature, other: Signature) -> Iterator[str]:
    if base.image != other.image:
        yield _("They prepare pictures differently: what was recorded for the one means nothing to the other.")
        return
    old = {feature.name: feature for feature in base.features}
    new = {feature.name: feature for feature in other.features}
    if missing := [name for name in old if name not in new]:
        yield _("It does not take: %(fields)s.") % {"fields": ", ".join(missing)}
    if added := [name for name in new if name not in old]:
        yield _("It also wants: %(fields)s. That was not recorded.") % {"fields": ", ".join(added)}
    for name in old.keys() & new.keys():
        yield from _field(old[name], new[name])


def _field(old: Feature, new: Feature) -> Iterator[str]:
    name = {"field": old.name}
    if old.kind != new.kind:
        yield _("“%(field)s” is of another type.") % name
    elif text_in(old.unit, "en") != text_in(new.unit, "en"):
        yield _("“%(field)s” is given in another unit.") % name
    elif unknown := _refused(old, new):
        words = name | {"values": ", ".join(unknown)}
        yield _("“%(field)s” does not take: %(values)s.") % words


def _refused(old: Feature, new: Feature) -> list[str]:
    """Categories that the first takes and the second does not."""
    if old.dtype != "category" or new.dtype != "category" or new.allow_unknown:
        return []
    return [str(value) for value in old.values if value not in new.values]


def _outputs(base: Signature, other: Signature) -> Iterator[str]:
    if set(base.class_names) != set(other.class_names):
        words = {"base": ", ".join(base.class_names), "other": ", ".join(other.class_names)}
        yield _("Their answers differ: %(base)s and %(other)s.") % words
    elif len(base.class_names) == 2 and _positive(base) != _positive(other):
        words = {"base": _positive(base), "other": _positive(other)}
        yield _("The score is that of “%(base)s” for the one and of “%(other)s” for the other.") % words
    if text_in(base.output.get("unit"), "en") != text_in(other.output.get("unit"), "en"):
        yield _("Their answers are given in different units.")


def _positive(signature: Signature) -> str:
    return signature.class_names[signature.positive]
