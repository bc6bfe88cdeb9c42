"""The form that describes a signature: sections, what was typed, and what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from registry import drafting, sensitivity
from registry.drafting import Field, Item
from registry.models import ModelVersion

# Labels of so many categories are asked for on one page; a request holds DATA_UPLOAD_MAX_NUMBER_FIELDS at most.
MOST_CATEGORIES = 2_000
OPEN_AT_MOST = 6  # so few features are all shown open
# Functions, for the language of the page is known when they are called.
DTYPES: dict[str, Callable[[], str]] = {
    "number": lambda: _("number"),
    "integer": lambda: _("whole number"),
    "boolean": lambda: _("yes or no"),
    "category": lambda: _("one of a list"),
    "string": lambda: _("text"),
}


@dataclass(frozen=True)
class Entry:
    """One input: a field of the signature, the text in it, and its error."""

    field: Field
    value: str
    problem: str = ""

    @property
    def id(self) -> str:
        """Unique on the page."""
        return f"id_{self.field.key}"

    @property
    def describedby(self) -> str:
        """Ids of the mark and the error, as far as there are any."""
        texts = {"inferred": self.field.inferred, "error": self.problem}
        return " ".join(f"{self.id}_{name}" for name, text in texts.items() if text)


@dataclass(frozen=True)
class Section:
    """A feature, or the answer: its inputs, and a row of inputs for each of its categories or classes."""

    item: Item
    entries: list[Entry]
    rows: list[tuple[str, list[Entry]]]
    more_rows: int = 0
    is_open: bool = False

    @property
    def title(self) -> str:
        """The label it has now, when that says more than its name."""
        texts = {entry.field.member: entry.value for entry in self.entries}
        label = texts.get(f"label_{(get_language() or 'en')[:2]}") or texts.get("label_en", "")
        return label if label != self.item.name else ""

    @property
    def dtype(self) -> str:
        """What kind of value it is; a template would take `item.dtype` for the field of that name."""
        return DTYPES.get(self.item.dtype, lambda: "")()

    @cached_property
    def problems(self) -> list[Entry]:
        """The inputs with an error."""
        return [entry for entry in self._all() if entry.problem]

    @property
    def inferred(self) -> int:
        """How many values were guessed."""
        return sum(entry.field.inferred and bool(entry.value) for entry in self.entries)

    @property
    def sensitive(self) -> str:
        """How it is marked, in words."""
        value = next((entry.value for entry in self.entries if entry.field.member == "sensitive"), "")
        return dict(sensitivity.choices()).get(value, "") if value else ""

    def _all(self) -> Iterator[Entry]:
        yield from self.entries
        for _name, entries in self.rows:
            yield from entries


class Description:
    """The page of one version. `posted` and `problems` are by the keys of registry.drafting."""

    def __init__(
        self,
        version: ModelVersion,
        *,
        posted: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
        show_all: bool = False,
    ) -> None:
        self.version, self.model = version, version.model
        self.posted, self.found = posted or {}, dict(problems or {})
        inferred = version.report.get("inferred", ()) if version.is_draft else ()
        self.form = drafting.editable(version.signature, inferred=inferred, is_draft=version.is_draft)
        self.show_all = show_all or len(self.form.features) <= OPEN_AT_MOST

    @cached_property
    def features(self) -> list[Section]:
        """In the signature's order; open when there is something wrong, or all of them."""
        lists = sum(bool(item.categories) for item in self.form.features)
        return [self._section(item, item.categories, MOST_CATEGORIES // (lists or 1)) for item in self.form.features]

    @cached_property
    def answer(self) -> Section:
        """Classes, positive class, threshold, labels."""
        return self._section(self.form.outputs, self.form.classes, MOST_CATEGORIES, always_open=True)

    @cached_property
    def image(self) -> Section | None:
        """How a picture is read."""
        return self._section(self.form.image, (), 0, always_open=True) if self.form.image else None

    def _section(self, item: Item, rows: tuple[Item, ...], most: int, *, always_open: bool = False) -> Section:
        entries = [self._entry(field) for field in item.fields]
        shown = [(row.name, [self._entry(field) for field in row.fields]) for row in rows[:most]]
        wrong = any(entry.problem for entry in [*entries, *(each for _name, row in shown for each in row)])
        return Section(item, entries, shown, len(rows) - len(shown), always_open or wrong or self.show_all)

    def _entry(self, field: Field) -> Entry:
        return Entry(field, self.posted.get(field.key, field.value), self.found.get(field.key, ""))

    def problems(self) -> list[tuple[str, str, str]]:
        """The summary's lines, as those of a form: where a link leads, the field's title, why."""
        sections = [*self.features, self.answer, *([self.image] if self.image else [])]
        at_fields = {
            entry.field.key: (entry.id, _title(section, entry), entry.problem)
            for section in sections
            for entry in section.problems
        }
        elsewhere = [("", "", why) for key, why in self.found.items() if key not in at_fields]
        return [*elsewhere, *at_fields.values()]


def _title(section: Section, entry: Entry) -> str:
    name = section.item.name or _("The answer")
    return f"{name}, {entry.field.title}"
