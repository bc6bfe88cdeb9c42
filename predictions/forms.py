"""A Django form built from a signature. It carries texts; what they mean is decided by the waist."""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions import asking
from predictions.models import Record
from predictions.strips import Strip, strip
from predictions.typed import PREFIX, field_name, plain, typed_value
from registry.coercion import Refused
from registry.signature import Feature, InvalidInput, Signature, text_in
from registry.texts import ends, figure

RADIO_AT_MOST = 5
INCOMPLETE = gettext_lazy("The form came back incomplete. Check it and send it again.")


class InputField(BoundField):
    """A field as the page draws it: its texts have ids, and its id is one word whatever the column is called."""

    @property
    def auto_id(self) -> str:
        """An id without spaces: other attributes list ids."""
        return re.sub(r"[^\w-]", "-", f"id_{self.html_name}")

    @property
    def aria_describedby(self) -> str:
        """Ids of the hint, the unit, the range, the warning and the error, as far as there are any."""
        texts = {
            "helptext": self.help_text,
            "unit": self.unit,
            "range": self.range_text,
            "warning": self.warning,
            "error": self.errors,
        }
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

    @property
    def warning(self) -> str:
        """What the model never saw of what was entered here; empty while nobody has asked."""
        warnings: dict[str, str] = getattr(self.form, "warnings", {})
        return warnings.get(self.feature.name, "") if self.feature else ""

    @cached_property
    def range_text(self) -> str:
        """What the model saw, as a sentence; empty where every choice was seen."""
        feature = self.feature
        if feature is None or not feature.train_range or feature.dtype == "category":
            return ""
        if self.is_scale and feature.train_range == (feature.min, feature.max):
            return ""
        low, high = ends(*feature.train_range, self.unit)
        return _("The model saw %(low)s to %(high)s.") % {"low": low, "high": high}

    @cached_property
    def strip(self) -> Strip | None:
        """The picture of the range, for a typed number."""
        feature = self.feature
        if self.use_fieldset or feature is None or not feature.train_range:
            return None
        return strip(feature.train_range, self.value())


@dataclass(frozen=True)
class Section:
    """A group of fields; `taken` are the titles of those that the record gives without showing them."""

    title: str
    fields: list[BoundField] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)


