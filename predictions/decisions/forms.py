"""What people fill in beside an answer."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.decisions import reasons
from predictions.models import Decision
from registry import coercion
from registry.forms import INCOMPLETE, ActionForm
from registry.signature import Signature, text_in

MOST_RADIOS = 12


class DecideForm(ActionForm):
    """A decision. `replaces`: the number of the latest one that the page showed."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("What do you decide?"),
        choices=[
            (Decision.Verdict.AGREE.value, gettext_lazy("I agree with the answer")),
            (Decision.Verdict.DISAGREE.value, gettext_lazy("I disagree")),
            (Decision.Verdict.NEED_MORE.value, gettext_lazy("I need more information")),
        ],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"),
            gettext_lazy("Choose whether you agree, disagree or need more information."),
        ),
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Main reason"),
        choices=Decision.Reason.choices,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose a reason.")),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        help_text=gettext_lazy("For whoever reads this in a year. It stays with the answer."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput, error_messages={"invalid": INCOMPLETE})

    def clean_comment(self) -> str:
        """As it will be stored."""
        try:
            return reasons.cleaned(self.cleaned_data["comment"])
        except coercion.Refused as refused:
            raise ValidationError(str(refused)) from refused

    def clean(self) -> None:
        """What goes together; the verb asks the same."""
        said = (self.cleaned_data.get(name, "") for name in ("verdict", "reason", "comment"))
        for name, sentence in reasons.problems(*said).items():
            if name not in self.errors:
                self.add_error(name, sentence)


class EstimateForm(ActionForm):
    """What somebody expects: one of the model's classes, or a number."""

    def __init__(self, signature: Signature, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signature = signature
        if signature.is_regression:
            self.fields["value"] = _value_field(signature)
        else:
            self.fields["label"] = _label_field(signature)

    def clean_value(self) -> float:
        """A finite number, with either decimal sign."""
        try:
            return coercion.number(self.cleaned_data["value"])
        except coercion.Refused as refused:
            raise ValidationError(str(refused)) from refused


def _label_field(signature: Signature) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("What do you expect?"),
        choices=[(name, signature.class_title(name)) for name in signature.class_names],
        widget=forms.RadioSelect if len(signature.class_names) <= MOST_RADIOS else forms.Select,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose what you expect.")),
    )


def _value_field(signature: Signature) -> forms.CharField:
    unit = text_in(signature.output.get("unit"))
    return forms.CharField(
        label=_("What do you expect?"),
        help_text=_("In %(unit)s.") % {"unit": unit} if unit else "",
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": _("Enter a number."), "max_length": _("Enter a number.")},
    )
