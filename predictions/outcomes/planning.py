"""What a file of outcomes would do: which rows are new, which correct what is known, and which cannot be taken."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from predictions.imports.csv_files import LONGEST_KEY, Problem, Sheet
from predictions.models import Dataset
from predictions.outcomes import matching, sentences
from predictions.outcomes.matching import Found
from predictions.outcomes.words import Said, Vocabulary, day
from predictions.outcomes.writing import Report
from registry import serving
from registry.models import ModelVersion, RegisteredModel


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a file is meant: which columns hold what ("" for none), and whose answers the keys mean."""

    number: str = ""
    key: str = ""
    outcome: str = ""
    observed: str = ""
    model: RegisteredModel | None = None
    dataset: Dataset | None = None
    decimal: str = "point"
    month_first: bool = False


@dataclass
class Plan:
    """What each row comes to. `rows`: how many the file has; `unchanged`, `empty` and `twice` are left alone."""

    rows: int = 0
    fresh: list[Report] = field(default_factory=list)
    corrections: list[Report] = field(default_factory=list)
    unchanged: int = 0
    empty: int = 0
    twice: int = 0
    by_number: int = 0
    by_key: int = 0
    # (code of a sentence, what it needs besides) -> rows of the spreadsheet
    wrong: dict[tuple[str, Hashable], list[int]] = field(default_factory=lambda: defaultdict(list))

    @cached_property
    def problems(self) -> list[Problem]:
        """Why rows are not taken, the most frequent reason first."""
        found = sorted(self.wrong.items(), key=lambda item: -len(item[1]))
        return [Problem(sentences.why(code, about), sorted(rows)) for (code, about), rows in found]

    @property
    def refused(self) -> int:
        """How many rows are not taken."""
        return sum(map(len, self.wrong.values()))

    @cached_property
    def digest(self) -> str:
        """What the plan would write, as one text: whoever agreed to it agreed to no other."""
        told = sorted(
            f"{report.prediction} {report.said} {report.observed} {report.replaces}"
            for report in (*self.fresh, *self.corrections)
        )
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


@dataclass
class _Row:
    """A row that says something. `line`: its row in the spreadsheet."""

    line: int
    number: str
    key: str
    outcome: str
    observed: date
    meant: UUID | None = None


def plan(sheet: Sheet, choices: Choices, *, by: User) -> Plan:
    """Look at every row, and write nothing. As many statements per 5 000 rows as for one."""
    made = Plan(rows=len(sheet.rows))
    rows = _read(sheet, choices, made)
    _find(rows, choices, made, by)
    answers = matching.by_number({row.meant for row in rows if row.meant}, user=by)
    _sort(rows, answers, choices, made)
    return made


def _read(sheet: Sheet, choices: Choices, made: Plan) -> list[_Row]:
    """The rows that could mean something, with the day on which it was observed."""
    today, empty = timezone.localdate(), [""] * len(sheet.rows)
    names = (choices.number, choices.key, choices.outcome, choices.observed)
    columns = [sheet.column(name) if name else empty for name in names]
    days = {text: day(text, month_first=choices.month_first) for text in set(columns[3])}
    found = []
    for line, number, key, outcome, observed in zip(sheet.rows, *columns, strict=True):
        if not outcome and not observed:
            made.empty += 1
        elif code := _unread(number or key, outcome, observed, days[observed], today):
            made.wrong[code, ""].append(line)
        else:
            found.append(_Row(line, number, key, outcome, days[observed] or today))
    return found


def _unread(who: str, outcome: str, observed: str, when: date | None, today: date) -> str:
    """What is wrong with a row before anybody looks for its answer; nothing when nothing is."""
    if not who:
        return "nobody"
    if not outcome:
        return "no_outcome"
    if not observed:
        return "no_day"
    if when is None:
        return "bad_day"
    return "future" if when > today else ""


def _find(rows: list[_Row], choices: Choices, made: Plan, by: User) -> None:
    """Which answer each row means: its number says so, or its key, the day and the model."""
    keyed = []
    for row in rows:
        if not row.number and len(row.key) <= LONGEST_KEY:
            keyed.append(row)
        elif (row_number := number_of(row.number)) is not None:
            row.meant = row_number
        else:
            made.wrong["bad_number" if row.number else "unknown_key", ""].append(row.line)
    if choices.model is None:
        for row in keyed:
            made.wrong["no_model", ""].append(row.line)
        return
    keys = [(row.key, row.observed) for row in keyed]
    found = matching.by_key(keys, model=choices.model, dataset=choices.dataset, user=by)
    for place, (row, number) in enumerate(zip(keyed, found.numbers, strict=True)):
        if number is None:
            made.wrong["late_key" if place in found.late else "unknown_key", ""].append(row.line)
        elif place in found.several:
            made.wrong["several_sets", ""].append(row.line)
        else:
            row.meant = number


def number_of(text: str) -> UUID | None:
    """The number of an answer, as it is written; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _sort(rows: list[_Row], answers: dict[UUID, Found], choices: Choices, made: Plan) -> None:
    """Into new ones, corrections, those that are known, and those that cannot be."""
    versions = {answer.version for answer in answers.values()}
    words = _Words(versions, choices.decimal)
    told: dict[UUID, list[tuple[_Row, Report]]] = defaultdict(list)
    for row in rows:
        if row.meant is None:
            continue
        answer = answers.get(row.meant)
        said = words.meant(answer.version, row.outcome) if answer else None
        if answer and said and not (code := _impossible(row, answer)):
            told[answer.number].append((row, Report(answer.number, said, row.observed, _known(answer))))
        elif answer is None:
            made.wrong["unknown_number", ""].append(row.line)
        elif said is None:
            made.wrong["unknown_outcome", words.allowed(answer.version)].append(row.line)
        else:
            made.wrong[code, ""].append(row.line)
    for number, found in told.items():
        _settle(found, answers[number], made)


def _impossible(row: _Row, answer: Found) -> str:
    if row.number and row.key and answer.key and row.key != answer.key:
        return "other_key"
    return "before" if row.observed < answer.answered else ""


def _known(answer: Found) -> UUID | None:
    return answer.known.number if answer.known else None


def _settle(found: list[tuple[_Row, Report]], answer: Found, made: Plan) -> None:
    """What the rows about one answer come to: they say one thing, or nobody knows what is meant."""
    if len({report for _row, report in found}) > 1:
        for row, _report in found:
            made.wrong["contradiction", ""].append(row.line)
        return
    (row, report), known = found[0], answer.known
    made.twice += len(found) - 1
    made.by_number += bool(row.number)
    made.by_key += not row.number
    if known is None:
        made.fresh.append(report)
    elif not known.is_withdrawn and (Said(known.label, known.value), known.observed) == (report.said, report.observed):
        made.unchanged += 1
    else:
        made.corrections.append(report)


class _Words:
    """What outcomes may be called, per version; each text is looked up once."""

    def __init__(self, versions: set[int], decimal: str) -> None:
        found = ModelVersion.objects.defer("report", "metadata").in_bulk(list(versions))
        self._words = {pk: Vocabulary(serving.signature_of(one), decimal) for pk, one in found.items()}
        self._meant: dict[tuple[int, str], Said | None] = {}

    def meant(self, version: int, text: str) -> Said | None:
        if (version, text) not in self._meant:
            self._meant[version, text] = self._words[version].meant(text)
        return self._meant[version, text]

    def allowed(self, version: int) -> str:
        """What may be said, in the reader's language."""
        return ", ".join(self._words[version].titles())
