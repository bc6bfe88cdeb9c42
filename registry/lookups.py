"""What the pages of the registry may be asked in a small form: a moment, a commit, a filter."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry.hub_files import COMMIT
from registry.models import Delivery, RegisteredModel
from registry.presenters import states

FIRST_YEAR = 2000
# As a browser's field writes it, and as people and other pages do.
MOMENTS = [f"%Y-%m-%d{apart}{time}" for apart in "T " for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")]


class MomentForm(forms.Form):
    """`at`: a moment that has passed, in the time zone of the server."""

    at = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        input_formats=MOMENTS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S"),
        error_messages={
            "required": gettext_lazy("Enter a date and a time."),
            "invalid": gettext_lazy("Enter a date and a time like 2026-03-03 10:00."),
        },
    )

    def clean_at(self) -> datetime:
        """Not before models were, nor after now: what will answer then, nobody knows."""
        at: datetime = self.cleaned_data["at"]
        if at.year < FIRST_YEAR:
            raise ValidationError(_("Enter a date after %(year)d.") % {"year": FIRST_YEAR})
        if at > timezone.now():
            raise ValidationError(_("Enter a moment that has passed."))
        return at


class CommitForm(forms.Form):
    """`commit`: an older commit to import, or nothing for the head of the tracked branch or tag."""

    commit = forms.CharField(label=gettext_lazy("Commit"), required=False, max_length=200)

    def clean_commit(self) -> str:
        """Its full id in lower case."""
        commit = self.cleaned_data["commit"].lower()
        if commit and not COMMIT.fullmatch(commit):
            raise ValidationError(_("Enter all 40 hexadecimal digits of the commit."))
        return str(commit)


class DeliveryFilter(forms.Form):
    """`model`: its name; `outcome`: what came of it; either may be empty."""

    model = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = RegisteredModel.objects.order_by("name").values_list("name", flat=True)
        outcomes = [(each.value, states.OUTCOMES[each].word) for each in Delivery.Outcome]
        self.fields["model"].choices = [("", _("every model")), *((name, name) for name in names)]  # type: ignore[attr-defined]
        self.fields["outcome"].choices = [("", _("anything")), *outcomes]  # type: ignore[attr-defined]