class PredictionForm(forms.Form):
    """One field per feature, optional in Django's eyes: the signature refuses in the same words for every door.

    `record`: what the question is about; `case`: the same by an earlier answer without a record. `taken`: values by
    feature that come from the record and may not be seen, so that the form has no fields for them.
    """

    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=255, error_messages={"required": INCOMPLETE})
    confirmed = forms.BooleanField(
        required=False, label=gettext_lazy("I know that the model guesses outside of what it saw")
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    use_required_attribute = False
    bound_field_class = InputField

    def __init__(
        self,
        signature: Signature,
        *args: Any,
        record: Record | None = None,
        case: asking.Case | None = None,
        taken: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.signature = signature
        self.record, self.case = record, None if record else case
        self.taken = taken or {}
        self.warnings: dict[str, str] = {}
        if signature.image is not None:
            self.fields["image"] = forms.FileField(
                label=_("Picture"),
                help_text=_("PNG or JPEG, any size, up to 5 MB."),
                required=False,
                allow_empty_file=True,
                widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
            )
        for feature in signature.features:
            if feature.name not in self.taken:
                name = field_name(feature.name)
                self.fields[name] = _field(feature, self._sent(name))

    def _sent(self, name: str) -> Any:
        """A text as it arrived, or as the form begins with it."""
        return (self.data if self.is_bound else self.initial).get(name)

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
        cleaned = {f.name: self.cleaned_data.get(field_name(f.name)) for f in self.signature.features}
        known = {name: [value] for name, value in {**cleaned, **self.taken}.items()}
        sent = (name.removeprefix(PREFIX) for name in self.data if name.startswith(PREFIX))
        return known | {name: [""] for name in sent if name not in known}

    @property
    def is_changed(self) -> bool:
        """Whether it asks about a record, or the case of an earlier answer, with other values than those had."""
        if self.signature.image is not None:
            return False
        sent = {name: values[0] for name, values in self.columns().items()}
        if self.record is None:
            return self.case is not None and self.case.is_changed(self.signature, sent)
        return bool(asking.changed(self.signature, self.record, sent))

    def refuse(self, error: InvalidInput) -> None:
        """Show the waist's errors at their fields."""
        titles = {feature.name: feature.title for feature in self.signature.features}
        for item in error.errors:
            name = item["field"] if item["field"] == "image" else field_name(item["field"])
            if name in self.fields:
                self.add_error(name, item["message"])
            elif item["field"] in self.taken:  # what is wrong with it would tell what it is
                sentence = _("“%(field)s” of this record cannot be used, and you may not see it. Ask an administrator.")
                self.add_error(None, sentence % {"field": titles[item["field"]]})
            else:
                self.add_error(None, f"{item['field']}: {item['message']}")

    def warn(self, warnings: list[dict[str, Any]]) -> None:
        """Show what the model never saw, at the top with a tick and at the fields."""
        unseen = _("The record holds a value that the model never saw. It guesses.")
        self.warnings = {w["field"]: unseen if w["field"] in self.taken else w["message"] for w in warnings}

    def warn_again(self) -> None:
        """Show the warnings of what is in the fields now, if the page that was sent showed any."""
        if self._sent("shown"):
            self.warn([found for feature in self.signature.features if (found := self._warning(feature))])

    def _warning(self, feature: Feature) -> dict[str, Any] | None:
        with suppress(Refused):
            return feature.warning(feature.clean(self._entered(feature)))
        return None

    def _entered(self, feature: Feature) -> Any:
        name = feature.name
        return self.taken[name] if name in self.taken else self[field_name(name)].value()

    @property
    def digest(self) -> str:
        """Of the values that the page warns of: a tick that was given for them holds for no others."""
        warned = [f for f in self.signature.features if f.name in self.warnings]
        values = [[f.name, f.clean(self._entered(f))] for f in warned]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest() if values else ""

    @property
    def was_shown(self) -> bool:
        """The page that was sent warned of just these values."""
        return bool(self.warnings) and self._sent("shown") == self.digest

    @property
    def is_confirmed(self) -> bool:
        """The tick was given, for just these values."""
        return self.was_shown and bool(self["confirmed"].value())

    def ask_for_tick(self) -> None:
        """Say that the tick is missing, on a page that was sent without it."""
        if self.was_shown:
            self.add_error("confirmed", _("Tick the box to go on with these values, or change them."))

    def ask_for_picture_again(self) -> None:
        """Say by the field that no page can put a file back."""
        if "image" in self.fields:
            again = _("Choose the picture again: it is not kept between two tries.")
            self["image"].help_text = f"{self['image'].help_text} {again}"

    def sections(self) -> list[Section]:
        """Groups of the manifest in order of appearance; fields without a group come last."""
        groups: dict[str, Section] = {}
        for feature in self.signature.features:
            title = text_in(feature.group)
            section = groups.setdefault(title, Section(title))
            if feature.name in self.taken:
                section.taken.append(feature.title)
            else:
                section.fields.append(self[field_name(feature.name)])
        rest = groups.pop("", Section(""))
        if self.signature.image is not None:
            rest.fields.append(self["image"])
        return [*groups.values(), *([rest] if rest.fields or rest.taken else [])]

    def problems(self) -> list[tuple[str, str, str]]:
        """The summary's lines: where a link leads ("" for nowhere), the field's title if the sentence lacks it, why."""
        found = [("", "", str(message)) for message in self.non_field_errors()]
        for name, messages in self.errors.items():
            if name in self.fields:
                bound: Any = self[name]
                has_title = not bound.is_hidden and name != "confirmed"
                title = str(bound.label) if has_title else ""
                where = "" if bound.is_hidden else bound.focus_id
                found += [(where, "" if title in str(text) else title, str(text)) for text in messages]
        return found

    def doubts(self) -> list[tuple[str, str]]:
        """The same for the warnings: where a link leads, and the sentence."""
        found = []
        for feature in self.signature.features:
            if sentence := self.warnings.get(feature.name):
                bound: Any = None if feature.name in self.taken else self[field_name(feature.name)]
                texts = {"title": feature.title, "why": sentence}
                named = sentence if feature.title in sentence else _("%(title)s: %(why)s") % texts
                found.append((bound.focus_id if bound else "", named))
        return found


def _field(feature: Feature, sent: Any) -> forms.Field:
    options: dict[str, Any] = {
        "label": feature.title,
        "help_text": text_in(feature.help),
        "required": False,
        "initial": typed_value(feature, feature.default),
    }
    choices = _choices(feature)
    if choices:
        if feature.allow_unknown and sent and sent not in dict(choices):
            choices.insert(0, (sent, str(sent)))  # a record's value, say, that the model never saw
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
        return [*((plain(value), feature.category_title(value)) for value in feature.values), *unknown]
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
