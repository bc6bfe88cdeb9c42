"""Why rows of a file got no answer, as sentences: only codes are kept, the words are made again from the cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.batches.rows import ChunkRows, columns
from predictions.models import Batch, RejectedRow
from registry.signature import InvalidInput, Signature

# What no model says of a value.
SENTENCES = {
    "ragged_long": gettext_lazy("The row has more cells than there are headings."),
    "ragged_short": gettext_lazy("The row has fewer cells than there are headings."),
    "bad_character": gettext_lazy("Remove the character that cannot be stored."),
    "cell_too_long": gettext_lazy("Shorten the cell: is a quotation mark never closed?"),
    "not_answered": gettext_lazy("The model could not answer. The question was recorded."),
    "crashed": gettext_lazy("The model stopped each time it was asked about this row."),
}


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong with a row. `place`: the column of the file, if one is meant; `field`: what it is called."""

    sentence: str
    field: str = ""
    place: int | None = None

    def __str__(self) -> str:
        """The sentence behind the field."""
        texts = {"title": self.field, "why": self.sentence}
        return _("%(title)s: %(why)s") % texts if self.field else self.sentence


def told(why: Sequence[Reason]) -> str:
    """All that is wrong with a row in one cell: each with its field, unless there is one reason, beside its field."""
    if len(why) < 2:
        return "".join(reason.sentence for reason in why)
    return _("; ").join(str(reason).rstrip(".") for reason in why) + "."


class Reasons:
    """The sentences of one batch, in the language that is active when they are made."""

    def __init__(self, batch: Batch, signature: Signature) -> None:
        self.batch, self.signature = batch, signature
        self.places: dict[str, int] = batch.mapping.get("fields", {})
        self._titles = {feature.name: feature.title for feature in signature.features}

    def of(self, rejected: Sequence[RejectedRow]) -> list[list[Reason]]:
        """For each of these rows everything that was found, in the order it was kept."""
        said = self._said([row for row in rejected if _is_about_values(row)])
        return [[self._reason(row, error, said) for error in row.errors] for row in rejected]

    def _said(self, rejected: Sequence[RejectedRow]) -> dict[tuple[int, str], str]:
        """(row of the file, feature) -> what the model says of the value now."""
        if not rejected:
            return {}
        rows = ChunkRows([row.first for row in rejected], [row.line for row in rejected], [*map(_cells, rejected)], {})
        try:
            self.signature.clean(columns(rows, self.batch, self.signature), len(rejected))
        except InvalidInput as invalid:
            return {(rejected[error["row"]].first, error["field"]): error["message"] for error in invalid.errors}
        return {}

    def _reason(self, row: RejectedRow, error: dict[str, Any], said: dict[tuple[int, str], str]) -> Reason:
        name, code = error["field"], error["code"]
        sentence = said.get((row.first, name)) or str(SENTENCES.get(code, _("This value was refused.")))
        place = self.places.get(name)
        known = place is not None and place < len(self.batch.headings)
        called = self.batch.headings[place] if known else self._titles.get(name, name)
        return Reason(sentence, called, place)


def _is_about_values(row: RejectedRow) -> bool:
    return any(error["code"] not in SENTENCES for error in row.errors)


def _cells(row: RejectedRow) -> list[str]:
    cells: list[str] = row.cells
    return cells
