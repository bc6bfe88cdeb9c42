"""One version asked about recorded inputs. Nothing is recorded or counted: that is the waist's, for who is answered."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from predictions.exceptions import AWAY
from predictions.monitoring.comparison.alike import takes_the_same
from registry import labels, runtimes, serving
from registry.models import ModelVersion
from registry.runtimes.base import Columns, RuntimeFailed
from registry.signature import InvalidInput, Signature

REFUSED = "refused"
SMALL = 50  # rows that are asked about at once where more of them failed
HOPELESS = 3  # so many small calls in a row
CLOSE = 0.01  # values that differ by less are the same answer
LONGEST = 255  # of a label, as it is stored


@dataclass
class Replayed:
    """What a version answers, row by row: a label ("" for a value) and a score, or None and why.

    `seconds`: that the runtime took for `asked` rows; `failure`: what it said last when it could not.
    """

    labels: list[str]
    scores: list[float | None]
    problems: list[str]
    seconds: float = 0.0
    asked: int = 0
    failure: str = ""

    @classmethod
    def none(cls, rows: int) -> "Replayed":
        return cls([""] * rows, [None] * rows, [REFUSED] * rows)

    @property
    def failed(self) -> int:
        """How many rows the runtime could not answer."""
        return sum(problem not in {"", REFUSED} for problem in self.problems)

    @property
    def answered(self) -> int:
        return sum(not problem for problem in self.problems)

    def put(self, rows: Sequence[int], outputs: Sequence[dict[str, Any]]) -> None:
        """The answers to some of the rows."""
        for row, output in zip(rows, outputs, strict=True):
            self.labels[row], self.scores[row] = output.get("label", "")[:LONGEST], output["score"]
            self.problems[row] = ""

    def fail(self, rows: Sequence[int], failed: RuntimeFailed) -> None:
        """That some of the rows got no answer."""
        self.failure = str(failed)
        for row in rows:
            self.problems[row] = failed.kind


def replay(version: ModelVersion, records: Sequence[dict[str, Any]], asked: Sequence[Signature]) -> Replayed:
    """Ask a version about recorded inputs; `asked`: under which signature each of them was clean.

    Raises RuntimeFailed of a kind in AWAY: that says nothing about the rows.
    """
    signature = serving.signature_of(version)
    found = Replayed.none(len(records))
    rows, columns = _clean(signature, records, asked)
    if rows:
        _ask(version, signature, rows, columns, found)
    return found


def is_changed(base: Replayed, other: Replayed, row: int) -> bool:
    """Whether two versions give another answer; not so where one of them gave none."""
    one, two = base.scores[row], other.scores[row]
    if one is None or two is None:
        return False
    if base.labels[row] or other.labels[row]:
        return base.labels[row] != other.labels[row]
    return not math.isclose(one, two, rel_tol=CLOSE, abs_tol=1e-9)


def _clean(
    signature: Signature, records: Sequence[dict[str, Any]], asked: Sequence[Signature]
) -> tuple[list[int], Columns]:
    """The rows that the version takes, and their columns."""
    kinds = {id(one): takes_the_same(signature, one) for one in {id(one): one for one in asked}.values()}
    rows = list(range(len(records)))
    if all(kinds.values()):
        return rows, signature.arrays(records)
    if signature.image is not None:  # what was made of a picture cannot be made anew
        rows = [row for row in rows if kinds[id(asked[row])]]
        return rows, signature.arrays([records[row] for row in rows]) if rows else {}
    try:
        return rows, _cleaned(signature, records)
    except InvalidInput as invalid:
        wrong = {error["row"] for error in invalid.errors}
    rows = [row for row in rows if row not in wrong]
    return rows, _cleaned(signature, [records[row] for row in rows]) if rows else {}


def _cleaned(signature: Signature, records: Sequence[dict[str, Any]]) -> Columns:
    """Raises InvalidInput."""
    columns = {one.name: [record.get(one.name) for record in records] for one in signature.features}
    return signature.clean(columns, len(records)).columns


def _ask(version: ModelVersion, signature: Signature, rows: Sequence[int], columns: Columns, found: Replayed) -> None:
    """All rows at once; where that fails, a few at a time, until it is hopeless."""
    try:
        _answer(version, signature, rows, columns, found)
    except RuntimeFailed as failed:
        if failed.kind in AWAY:
            raise
        found.fail(rows, failed)
        if len(rows) > SMALL:
            _ask_few(version, signature, rows, columns, found)


def _ask_few(
    version: ModelVersion, signature: Signature, rows: Sequence[int], columns: Columns, found: Replayed
) -> None:
    failures = 0
    for start in range(0, len(rows), SMALL):
        few = slice(start, start + SMALL)
        try:
            _answer(version, signature, rows[few], {name: column[few] for name, column in columns.items()}, found)
        except RuntimeFailed as failed:
            if failed.kind in AWAY:
                raise
            found.fail(rows[few], failed)
            failures += 1
            if failures >= HOPELESS:
                return
        else:
            failures = 0


def _answer(
    version: ModelVersion, signature: Signature, rows: Sequence[int], columns: Columns, found: Replayed
) -> None:
    """Raises RuntimeFailed."""
    runtime = runtimes.load(version)
    begun = time.perf_counter()
    scores = runtime.predict(columns, len(rows))
    found.seconds += time.perf_counter() - begun
    found.asked += len(rows)
    found.put(rows, labels.outputs(signature, scores))
