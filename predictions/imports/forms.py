"""What people fill in to import a file of records."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.imports.csv_files import DECIMALS, DELIMITER_TITLES, ENCODINGS
from predictions.imports.verbs import LONGEST_TITLE, called_already, set_called
from predictions.models import Dataset
from registry.forms import ActionForm

NEW = ""  # no set that exists has this name


class UploadForm(ActionForm):
    """A file, and the set that its records belong to."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages=dict.fromkeys(("required", "missing"), gettext_lazy("Select a CSV file."))
        | {"invalid": gettext_lazy("The selected file could not be uploaded. Try again.")},
    )
    set = forms.ChoiceField(
        label=gettext_lazy("Where the records go"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose a set of records that is in the list.")},
    )
    title = forms.CharField(
        label=gettext_lazy("Title of the new set"),
        help_text=gettext_lazy("What these records are, for example Employees. Leave it empty for a set that exists."),
        required=False,
        max_length=LONGEST_TITLE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": gettext_lazy("Shorten the title to %(limit_value)d characters.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(dataset.name, dataset.called) for dataset in Dataset.objects.order_by("title")]
        self.fields["set"].choices = [(NEW, _("A new set of records")), *known]  # type: ignore[attr-defined]
        self.fields["title"].validators = [MaxLengthValidator(LONGEST_TITLE), _printable]
        if not known:
            self.fields["set"].widget = forms.HiddenInput()
            self.fields["title"].help_text = _("What these records are, for example Employees.")

    def clean(self) -> None:
        """A new set needs a title of its own."""
        title = self.cleaned_data.get("title")
        if self.cleaned_data.get("set") != NEW or title is None:
            return
        if not title:
            self.add_error("title", _("Enter a title for the new set of records."))
        elif other := set_called(title):
            self.add_error("title", called_already(other))

    def content(self) -> bytes:
        """The bytes of the file of a form that is valid."""
        return bytes(self.cleaned_data["file"].read())


def _printable(text: str) -> None:
    if not text.isprintable():
        raise forms.ValidationError(_("Remove the character that cannot be stored."), code="bad_character")


class DialectForm(forms.Form):
    """How a file is written: the members of csv_files.Dialect."""

    delimiter = forms.ChoiceField(label=gettext_lazy("Between two cells"), choices=DELIMITER_TITLES.items)
    decimal = forms.ChoiceField(label=gettext_lazy("Decimal sign"), choices=DECIMALS.items)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=ENCODINGS.items)
    header = forms.ChoiceField(
        label=gettext_lazy("The first row holds"),
        choices=[("yes", gettext_lazy("names of the columns")), ("no", gettext_lazy("a record"))],
    )
    use_required_attribute = False


class ReadingForm(DialectForm):
    """How a file is read. It only shows what was chosen or guessed: what comes back is an address, read elsewhere."""

    title = forms.CharField(
        label=gettext_lazy("Title of the new set"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": LONGEST_TITLE}),
    )
    key = forms.ChoiceField(label=gettext_lazy("Column that tells the records apart"))
    model = forms.ChoiceField(label=gettext_lazy("Model to ask about them"))
    field_order = ("title", "key", "model")

    def __init__(
        self, *, keys: list[tuple[str, str]], models: list[tuple[str, str]], is_new: bool, initial: dict[str, str]
    ) -> None:
        super().__init__(initial=initial)
        self.fields["key"].choices = keys  # type: ignore[attr-defined]
        self.fields["model"].choices = models  # type: ignore[attr-defined]
        if not is_new:
            for name in ("title", "key", "model"):
                del self.fields[name]
