"""What the page shows on which somebody says what the columns of a file mean."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from predictions.batches import columns_form, intake, mapping
from predictions.batches.added import first_added
from predictions.batches.columns_form import ColumnsForm
from predictions.batches.earlier import Earlier, earlier
from predictions.batches.forms import ReadingForm
from predictions.imports.csv_files import DECIMALS, DELIMITER_TITLES, ENCODINGS, Dialect
from predictions.models import Batch, Dataset
from registry import serving
from registry.presenters import title_of
from registry.signature import Signature

SAMPLES, LONGEST_SAMPLE, LOOKED_AT = 3, 40, 50  # values of a column, their characters, and rows they are taken from


@dataclass(frozen=True)
class ColumnLine:
    """A column of the file. `use`: the title of the field it is chosen for; empty where it is kept and returned only.

    `is_added`: it came from here, with the answers or the rejected rows of an earlier file.
    """

    index: int
    title: str
    samples: list[str]
    use: str
    is_key: bool
    is_added: bool


@dataclass
class ColumnsPage:
    """What each column means, as it was chosen, remembered or proposed. `sent`: the form as it came back.

    `said`: why something else did not happen. `is_kept`: the texts are those of the form, which nobody sent yet.
    """

    batch: Batch
    user: User
    sent: Any = None
    is_kept: bool = False
    said: Sequence[str] = ()

    @cached_property
    def signature(self) -> Signature:
        return serving.signature_of(self._version)

    @cached_property
    def _version(self) -> Any:
        return serving.in_charge(self.batch.model.name)[0]

    @property
    def model_title(self) -> str:
        return title_of(self._version)

    @cached_property
    def titles(self) -> list[str]:
        """What pages call the columns: their headings, with their number where that is not enough."""
        counted = list(enumerate(self.batch.headings, 1))
        numbered = [_("Column %(number)s") % {"number": number} for number, _heading in counted]
        many = {heading for heading in self.batch.headings if self.batch.headings.count(heading) > 1}
        return [
            f"{heading} ({numbered[number - 1]})" if heading in many else heading or numbered[number - 1]
            for number, heading in counted
        ]

    @cached_property
    def samples(self) -> list[list[str]]:
        """Up to three different values of each column."""
        rows = intake.samples(self.batch, rows=LOOKED_AT)
        columns = ([row[index] for row in rows if index < len(row)] for index in range(len(self.titles)))
        return [[_short(text) for text in dict.fromkeys(filter(None, column))][:SAMPLES] for column in columns]

    @cached_property
    def _twins(self) -> set[str]:
        return mapping.twins(self.batch.headings, self.signature)

    @cached_property
    def _remembered(self) -> mapping.Mapping | None:
        return mapping.remembered(self.batch.model, self.batch.headings)

    @property
    def is_remembered(self) -> bool:
        """Whether what is chosen is what was chosen for the last file with these headings."""
        return self._remembered is not None and not self.batch.mapping and self.sent is None

    @cached_property
    def datasets(self) -> list[Dataset]:
        return list(Dataset.objects.visible_to(self.user).order_by("title"))

    @cached_property
    def form(self) -> ColumnsForm:
        """The lists."""
        known: dict[str, Any] = {"data": self.sent}
        if self.sent is None or self.is_kept:
            known = {"initial": self.sent.dict() if self.sent else self._start()}
        return ColumnsForm(
            self.signature,
            titles=self.titles,
            samples=self.samples,
            digest=mapping.digest([*self.batch.headings, str(self.batch.dialect)]),
            twins=self._twins,
            datasets=self.datasets,
            **known,
        )

    def _start(self) -> dict[str, str]:
        begun = mapping.proposed(self.batch, self.signature, self._remembered)
        found = None if self.batch.mapping else mapping.set_of(self.batch, begun["key"], self.datasets)
        dataset = self.batch.dataset or found
        chosen = columns_form.start(begun, self.signature, self._twins)
        return chosen | {"dataset": dataset.name if dataset else ""}

    @property
    def dialect(self) -> Dialect:
        return Dialect(**self.batch.dialect)

    @property
    def is_excel(self) -> bool:
        return self.batch.kind == Batch.Kind.XLSX

    @cached_property
    def reading(self) -> ReadingForm:
        """How the file is read, to be changed."""
        return ReadingForm(self.dialect, self.sent, is_excel=self.is_excel)

    @property
    def read_as(self) -> list[str]:
        """The same in words."""
        known = asdict(self.dialect)
        told = {"delimiter": DELIMITER_TITLES, "decimal": DECIMALS, "encoding": ENCODINGS}
        words = [_("Excel")] if self.is_excel else [str(titles[known[name]]) for name, titles in told.items()]
        return [*words, _("Names in the first row") if known["header"] else _("No names in the first row")]

    @cached_property
    def columns(self) -> list[ColumnLine]:
        """Every column of the file, and what it is chosen for."""
        uses = {self.form.index(bound.value()): str(bound.label) for bound in self.form.lines()}
        key, end = self.form.index(self.form["key"].value()), first_added(self.batch.headings)
        return [
            ColumnLine(index, title, self.samples[index], uses.get(index, ""), index == key, index >= end)
            for index, title in enumerate(self.titles)
        ]

    @property
    def unused(self) -> list[str]:
        """Titles of the file's own columns that no field takes."""
        return [line.title for line in self._untaken if not line.is_added]

    @property
    def added(self) -> list[str]:
        """Titles of those that a download added."""
        return [line.title for line in self._untaken if line.is_added]

    @property
    def _untaken(self) -> list[ColumnLine]:
        return [line for line in self.columns if not line.use and not line.is_key]

    @cached_property
    def earlier(self) -> Earlier | None:
        """The same file, sent before."""
        return earlier(self.batch, self.user)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Lines of the summary at the top."""
        return [("", "", sentence) for sentence in self.said] + (self.form.problems() if self.form.is_bound else [])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…"
