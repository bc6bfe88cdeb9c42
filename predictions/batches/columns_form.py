"""What the columns of a file mean: one list for each field of the model, one for the key, one for its records."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from predictions.batches.mapping import Mapping
from predictions.models import Dataset
from predictions.typed import field_name
from registry.forms import ActionForm
from registry.signature import Feature, Signature

NOT_THERE = "-"  # chosen for a field that the file has no column for
LONGEST_CHOICE = 60
_INDEX = re.compile(r"0|[1-9]\d{0,3}", re.ASCII)
Option = tuple[str, SafeString, SafeString]  # its value, as it is written, and written as the selected one


class ColumnSelect(forms.Select):
    """A list of columns. Fifty lists of two hundred are put together as text: templates would take seconds."""

    def __init__(self, options: Sequence[Option]) -> None:
        super().__init__()
        self.written = options

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        found = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        wanted = "" if value is None else str(value)
        lines = "".join(selected if key == wanted else plain for key, plain, selected in self.written)
        return mark_safe(f"<select{found}>{lines}</select>")  # noqa: S308  each part is escaped


def _option(value: str, title: str) -> Option:
    short = title if len(title) <= LONGEST_CHOICE else f"{title[:LONGEST_CHOICE]}…"
    plain, selected = '<option value="{}">{}</option>', '<option value="{}" selected>{}</option>'
    return value, format_html(plain, value, short), format_html(selected, value, short)


class ColumnField(BoundField):
    """A field of the model, or the key; its id is one word whatever the field is called."""

    @property
    def auto_id(self) -> str:
        return re.sub(r"[^\w-]", "-", f"id_{self.html_name}")

    @property
    def feature(self) -> Feature | None:
        return getattr(self.field, "feature", None)

    @property
    def is_optional(self) -> bool:
        return self.feature is None or self.feature.nullable

    @property
    def samples(self) -> list[str]:
        """What the chosen column holds in the first rows."""
        form: Any = self.form
        index = form.index(self.value())
        return [] if index is None else form.samples[index]


class ColumnsForm(ActionForm):
    """Which column each field of the model is, which one is the key, and whose records the keys are.

    `titles`: the columns as pages call them; `samples`: what each holds; `digest`: of the headings; `twins`: fields
    that several columns are called by.
    """

    bound_field_class = ColumnField

    def __init__(
        self,
        signature: Signature,
        *args: Any,
        titles: Sequence[str],
        samples: Sequence[list[str]],
        digest: str,
        twins: Container[str],
        datasets: Iterable[Dataset],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.titles, self.samples, self.digest = titles, samples, digest
        self.features = {field_name(feature.name): feature for feature in signature.features}
        self.datasets = {dataset.name: dataset for dataset in datasets}
        columns = [_option(str(index), title) for index, title in enumerate(titles)]
        choose, none = _option("", _("Choose a column")), _option(NOT_THERE, _("Not in the file"))
        for name, feature in self.features.items():
            self.fields[name] = _field(feature, [choose, *([none] if feature.nullable else []), *columns])
            if feature.name in twins:
                self.fields[name].help_text = _("Several columns of the file are called so: choose one.")
        self.fields["key"] = _key([_option("", _("No column")), *columns])
        self.fields["dataset"] = self._dataset()
        self.fields["headings"] = forms.CharField(widget=forms.HiddenInput, required=False, initial=digest)

    def _dataset(self) -> forms.Field:
        known = [(name, dataset.called) for name, dataset in self.datasets.items()]
        return forms.ChoiceField(
            label=_("Records that the key belongs to"),
            choices=[("", _("No set of records")), *known],
            required=False,
            help_text=_("Each answer then leads to the record of its key."),
            error_messages={"invalid_choice": _("Choose a set of records that is in the list.")},
        )

    def index(self, value: Any) -> int | None:
        """The column that a text is the number of, or None."""
        known = _INDEX.fullmatch(str(value)) and int(value) < len(self.titles)
        return int(value) if known else None

    def lines(self) -> list[Any]:
        """The fields of the model, those first that it cannot do without."""
        found: list[Any] = [self[name] for name in self.features]
        return sorted(found, key=lambda bound: bound.is_optional)

    def optional(self) -> list[Any]:
        """The key, and the records it belongs to where there are any."""
        return [self[name] for name in ("key", "dataset") if name == "key" or self.datasets]

    def clean(self) -> None:
        """One column is one field, and records are found by a key."""
        if self.cleaned_data.get("headings") != self.digest:
            self.add_error(None, _("The file was read anew meanwhile. Look at the columns and send them again."))
        wanted = defaultdict(list)
        for name in self.features:
            if (index := self.index(self.cleaned_data.get(name))) is not None:
                wanted[index].append(name)
        for index, names in wanted.items():
            if len(names) > 1:
                self._refuse_twice(self.titles[index], names)
        if self.cleaned_data.get("dataset") and not self.cleaned_data.get("key"):
            self.add_error("key", _("Choose the column that tells the rows apart: the records are found by it."))

    def _refuse_twice(self, title: str, names: list[str]) -> None:
        sentence = _("“%(column)s” is chosen for %(fields)s. Choose another column for all but one of them.")
        fields = ", ".join(_("“%(field)s”") % {"field": self.features[name].title} for name in names)
        for name in names:
            self.add_error(name, sentence % {"column": title, "fields": fields})

    def said(self, sent: Any) -> Mapping:
        """The mapping that came back, as far as it names columns; None for a field that is not in the file."""
        texts = {feature.name: sent.get(name) for name, feature in self.features.items()}
        known = {name: self.index(value) for name, value in texts.items() if value}
        return {"fields": known, "key": self.index(sent.get("key"))}

    def dataset(self) -> Dataset | None:
        """The set of records that was chosen; of a form that is valid."""
        return self.datasets.get(self.cleaned_data["dataset"])


def _field(feature: Feature, options: Sequence[Option]) -> forms.Field:
    if feature.nullable:
        missing = _("Choose the column of “%(field)s”, or “Not in the file”.") % {"field": feature.title}
    else:
        missing = _("Choose the column of “%(field)s”: the model needs it.") % {"field": feature.title}
    field = _list(feature.title, options, required=missing)
    field.feature = feature  # type: ignore[attr-defined]
    return field


def _key(options: Sequence[Option]) -> forms.Field:
    field = _list(_("Column that tells the rows apart"), options)
    field.help_text = _("Such as the number of an employee. It is kept with each answer.")
    return field


def _list(label: str, options: Sequence[Option], required: str = "") -> forms.Field:
    widget = ColumnSelect(options)
    errors = {"required": required, "invalid_choice": _("Choose a column that is in the list.")}
    choices = [(value, value) for value, _plain, _selected in options]
    return forms.ChoiceField(
        label=label, choices=choices, widget=widget, required=bool(required), error_messages=errors
    )


def start(mapping: Mapping, signature: Signature, twins: Container[str]) -> dict[str, str]:
    """A mapping as the form begins with it. A field without a column is not in the file, if it need not be, unless
    several columns are called so: then somebody has to choose.
    """
    begun = {}
    for feature in signature.features:
        index = mapping["fields"].get(feature.name)
        is_absent = feature.nullable and (feature.name in mapping["fields"] or feature.name not in twins)
        begun[field_name(feature.name)] = str(index) if index is not None else NOT_THERE if is_absent else ""
    return begun | {"key": "" if mapping["key"] is None else str(mapping["key"])}
