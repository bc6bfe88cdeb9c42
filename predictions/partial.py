"""The rows of a question that can be asked, apart from those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictions.exceptions import InvalidInput
from registry.signature import CleanTable, Signature, printable

MOST_ERRORS = 1000  # said beside an answer; of each row at least the first
MOST_UNKNOWN = 20  # fields of a row that the model has not


@dataclass(frozen=True)
class Picked:
    """`table`: the clean rows; `places`: where each stood in the question, None when all are there; `refused`: errors."""

    table: CleanTable
    places: Sequence[int] | None = None
    refused: Sequence[dict[str, Any]] = ()

    def of(self, values: Sequence[Any]) -> Sequence[Any]:
        """What the door said of each row of the question, for the rows that are left."""
        return values if self.places is None else [values[place] for place in self.places]


def pick(signature: Signature, columns: Mapping[str, Sequence[Any]], rows: int, *, partial: bool) -> Picked:
    """Clean a question. With `partial` rows with errors are left out; the same question gives the same rows again.

    Raises InvalidInput: without `partial` for any error, with it when no row is without one.
    """
    try:
        return Picked(signature.clean(columns, rows))
    except InvalidInput as invalid:
        if not partial:
            raise
        refused = _by_row(signature, columns, invalid.errors)
    bad = {error["row"] for error in refused}
    places = [row for row in range(rows) if row not in bad]
    if not places:
        raise InvalidInput(refused)
    known = signature.names
    kept = {name: [values[place] for place in places] for name, values in columns.items() if name in known}
    return Picked(signature.clean(kept, len(places)), places, _few(refused, len(bad)))


def _by_row(
    signature: Signature, columns: Mapping[str, Sequence[Any]], errors: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Every error of every row, in the order of the rows.

    A field that the model has not is said once of a whole question; here, of each row that holds something in it. The
    columns themselves say which: an error names a field so that it can be shown, and two names may look alike then.
    """
    known, said = signature.names, [error for error in errors if error["code"] == "unknown_field"]
    found: list[dict[str, Any]] = []
    told: dict[int, int] = {}
    for name in [name for name in columns if name not in known]:
        for row, value in enumerate(columns[name]):
            if value is not None and told.get(row, 0) < MOST_UNKNOWN:
                told[row] = told.get(row, 0) + 1
                found.append({**said[0], "row": row, "field": printable(name)})
    found += [error for error in errors if error["code"] != "unknown_field"]
    return sorted(found, key=lambda error: error["row"])


def _few(refused: list[dict[str, Any]], bad: int) -> list[dict[str, Any]]:
    """Of very many errors the first of each row: a wrong column must not make an answer as large as a file."""
    if len(refused) <= MOST_ERRORS:
        return refused
    most, told, found = max(1, MOST_ERRORS // bad), dict[int, int](), []
    for error in refused:
        told[error["row"]] = told.get(error["row"], 0) + 1
        if told[error["row"]] <= most:
            found.append(error)
    return found
