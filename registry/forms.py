"""What people fill in to act on a model: a reason, a decision, the settings. What it means is decided by the verbs."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry import measures
from registry.models import RegisteredModel

LONGEST_REASON = 2_000
FLOOR = "floor-"
# The number of the ledger's latest entry when the page was made: it travels with the form.
INCOMPLETE = gettext_lazy("The form came back incomplete. Check it and send it again.")


class ActionForm(forms.Form):
    """A form whose errors are summed up at the top of its page."""

    use_required_attribute = False

    def problems(self) -> list[tuple[str, str, str]]:
        """The summary's lines: where a link leads ("" for nowhere), the field's title if the sentence lacks it, why."""
        found = [("", "", str(message)) for message in self.non_field_errors()]
        for name in self.fields:
            bound = self[name]
            title, where = ("", "") if bound.is_hidden else (str(bound.label), _focus(bound))
            said = [(str(text), title.casefold() in str(text).casefold()) for text in bound.errors]
            found += [(where, "" if is_named else title, text) for text, is_named in said]
        return found


def _focus(bound: forms.BoundField) -> str:
    """Where a link to a field leads: for radio buttons, to the first one."""
    return f"{bound.auto_id}_0" if bound.use_fieldset else str(bound.auto_id)


def reason_field(label: Any, help_text: Any, missing: Any = "") -> forms.CharField:
    """A few lines of text that stay in the ledger; `missing`: the sentence when there are none, "" if there may be."""
    errors = {
        "required": missing,
        "max_length": gettext_lazy("Shorten the reason to %(limit_value)d characters; it has %(show_value)d."),
    }
    widget = forms.Textarea(attrs={"rows": 4})
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=bool(missing),
        max_length=LONGEST_REASON,
        widget=widget,
        error_messages=errors,
    )


class ReasonForm(ActionForm):
    """Why a version should be put in charge, and the state of the model that it was compared with."""

    reason = reason_field(
        gettext_lazy("Why"),
        gettext_lazy("Somebody will read this in a year. It stays in the ledger."),
        gettext_lazy("Say why: a promotion needs a reason."),
    )
    seen = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=0,
        max_value=2**31 - 1,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), INCOMPLETE),
    )


class DecisionForm(ActionForm):
    """What a second person decides about a request, or its requester."""

    VERDICTS = ("approve", "decline", "withdraw")

    reason = reason_field(
        gettext_lazy("Your reason"), gettext_lazy("Needed to decline. Who asked will read it, and it is kept.")
    )
    verdict = forms.ChoiceField(
        choices=[(name, name) for name in VERDICTS],
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid_choice"), INCOMPLETE),
    )

    def clean(self) -> None:
        """Who is declined is told why."""
        if self.cleaned_data.get("verdict") == "decline" and self.cleaned_data.get("reason") == "":
            self.add_error("reason", _("Say why you decline: who asked will read it."))


class StopForm(ActionForm):
    """Why a model is stopped, or may answer again. `wanted` is sent, so that a second click turns nothing round."""

    reason = reason_field(
        gettext_lazy("Why"),
        gettext_lazy("It stays in the ledger, with your name."),
        gettext_lazy("Say why: the ledger needs a reason."),
    )
    wanted = forms.ChoiceField(
        choices=[("suspend", "suspend"), ("resume", "resume")],
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid_choice"), INCOMPLETE),
    )


class SettingsForm(ActionForm):
    """How a model is looked after. What goes together is decided by registry.oversight."""

    is_high_risk = forms.BooleanField(
        label=gettext_lazy("This model is high-risk"),
        help_text=gettext_lazy("Its answers weigh on people’s lives: work, credit, health, schooling."),
        required=False,
    )
    approval = forms.ChoiceField(
        label=gettext_lazy("Who puts a version in charge"),
        choices=[
            ("one", gettext_lazy("One person, with a reason")),
            ("two", gettext_lazy("Two people: one asks, another approves")),
        ],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Choose how many people a promotion takes.")
        ),
    )
    auto_promote = forms.BooleanField(
        label=gettext_lazy("Promote a new version by itself"),
        help_text=gettext_lazy(
            "Only when nothing breaks, every golden row comes out as promised and each floor holds."
        ),
        required=False,
    )
    poll_minutes = forms.CharField(
        label=gettext_lazy("Minutes between two looks at the Hub"),
        help_text=gettext_lazy("0 is never: then only webhooks and the button bring new versions."),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    outcome_days = forms.CharField(
        label=gettext_lazy("Days until the outcome is known"),
        help_text=gettext_lazy(
            "From then on it is asked what really happened: new answers are due after so many days. Empty is never."
        ),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    proposed = forms.CharField(widget=forms.HiddenInput, required=False, max_length=1)

    def __init__(self, metrics: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        """`metrics`: name of a metric -> its value today as text, "" where nothing is known of it."""
        super().__init__(*args, **kwargs)
        for name, value in metrics.items():
            known = (
                _("Today %(value)s.") % {"value": value} if value else _("The version in charge has no such metric.")
            )
            self.fields[f"{FLOOR}{name}"] = forms.CharField(
                label=measures.plain(name),
                help_text=known,
                required=False,
                max_length=40,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def floors(self) -> list[forms.BoundField]:
        """The fields of the metric floors."""
        return [self[name] for name in self.fields if name.startswith(FLOOR)]

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Show the verb's sentences at their fields."""
        for name, sentence in problems.items():
            self.add_error(name if name in self.fields else None, sentence)


def settings_of(model: RegisteredModel, floors: Iterable[str]) -> dict[str, Any]:
    """The settings as a form shows them; a floor that is not set is empty."""
    names = ("is_high_risk", "approval", "auto_promote", "poll_minutes", "outcome_days")
    kept = {f"{FLOOR}{name}": _plain(model.metric_floors.get(name)) for name in floors}
    return {name: getattr(model, name) for name in names} | kept


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:.12g}"
