"""What an address of the search may ask for; what it does not name here is ignored."""

from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.history.choices import answer_choices, model_choices, people_called, username_choices
from predictions.history.segments import Inside, inside
from predictions.models import Decision, Source
from predictions.outcomes.words import day
from registry.forms import ActionForm

OTHERS = "predictions.view_prediction"
LONGEST_WORD = 200  # as long as a key may be
LARGEST_NUMBER = 2**31 - 1
LONGEST_LABEL = 255
LONGEST_NAME = 301  # a first name, a space and a last name
LONGEST_SEGMENT = 500
NAMED_AT_MOST = 5  # people in a sentence
SINCE, UNTIL = "from", "to"  # "from" is a word of Python

WAITING, UNDECIDED = "waiting", "none"
KNOWN, DUE, UNKNOWN = "known", "due", "none"
DECISIONS = [
    (WAITING, gettext_lazy("To be decided")),
    (Decision.Verdict.AGREE.value, gettext_lazy("Agree")),
    (Decision.Verdict.DISAGREE.value, gettext_lazy("Disagree")),
    (Decision.Verdict.NEED_MORE.value, gettext_lazy("Need more information")),
    (UNDECIDED, gettext_lazy("No decision, none awaited")),
]
OUTCOMES = [
    (KNOWN, gettext_lazy("Known")),
    (DUE, gettext_lazy("Due, not known yet")),
    (UNKNOWN, gettext_lazy("Not known, not due")),
]
_NOT_THERE = gettext_lazy("The address asks for something that this list has not. Choose again.")
_NO_NUMBER = gettext_lazy("The address contains a wrong number. Go back to the newest answers.")
_NO_DATE = gettext_lazy("Enter a day like 2026-11-21.")


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    errors = {"invalid_choice": _NOT_THERE}
    return forms.ChoiceField(label=label, choices=choices, required=False, error_messages=errors)


class DayField(forms.DateField):
    """A day as browsers send it, or as files of outcomes may write it: 31/12/2025 is one in every language."""

    def to_python(self, value: Any) -> Any:
        return (day(value) if isinstance(value, str) else None) or super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the field shows: a browser takes one way of writing alone, and would show others as nothing."""
        return (day(data) if isinstance(data, str) else None) or super().bound_data(data, initial)


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return DayField(label=label, required=False, widget=widget, error_messages={"invalid": _NO_DATE})


def _hidden_number() -> forms.UUIDField:
    errors = {"invalid": _NO_NUMBER}
    return forms.UUIDField(required=False, widget=forms.HiddenInput, error_messages=errors)


def _hidden_text(longest: int) -> forms.CharField:
    errors = {"max_length": _NOT_THERE}
    return forms.CharField(required=False, widget=forms.HiddenInput, max_length=longest, error_messages=errors)


class SearchForm(ActionForm):
    """The filters of one reader. `by` is there for who sees what others were answered."""

    q = forms.CharField(
        label=gettext_lazy("Number or key"),
        help_text=gettext_lazy("The whole number of an answer, a call or a file, or the whole key of a record."),
        required=False,
        max_length=LONGEST_WORD,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"max_length": gettext_lazy("Search for less: no key is as long as that.")},
    )

    inside: Inside | None

    def __init__(self, sent: Any, user: User | AnonymousUser) -> None:
        super().__init__(sent)
        anything = [("", _("No filter"))]
        self.fields["model"] = _choice(_("Model"), [*anything, *model_choices()])
        self.fields["version"] = forms.IntegerField(
            label=_("Version"),
            help_text=_("A number, of the model chosen."),
            required=False,
            min_value=1,
            max_value=LARGEST_NUMBER,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _("Enter the number of a version.")),
        )
        answers = answer_choices()
        asked = str(sent.get("answer", ""))[:LONGEST_LABEL]
        older = [(asked, asked)] if asked and asked not in dict(answers) else []  # what only an old version answered
        self.fields["answer"] = _choice(_("Answer"), [*anything, *answers, *older])
        self.fields["source"] = _choice(_("Through"), [*anything, *Source.choices])
        self.usernames: list[str] = []
        if user.has_perm(OTHERS):
            self.usernames = username_choices()
            attributes = {"list": "people", "autocomplete": "off", "spellcheck": "false"}
            self.fields["by"] = forms.CharField(
                label=_("Asked by"),
                help_text=_("A user name, or a first name, a last name or both."),
                required=False,
                max_length=LONGEST_NAME,
                widget=forms.TextInput(attrs=attributes),
                error_messages={"max_length": _("No name is as long as that.")},
            )
        self.fields[SINCE], self.fields[UNTIL] = _day(_("From the day")), _day(_("Until the day"))
        self.fields["decision"] = _choice(_("Decision"), [*anything, *DECISIONS])
        self.fields["outcome"] = _choice(_("Real outcome"), [*anything, *OUTCOMES])
        self.fields["warned"] = forms.BooleanField(label=_("With a warning"), required=False)
        self.fields["batch"], self.fields["before"] = _hidden_number(), _hidden_number()
        # Nobody types these two: figures of monitoring lead here.
        self.fields["actual"], self.fields["segment"] = _hidden_text(LONGEST_LABEL), _hidden_text(LONGEST_SEGMENT)
        self.user, self.inside = user, None
        self.asker: int | None = None  # whose name `by` is; None for nobody's

    def clean_by(self) -> str:
        """One person, by any of the names that pages show."""
        name: str = self.cleaned_data["by"]
        people = people_called(name) if name else {}
        if len(people) > 1:
            names = ", ".join(list(people)[:NAMED_AT_MOST])
            raise forms.ValidationError(
                _("Several people are called so. Enter a user name: %(names)s.") % {"names": names}
            )
        self.asker = next(iter(people.values()), None)
        return name

    def clean(self) -> None:
        """What goes together."""
        found = self.cleaned_data
        if found.get("version") and not found.get("model") and "model" not in self.errors:
            self.add_error("model", _("Choose the model that the version is of."))
        since, until = found.get(SINCE), found.get(UNTIL)
        if since and until and since > until:
            self.add_error(SINCE, _("The first day must not be after the last one."))
        if found.get("segment"):
            self.inside = inside(found["segment"], found.get("model", ""), self.user)
            if self.inside is None:
                self.add_error("model", _NOT_THERE)

    def shown(self) -> list[forms.BoundField]:
        """The fields of the panel."""
        names = ["model", "version", "answer", "decision", "outcome", "source", "by", SINCE, UNTIL]
        return [self[name] for name in names if name in self.fields]
