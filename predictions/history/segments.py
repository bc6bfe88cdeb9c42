"""Answers to questions with one value in one field: what a figure of monitoring counted, found again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions import masking
from predictions.monitoring.rollups import layout, segments
from predictions.monitoring.rollups.layout import MISSING, OTHER, Segment
from registry.models import ModelVersion

_VALUE = "answer.inputs @> %(inside)s::jsonb"
_MISSING = "answer.inputs ->> %(inside_field)s IS NULL"
_NO_NUMBER = "jsonb_typeof(answer.inputs -> %(inside_field)s) NOT IN ('number', 'null')"
_OTHER = """(answer.inputs ->> %(inside_field)s IS NOT NULL
    AND NOT answer.inputs -> %(inside_field)s = ANY(%(inside_known)s::jsonb[]))"""
# Which of two conditions is looked at first is the server's choice, and only a number can be cast.
_BAND = """(CASE WHEN jsonb_typeof(answer.inputs -> %(inside_field)s) = 'number'
    THEN (answer.inputs ->> %(inside_field)s)::float8 END) {sign} %({name})s"""


@dataclass(frozen=True)
class Inside:
    """A condition on the inputs of an answer, with the values of its statement; `title`: as a reader calls it."""

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""


def inside(text: str, model: str, user: User | AnonymousUser) -> Inside | None:
    """What `field:key` means for a model; None when it has no such segment, or this reader may not see the field."""
    versions = ModelVersion.objects.ready().filter(model__name=model).defer("report").order_by("-number")
    for version in filter(layout.is_known, versions):
        made = layout.of(version)
        hidden = masking.hidden(made.signature, user)
        for one in made.segments:
            if one.name not in hidden and text.startswith(f"{one.name}:"):
                key = text[len(one.name) + 1 :]
                if key in one.places:
                    return _condition(one, key)
    return None


def _condition(one: Segment, key: str) -> Inside:
    title = _("%(field)s: %(text)s") % {"field": one.feature.title, "text": segments.title_of(one, key)}
    values: dict[str, Any] = {"inside_field": one.name}
    if key == MISSING:
        return Inside(_MISSING, values, title)
    if key == OTHER and one.edges:
        return Inside(_NO_NUMBER, values, title)
    if key == OTHER:
        known = [json.dumps(value) for value in one.values]
        return Inside(_OTHER, values | {"inside_known": known}, title)
    place = one.places[key]
    if not one.edges:
        return Inside(_VALUE, {"inside": json.dumps({one.name: one.values[place]})}, title)
    ends = [None, *one.edges, None]
    limits = {"inside_low": (">=", ends[place]), "inside_high": ("<", ends[place + 1])}
    asked = {name: (sign, end) for name, (sign, end) in limits.items() if end is not None}
    sql = " AND ".join(_BAND.format(sign=sign, name=name) for name, (sign, _end) in asked.items())
    return Inside(sql, values | {name: end for name, (_sign, end) in asked.items()}, title)
