"""The page between a file of outcomes and its being reported: how it was read, what it would do, what cannot be."""

from dataclasses import dataclass, field
from functools import cached_property

from django.utils.translation import gettext as _

from predictions.imports.csv_files import DECIMALS, DELIMITER_TITLES, ENCODINGS, listed
from predictions.outcomes.files import DATES, HEADINGS, OutcomeReading
from predictions.outcomes.forms import ReadingForm
from predictions.outcomes.planning import Plan
from registry.texts import figure

SAMPLES, LONGEST_SAMPLE = 3, 40
MENDED_HERE = {"no_model", "several_sets"}  # why rows are not taken: the sentence says what to choose


@dataclass(frozen=True)
class Trouble:
    """One thing to mend: in how many rows, and which."""

    sentence: str
    count: str
    rows: str


@dataclass(frozen=True)
class ColumnLine:
    """A column of the file and what it is taken for; `use` is empty where it is taken for nothing."""

    heading: str
    samples: list[str]
    use: str


@dataclass
class CheckPage:
    """What the page shows of a reading. `said`: why the file was not reported."""

    reading: OutcomeReading
    said: list[str] = field(default_factory=list)

    @cached_property
    def problems(self) -> list[str]:
        """Why the file cannot be reported as it is read now."""
        reading = self.reading
        plan, missing = reading.plan, reading.missing
        found = [*self.said, *map(str, reading.problems), *missing]
        if plan is not None and not found and plan.refused and not self.can_report and not plan.unchanged:
            found.append(_("No row can be reported. Mend them, or read the file in another way."))
        return found

    @property
    def plan(self) -> Plan | None:
        return self.reading.plan

    @property
    def is_open(self) -> bool:
        """Whether the choices lie open: something can be mended by another one."""
        reading, plan = self.reading, self.plan
        if plan is None:
            return True
        named = any(code in MENDED_HERE for code, _about in plan.wrong)
        return named or bool(reading.problems or (plan.refused and not self.can_report and not plan.unchanged))

    @property
    def can_report(self) -> bool:
        """Whether there is anything to write."""
        return self.plan is not None and bool(self.plan.fresh or self.plan.corrections)

    @property
    def is_known(self) -> bool:
        """Whether everything that the file says was reported before."""
        return self.plan is not None and bool(self.plan.unchanged) and not self.can_report

    @property
    def effects(self) -> list[tuple[str, str]]:
        """What there is of each kind, as titles and numbers; of the rarer kinds, where there are any."""
        plan = self.plan
        if plan is None:
            return []
        found = [
            (_("Found by the number of the answer"), plan.by_number, False),
            (_("Found by the key of the record"), plan.by_key, False),
            (_("New outcomes"), len(plan.fresh), True),
            (_("Reported otherwise before"), len(plan.corrections), False),
            (_("Reported already, left as they are"), plan.unchanged, False),
            (_("Not filled in yet"), plan.empty, False),
            (_("There twice, taken once"), plan.twice, False),
            (_("Cannot be taken"), plan.refused, False),
        ]
        return [(title, figure(number, grouped=True)) for title, number, always in found if number or always]

    @property
    def fresh(self) -> int:
        return len(self.plan.fresh) if self.plan else 0

    @property
    def corrections(self) -> int:
        return len(self.plan.corrections) if self.plan else 0

    @property
    def button(self) -> str:
        """What the button does, with its number; corrections come on top of it, where they are ticked."""
        count = {"count": figure(self.fresh or self.corrections, grouped=True)}
        if self.fresh:
            return _("Report 1 outcome") if self.fresh == 1 else _("Report %(count)s outcomes") % count
        return _("Correct 1 outcome") if self.corrections == 1 else _("Correct %(count)s outcomes") % count

    @property
    def tick(self) -> str:
        """What the tick agrees to."""
        if self.corrections == 1:
            return _("Correct the outcome that was reported otherwise before")
        text = _("Correct the %(count)s outcomes that were reported otherwise before")
        return text % {"count": figure(self.corrections, grouped=True)}

    @cached_property
    def troubles(self) -> list[Trouble]:
        """What has to be mended, the most frequent first."""
        plan = self.plan
        found = plan.problems if plan else []
        return [Trouble(one.sentence, figure(len(one.rows), grouped=True), listed(one.rows)) for one in found]

    @property
    def read_as(self) -> list[str]:
        """What was guessed or chosen, in words."""
        chosen = self.reading.dialect
        return [
            str(DELIMITER_TITLES[chosen.delimiter]),
            str(DECIMALS[chosen.decimal]),
            str(ENCODINGS[chosen.encoding]),
            str(DATES[self.reading.dates]),
            _("Names in the first row") if chosen.header else _("No names in the first row"),
        ]

    @cached_property
    def lines(self) -> list[ColumnLine]:
        """Every column."""
        sheet = self.reading.sheet
        if sheet is None:
            return []
        uses = {name: str(HEADINGS[part]) for part, name in self.reading.columns.items()}
        return [
            ColumnLine(heading, _samples(sheet.column(name)), uses.get(name, ""))
            for name, heading in zip(sheet.names, sheet.headings, strict=True)
        ]

    @cached_property
    def form(self) -> ReadingForm:
        """The choices, as they are."""
        sheet = self.reading.sheet
        return ReadingForm(
            columns=sheet.names if sheet else [],
            models=self.reading.titles,
            sets=self.reading.sets,
            initial=self.reading.chosen(),
        )


def _samples(texts: list[str]) -> list[str]:
    found = list(dict.fromkeys(text for text in texts[:500] if text))[:SAMPLES]
    return [text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…" for text in found]
