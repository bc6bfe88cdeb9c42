"""What is filled in to ask for a comparison. What goes together is decided by the verb."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.history.forms import DayField
from predictions.models import Source
from predictions.monitoring.comparison import verbs
from predictions.monitoring.comparison.offers import Offers
from registry.forms import ActionForm
from registry.models import ModelVersion
from registry.texts import figure

DAYS = 30
YEARS = range(2000, 3000)
_NO_DATE = gettext_lazy("Enter a day like 2026-11-21.")
_NOT_THERE = gettext_lazy("This choice is not there any more. Choose again.")
_NO_BASE = gettext_lazy("Choose what the others are held against.")


class CompareForm(ActionForm):
    """Versions, period, door and number of answers. Its address may name `base` and `versions` beforehand."""

    def __init__(self, offers: Offers, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = offers
        all_of_them: list[Any] = _titled(offers.own)
        if offers.others:
            all_of_them = [(_("This model"), all_of_them), (_("Other models"), _full(offers.others))]
        self.fields["base"] = forms.ChoiceField(
            label=_("Hold against"),
            help_text=_("Usually the version in charge: every other one is compared with it."),
            choices=all_of_them,
            error_messages={"required": _NO_BASE, "invalid_choice": _NOT_THERE},
        )
        self.fields["versions"] = _boxes(_("Versions of this model to compare"), _titled(offers.own))
        if offers.others:
            self.fields["others"] = _boxes(
                _("Versions of other models, which take and answer the same"), _full(offers.others)
            )
        for name, label, day in (
            ("since", _("From the day"), today - timedelta(days=DAYS - 1)),
            ("until", _("Until the day"), today),
        ):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = DayField(
                label=label, widget=widget, initial=day, error_messages={"invalid": _NO_DATE, "required": _NO_DATE}
            )
        self.fields["source"] = forms.ChoiceField(
            label=_("Through"),
            choices=[("", _("All ways of asking")), *Source.choices],
            required=False,
            error_messages={"invalid_choice": _NOT_THERE},
        )
        sizes = [(str(most), _("the newest %(count)s") % {"count": figure(most, grouped=True)}) for most in verbs.MOST]
        self.fields["most"] = forms.ChoiceField(
            label=_("How many answers"),
            choices=sizes,
            initial=str(verbs.MOST[1]),
            error_messages={"invalid_choice": _NOT_THERE, "required": _NOT_THERE},
        )

    def clean_since(self) -> date:
        return _sensible(self.cleaned_data["since"])

    def clean_until(self) -> date:
        return _sensible(self.cleaned_data["until"])

    def chosen(self) -> list[ModelVersion]:
        """The versions of a valid form, the base first."""
        known = {one.key: one.version for one in self.offers.all}
        named = [self.cleaned_data["base"], *self.cleaned_data["versions"], *self.cleaned_data.get("others", [])]
        return [known[key] for key in dict.fromkeys(named)]

    def refuse(self, why: verbs.NotComparable) -> None:
        """Show the verb's sentences at what they are about."""
        is_shown = why.about != "versions" or len(self.offers.own) > 1
        for reason in why.reasons:
            self.add_error(why.about if is_shown else None, reason)


def initial(offers: Offers, sent: QueryDict) -> dict[str, Any]:
    """What an address names beforehand; else the version in charge, and the newest other one."""
    known = {one.key for one in offers.all}
    base = sent.get("base") if sent.get("base") in known else (offers.base.key if offers.base else "")
    wanted = [key for key in sent.getlist("versions") if key in known]
    if not wanted:
        wanted = [one.key for one in offers.own if one.key != base][:1]
    return {"base": base, "versions": wanted, "others": wanted}


def typed(sent: QueryDict) -> dict[str, Any]:
    """What a form brought, to be shown again."""
    return {name: sent.getlist(name) if name in {"versions", "others"} else sent[name] for name in sent}


def _boxes(label: str, choices: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    errors = {"invalid_choice": _NOT_THERE, "invalid_list": _NOT_THERE}
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple, error_messages=errors
    )


def _titled(offers: Iterable[Any]) -> list[tuple[str, str]]:
    return [(one.key, one.title) for one in offers]


def _full(offers: Iterable[Any]) -> list[tuple[str, str]]:
    return [(one.key, one.full_title) for one in offers]


def _sensible(day: date) -> date:
    if day.year not in YEARS:
        raise forms.ValidationError(_NO_DATE)
    return day
