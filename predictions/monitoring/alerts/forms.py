"""The rules of a model as people fill them in: a switch, a limit with its unit and a time for each, and who is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.models import AlertRule
from predictions.monitoring.alerts import rules
from predictions.monitoring.alerts.verbs import Setting
from registry import coercion
from registry.forms import ActionForm
from registry.presenters import person

ON, LIMIT, FOR, PEOPLE = "on", "limit", "for", "people"
LONGEST = 20
_LIMITS = {
    "count": gettext_lazy("As many fields or more"),
    "share": gettext_lazy("More than"),
    "seconds": gettext_lazy("More than"),
    "minutes": gettext_lazy("As many minutes or more"),
}
_LESS = gettext_lazy("Less than")
_HINTS = {
    "count": gettext_lazy("A number, like 1."),
    "share": gettext_lazy("A percentage, like 5 or 5%."),
    "seconds": gettext_lazy("Seconds, like 1.5."),
    "minutes": gettext_lazy("Minutes, like 15."),
}


@dataclass(frozen=True)
class Fields:
    """The fields of one kind; `limit` is None where it has none."""

    on: forms.BoundField
    limit: forms.BoundField | None
    wait: forms.BoundField


class RulesForm(ActionForm):
    """Rules of one model; `people` may be sent its mails."""

    def __init__(self, known: Sequence[AlertRule], people: Sequence[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        for rule in known:
            self.fields[f"{rule.kind}-{ON}"] = forms.BooleanField(label=_("Tell us about this"), required=False)
            if unit := rules.NATURES[rule.kind].unit:
                is_less = rule.kind in {AlertRule.Kind.VOLUME, AlertRule.Kind.ACCURACY}
                self.fields[f"{rule.kind}-{LIMIT}"] = _text(_LESS if is_less else _LIMITS[unit], _HINTS[unit])
            hint = _("Minutes; 0 is at once.")
            self.fields[f"{rule.kind}-{FOR}"] = _text(_("For so long before anybody is told"), hint)
        choices = [(str(user.pk), _choice(user)) for user in people]
        self.fields[PEOPLE] = forms.MultipleChoiceField(
            label=_("Who is sent a mail"),
            choices=choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages=dict.fromkeys(
                ("invalid_choice", "invalid_list"), gettext_lazy("Choose people of the list: somebody lost the right.")
            ),
        )

    def of(self, kind: str) -> Fields:
        """The fields of a kind."""
        has_limit = f"{kind}-{LIMIT}" in self.fields
        return Fields(self[f"{kind}-{ON}"], self[f"{kind}-{LIMIT}"] if has_limit else None, self[f"{kind}-{FOR}"])

    def problems(self) -> list[tuple[str, str, str]]:
        """As of every form, with the rule that a field belongs to: several are called the same."""
        kinds = {rule.kind: str(rule.get_kind_display()) for rule in self.known}
        found = []
        for name in self.fields:
            bound, kind = self[name], kinds.get(name.partition("-")[0], "")
            title = f"{kind} – {bound.label}" if kind else str(bound.label)
            where = f"{bound.auto_id}_0" if bound.use_fieldset else str(bound.auto_id)  # the first of several boxes
            found += [(where, title, str(text)) for text in bound.errors]
        return found

    def clean(self) -> None:
        """Limits and times become numbers; a rule that is switched on needs its limit."""
        for rule in self.known:
            self._read(rule.kind, FOR, rules.read_minutes)
            if f"{rule.kind}-{LIMIT}" not in self.fields:
                continue
            if self.cleaned_data.get(f"{rule.kind}-{LIMIT}"):
                self._read(rule.kind, LIMIT, partial(rules.read, rule.kind))
            elif self.cleaned_data.get(f"{rule.kind}-{ON}") and not self.errors.get(f"{rule.kind}-{LIMIT}"):
                self.add_error(f"{rule.kind}-{LIMIT}", _("Enter a limit, or switch the rule off."))

    def _read(self, kind: str, part: str, read: Callable[[str], float]) -> None:
        name = f"{kind}-{part}"
        if name in self.cleaned_data:
            try:
                self.cleaned_data[name] = read(self.cleaned_data[name])
            except coercion.Refused as refused:
                self.add_error(name, str(refused))

    def settings(self) -> dict[str, Setting]:
        """What a valid form wants, by kind."""
        data = self.cleaned_data
        return {
            rule.kind: Setting(
                data[f"{rule.kind}-{ON}"], data.get(f"{rule.kind}-{LIMIT}") or None, data[f"{rule.kind}-{FOR}"]
            )
            for rule in self.known
        }


def initial_of(known: Sequence[AlertRule], told: Sequence[int]) -> dict[str, Any]:
    """The rules as the form shows them. `told`: numbers of the people who are sent mails."""
    found: dict[str, Any] = {PEOPLE: [str(pk) for pk in told]}
    for rule in known:
        found |= {
            f"{rule.kind}-{ON}": rule.is_enabled,
            f"{rule.kind}-{LIMIT}": rules.shown(rule.kind, rule.limit),
            f"{rule.kind}-{FOR}": str(rule.for_minutes),
        }
    return found


def typed(sent: Mapping[str, Any], people: Sequence[str]) -> dict[str, Any]:
    """What was typed, to be shown again in another language."""
    return {**sent, PEOPLE: list(people)}


def _text(label: Any, hint: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    long = gettext_lazy("Shorten this to %(limit_value)d characters.")
    return forms.CharField(
        label=label,
        help_text=hint,
        required=False,
        max_length=LONGEST,
        widget=widget,
        error_messages={"max_length": long},
    )


def _choice(user: User) -> str:
    name = person(user)
    return name if user.email else _("%(who)s – has no address, so gets no mail") % {"who": name}
