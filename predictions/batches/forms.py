"""What people fill in to send a file of rows, and to say how it is read."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from predictions.imports.csv_files import Dialect
from predictions.imports.forms import DialectForm
from predictions.model_cards import ModelCard
from registry.forms import ActionForm

RADIO_AT_MOST = 6
ACCEPTED = ".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UploadForm(ActionForm):
    """A file, and the model that is asked about its rows."""

    model = forms.ChoiceField(
        label=gettext_lazy("Which model do you want to ask?"),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Choose a model that is in the list.")
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("CSV or Excel file"),
        help_text=gettext_lazy("One row for each question, the names of the columns in the first row."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        error_messages=dict.fromkeys(("required", "missing"), gettext_lazy("Select a CSV or Excel file."))
        | {"invalid": gettext_lazy("The selected file could not be uploaded. Try again.")},
    )

    def __init__(self, cards: Sequence[ModelCard], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["model"]
        field.choices = [(card.name, card.title) for card in cards]
        if len(cards) <= RADIO_AT_MOST:
            field.widget = forms.RadioSelect(choices=field.choices)


class ReadingForm(DialectForm):
    """How a file is read. Of an Excel file only its first row is in question: the rest it says itself."""

    def __init__(self, dialect: Dialect, data: Any = None, *, is_excel: bool = False) -> None:
        super().__init__(data, initial=asdict(dialect) | {"header": "yes" if dialect.header else "no"})
        self.before = dialect
        header: Any = self.fields["header"]
        header.choices = [header.choices[0], ("no", gettext_lazy("a row of values"))]
        if is_excel:
            for name in ("delimiter", "decimal", "encoding"):
                del self.fields[name]

    def dialect(self) -> Dialect:
        """What was chosen; what was not, or is no choice, stays as it was."""
        self.full_clean()
        said: dict[str, Any] = dict(self.cleaned_data)
        if "header" in said:
            said["header"] = said["header"] == "yes"
        return replace(self.before, **said)
