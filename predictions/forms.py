"""A Django form built from a signature. It carries texts; what they mean is decided by the waist."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry import coercion
from registry.signature import Feature, InvalidInput, Signature, text_in
from registry.texts import figure, svg_percent

RADIO_AT_MOST = 5
PREFIX = "x-"
STRIP_MARGIN = 0.2  # of the range the model saw, drawn on both sides of it


class InputField(BoundField):
    """A field as the page draws it: its texts have ids, and its id is one word whatever the column is called."""

    @property
    def auto_id(self) -> str:
        """An id without spaces: other attributes list ids."""
        return re.sub(r"[^\w-]", "-", f"id_{self.html_name}")

    @property
    def aria_describedby(self) -> str:
        """Ids of the hint, the unit, the range and the error, as far as there are any."""
        texts = {"helptext": self.help_text, "unit": self.unit, "range": self.range_text, "error": self.errors}
        return " ".join(f"{self.auto_id}_{name}" for name, text in texts.items() if text)

    @property
    def focus_id(self) -> str:
        """Where a link to this field leads: for radio buttons, to the first one."""
        return f"{self.auto_id}_0" if self.use_fieldset else self.auto_id

    @property
    def feature(self) -> Feature | None:
        """The column behind the field; None for a picture."""
        return getattr(self.field, "feature", None)

    @property
    def unit(self) -> str:
        return text_in(self.feature.unit) if self.feature else ""

    @property
    def is_optional(self) -> bool:
        return bool(self.feature and self.feature.nullable)

    @property
    def is_scale(self) -> bool:
        """A few whole numbers to tick, side by side."""
        return bool(self.use_fieldset and self.feature and self.feature.dtype == "integer")

    @cached_property
    def range_text(self) -> str:
        """What the model saw, as a sentence; empty where every choice was seen."""
        feature = self.feature
        if feature is None or not feature.train_range or feature.dtype == "category":
            return ""
        if self.is_scale and feature.train_range == (feature.min, feature.max):
            return ""
        low, high = feature.train_range
        grouped = abs(high) >= 10_000
        figures = {"low": figure(low, grouped=grouped), "high": figure(high, grouped=grouped)}
        return _("The model saw %(low)s to %(high)s.") % figures

    @cached_property
    def strip(self) -> "Strip | None":
        """The picture of the range, for a typed number."""
        feature = self.feature
        if self.use_fieldset or feature is None or not feature.train_range:
            return None
        return _strip(feature.train_range, self.value())


class PredictionForm(forms.Form):
    """One field per feature, optional in Django's eyes: the signature refuses in the same words for every door."""

    idempotency_key = forms.CharField(
        widget=forms.HiddenInput,
        max_length=255,
        error_messages={"required": gettext_lazy("The form came back incomplete. Check it and send it again.")},
    )
    use_required_attribute = False
    bound_field_class = InputField

    def __init__(self, signature: Signature, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signature = signature
        if signature.image is not None:
            self.fields["image"] = forms.FileField(
                label=_("Picture"),
                help_text=_("PNG or JPEG, any size, up to 5 MB."),
                required=False,
                allow_empty_file=True,
                widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
            )
        for feature in signature.features:
            self.fields[field_name(feature.name)] = _field(feature)

    def clean(self) -> None:
        """Refuse a field that came twice: which one was meant is a guess."""
        sent: Any = self.data
        for name in self.fields:
            if len(sent.getlist(name)) + len(self.files.getlist(name)) > 1:
                self.add_error(name, _("This field is there twice. Send it once."))

    def columns(self) -> dict[str, list[Any]]:
        """The cleaned texts as one-row columns for the waist; also those that no field of the form asked for."""
        if self.signature.image is not None:
            upload = self.cleaned_data.get("image")
            return {"image": [upload.read() if upload else None]}
        known = {f.name: [self.cleaned_data.get(field_name(f.name))] for f in self.signature.features}
        sent = (name.removeprefix(PREFIX) for name in self.data if name.startswith(PREFIX))
        return known | {name: [""] for name in sent if name not in known}

    def refuse(self, error: InvalidInput) -> None:
        """Show the waist's errors at their fields."""
        for item in error.errors:
            name = item["field"] if item["field"] == "image" else field_name(item["field"])
            if name in self.fields:
                self.add_error(name, item["message"])
            else:
                self.add_error(None, f"{item['field']}: {item['message']}")

    def sections(self) -> list[tuple[str, list[BoundField]]]:
        """Groups of the manifest in order of appearance; fields without a group come last."""
        groups: dict[str, list[BoundField]] = {}
        for feature in self.signature.features:
            groups.setdefault(text_in(feature.group), []).append(self[field_name(feature.name)])
        rest = groups.pop("", [])
        if self.signature.image is not None:
            rest.append(self["image"])
        return [*groups.items(), *([("", rest)] if rest else [])]

    def problems(self) -> list[tuple[str, str, str]]:
        """The summary's lines: where a link leads ("" for nowhere), the field's title if the sentence lacks it, why."""
        found = [("", "", str(message)) for message in self.non_field_errors()]
        for name, messages in self.errors.items():
            if name in self.fields:
                bound: Any = self[name]
                title = "" if bound.is_hidden else str(bound.label)
                where = "" if bound.is_hidden else bound.focus_id
                found += [(where, "" if title in str(text) else title, str(text)) for text in messages]
        return found


def field_name(feature: str) -> str:
    """A feature's name among the form's fields; the prefix keeps it apart from the form's own."""
    return f"{PREFIX}{feature}"


def typed(signature: Signature, values: Mapping[str, Any]) -> dict[str, str]:
    """Values as a person would type them, by field name: what the form starts from."""
    return {field_name(f.name): _typed(values.get(f.name)) for f in signature.features}


def _typed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _field(feature: Feature) -> forms.Field:
    options: dict[str, Any] = {
        "label": feature.title,
        "help_text": text_in(feature.help),
        "required": False,
        "initial": _typed(feature.default),
    }
    choices = _choices(feature)
    if choices:
        few = len(choices) <= RADIO_AT_MOST + feature.nullable
        if not few:  # a list opens at its first line
            choices = [choices.pop() if feature.nullable else ("", _("Choose")), *choices]
        widget = forms.RadioSelect(choices=choices) if few else forms.Select(choices=choices)
        field: forms.Field = forms.CharField(widget=widget, **options)
    else:
        field = forms.CharField(widget=forms.TextInput(attrs=_attributes(feature)), **options)
    field.validators = [_storable]  # instead of Django's, which says the same in other words than the API
    field.feature = feature  # type: ignore[attr-defined]
    return field


def _storable(text: str) -> None:
    if "\x00" in text:
        raise forms.ValidationError(_("Remove the character that cannot be stored."), code="bad_character")


def _choices(feature: Feature) -> list[tuple[str, str]]:
    unknown = [("", _("I do not know"))] if feature.nullable else []
    if feature.dtype == "category":
        return [*((_typed(value), feature.category_title(value)) for value in feature.values), *unknown]
    if feature.dtype == "boolean":
        return [("true", _("Yes")), ("false", _("No")), *unknown]
    if feature.dtype == "integer" and feature.min is not None and feature.max is not None:
        numbers = range(int(feature.min), int(feature.max) + 1)
        if len(numbers) <= RADIO_AT_MOST:
            return [*((str(number), figure(number)) for number in numbers), *unknown]
    return []


def _attributes(feature: Feature) -> dict[str, str]:
    if feature.kind == "integer":
        return {"inputmode": "numeric", "autocomplete": "off"}
    return {"inputmode": "decimal" if feature.kind == "number" else "text", "autocomplete": "off"}


@dataclass(frozen=True)
class Strip:
    """Where a typed value lies in what the model saw: SVG lengths, and what a script needs to move the mark."""

    low: str
    high: str
    start: str
    end: str
    band_x: str
    band_width: str
    mark_x: str
    is_outside: bool


def _strip(seen: tuple[float, float], value: Any) -> Strip:
    low, high = seen
    margin = STRIP_MARGIN * ((high - low) or abs(high) or 1)
    start, end = low - margin, high + margin
    share = 100 / (end - start)
    position: float | None = None
    with suppress(coercion.Refused):
        position = coercion.number(value)
    mark = "" if position is None else svg_percent(min(max((position - start) * share, 1), 99))
    return Strip(
        low=repr(float(low)),
        high=repr(float(high)),
        start=repr(float(start)),
        end=repr(float(end)),
        band_x=svg_percent((low - start) * share),
        band_width=svg_percent((high - low) * share),
        mark_x=mark,
        is_outside=position is not None and not low <= position <= high,
    )
