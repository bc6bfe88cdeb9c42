"""What people fill in to report what happened, by hand or by a file."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.imports.forms import DialectForm
from predictions.imports.forms import UploadForm as RecordsUploadForm
from predictions.models import Outcome, Prediction
from predictions.outcomes.files import DATES
from predictions.outcomes.verbs import LONGEST_COMMENT
from predictions.outcomes.words import Vocabulary, day
from registry import coercion, serving
from registry.forms import INCOMPLETE, ActionForm
from registry.signature import text_in

RADIOS = 5  # classes that are shown as radio buttons; more become a list
BACK = [("", ""), ("list", "list")]  # where sending it leads: to the record, or to the list it was opened from


class ClassField(forms.ChoiceField):
    """A class of the model, by itself or as it is called in any language."""

    def __init__(self, vocabulary: Vocabulary, **more: Any) -> None:
        self.vocabulary = vocabulary
        signature = vocabulary.signature
        choices = [(name, signature.class_title(name)) for name in signature.class_names]
        widget = forms.RadioSelect() if len(choices) <= RADIOS else forms.Select()
        blank = [] if len(choices) <= RADIOS else [("", _("Choose"))]
        super().__init__(choices=[*blank, *choices], widget=widget, **more)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return self.vocabulary.class_of(text) or text


class DayField(forms.CharField):
    """A day as the browser's calendar sends it, or as people write it."""

    def clean(self, value: Any) -> date:
        text = super().clean(value)
        found = day(text)
        if found is None:
            raise forms.ValidationError(_("Write the day as 31/12/2025 or 2025-12-31."), code="invalid")
        return found


class _Refusing(ActionForm):
    def refuse(self, problems: dict[str, str]) -> None:
        """Show the verb's sentences at their fields."""
        for name, sentence in problems.items():
            self.add_error(name if name in self.fields else None, sentence)


class OutcomeForm(_Refusing):
    """What became of one answer. `replaces`: the outcome that was shown as the latest, which this one corrects."""

    observed_date = DayField(
        label=gettext_lazy("Observed on"),
        help_text=gettext_lazy("The day it happened or was seen, not the day you report it."),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter the day on which it was observed.")},
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment (optional)"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": gettext_lazy("Shorten the comment to %(limit_value)d characters.")},
    )
    replaces = forms.UUIDField(
        widget=forms.HiddenInput, required=False, error_messages=dict.fromkeys(("invalid",), INCOMPLETE)
    )
    back = forms.ChoiceField(choices=BACK, widget=forms.HiddenInput, required=False)

    def __init__(self, prediction: Prediction, latest: Outcome | None, *args: Any, **kwargs: Any) -> None:
        """`latest`: what the fields begin with."""
        kwargs.setdefault("auto_id", "outcome_%s")  # the record's page has other forms
        super().__init__(*args, **kwargs)
        self.signature = serving.signature_of(prediction.version)
        self._add_said(latest)
        answered = timezone.localdate(prediction.created_at)
        limits = {"type": "date", "min": answered.isoformat(), "max": timezone.localdate().isoformat()}
        self.fields["observed_date"].widget = forms.TextInput(attrs=limits)
        self.order_fields(["label", "value"])
        self.initial = {**self._begin(latest), **self.initial}

    def _add_said(self, latest: Outcome | None) -> None:
        """The field of a class, or of a value."""
        if not self.signature.is_regression:
            self.fields["label"] = ClassField(
                Vocabulary(self.signature),
                label=_("What really happened"),
                error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose what happened.")),
            )
            return
        unit = text_in(self.signature.output.get("unit"))
        self.fields["value"] = forms.CharField(
            label=_("The value that came about"),
            help_text=_("In %(unit)s.") % {"unit": unit} if unit else "",
            max_length=40,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            error_messages={"required": _("Enter the value that came about, as a number.")},
        )

    @staticmethod
    def _begin(latest: Outcome | None) -> dict[str, Any]:
        if latest is None or latest.is_withdrawn:
            return {"replaces": latest.pk if latest else None}
        begun = {"label": latest.label, "value": _written(latest.value), "comment": latest.comment}
        return begun | {"observed_date": latest.observed_date.isoformat(), "replaces": latest.pk}

    def clean_value(self) -> float:
        """A number as people write it."""
        try:
            return coercion.number(self.cleaned_data["value"])
        except coercion.Refused as refused:
            raise forms.ValidationError(str(refused), code=refused.code) from refused


def _written(value: float | None) -> str:
    """A number with all of its digits and the decimal sign of the language."""
    return "" if value is None else repr(value).removesuffix(".0").replace(".", get_format("DECIMAL_SEPARATOR"))


class WithdrawForm(_Refusing):
    """A report taken back: of what is sent with the other form, only why, and which one."""

    comment = OutcomeForm.base_fields["comment"]
    replaces = OutcomeForm.base_fields["replaces"]
    back = OutcomeForm.base_fields["back"]


class UploadForm(ActionForm):
    """A file of outcomes."""

    file = RecordsUploadForm.base_fields["file"]

    def content(self) -> bytes:
        """The bytes of the file of a form that is valid."""
        return bytes(self.cleaned_data["file"].read())


class ReadingForm(DialectForm):
    """How a file is read. It only shows what was chosen or guessed: what comes back is an address, read elsewhere."""

    number = forms.ChoiceField(label=gettext_lazy("Column with the numbers of the answers"))
    key = forms.ChoiceField(label=gettext_lazy("Column with the keys of the records"))
    outcome = forms.ChoiceField(label=gettext_lazy("Column that says what really happened"))
    observed = forms.ChoiceField(label=gettext_lazy("Column with the days it was observed"))
    model = forms.ChoiceField(
        label=gettext_lazy("Model that was asked"), help_text=gettext_lazy("For rows that have a key and no number.")
    )
    set = forms.ChoiceField(
        label=gettext_lazy("Set of records"), help_text=gettext_lazy("For rows that have a key and no number.")
    )
    dates = forms.ChoiceField(label=gettext_lazy("Days"), choices=DATES.items)
    field_order = ("number", "key", "outcome", "observed", "model", "set", "dates")

    def __init__(
        self, *, columns: list[str], models: dict[str, str], sets: dict[str, str], initial: dict[str, str]
    ) -> None:
        super().__init__(initial=initial)
        for name in ("number", "key", "outcome", "observed"):
            self._offer(name, _("No column"), {column: column for column in columns})
        self._offer("model", _("Choose"), models)
        self._offer("set", _("Any set"), sets)

    def _offer(self, name: str, nothing: str, choices: dict[str, str]) -> None:
        self.fields[name].choices = [("", nothing), *choices.items()]  # type: ignore[attr-defined]
