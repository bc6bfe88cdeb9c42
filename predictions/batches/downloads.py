"""What comes back of a file: its answers, and the rows that got none, written as the file itself was.

For people in the words of the pages; `for_programs` under fixed names, and the same in every language.
Lines are made when the request is over: they are read a few hundred at a time, and the language is kept.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from predictions import masking
from predictions.batches.answer_columns import AnswerColumns, ForPeople, ForPrograms
from predictions.batches.own_columns import Cells, OwnFile, own_width
from predictions.batches.reasons import Reason, Reasons, told
from predictions.imports import wording
from predictions.imports.csv_files import Dialect
from predictions.models import Batch, BatchChunk, BatchPart, Prediction, RejectedRow
from predictions.spreadsheets import BOM, Style, apart, safe_cell
from registry import serving
from registry.signature import Signature

AT_ONCE = 500  # rejected rows
BLOCK = 200  # lines
LONGEST_REST = 1000  # characters of what a row has beyond its columns


def style_of(batch: Batch, *, for_programs: bool = False) -> Style:
    """As the file was written; in the language of the reader where it was no text: then nobody chose it."""
    if batch.kind == Batch.Kind.XLSX:
        return Style(",", ".") if for_programs else Style.of_language()
    return Style.of_file(Dialect(**batch.dialect))


def file_name(batch: Batch, what: str) -> str:
    """A name for a download, from nothing that somebody typed."""
    return f"{batch.model.name}-{timezone.localtime(batch.created_at):%Y-%m-%d}-{what}.csv"


def signature_of(batch: Batch) -> Signature:
    """What the version says that the batch is pinned to."""
    return serving.signature_of(batch.version)  # type: ignore[arg-type]  # pinned before anything was checked


def blocks(lines: Iterator[str]) -> Iterator[str]:
    """Some lines at a time: each piece of a response is sent by itself."""
    while block := "".join(islice(lines, BLOCK)):
        yield block


# The answers


def results_lines(batch: Batch, user: User | AnonymousUser, *, for_programs: bool = False) -> Iterator[str]:
    """A line for each answer, in the order of the file, with the file's own columns if they are there to be seen.

    Otherwise with the fields that the answers were made from, but those that this person may not see.
    """
    columns: type[AnswerColumns] = ForPrograms if for_programs else ForPeople
    style = style_of(batch, for_programs=for_programs)
    if has_own_columns(batch, user):
        own = OwnFile(batch, signature_of(batch), style, columns)
        return chain([own.first()], own.lines())
    file = columns(signature_of(batch), hidden_from(batch, user), style)
    return chain([file.first()], _answers(batch, file))


def has_own_columns(batch: Batch, user: User | AnonymousUser) -> bool:
    """Whether the answers come back beside everything else in the file: while it is kept, to who may see all of it."""
    return sees_all(batch, user) and BatchPart.objects.filter(batch=batch, number=0).exists()


def _answers(batch: Batch, file: AnswerColumns) -> Iterator[str]:
    done = BatchChunk.objects.filter(batch=batch, status=BatchChunk.Status.DONE, request_id__isnull=False)
    for first, rows, call in list(done.order_by("first").values_list("first", "rows", "request_id")):
        answers = Prediction.objects.of_call(call)  # type: ignore[arg-type]  # those without one are left out
        yield from file.rows(answers, _answered(batch, range(first, first + rows)))


def _answered(batch: Batch, rows: range) -> Iterator[int]:
    """Which of these rows got an answer, the first row of a file being 1."""
    among = RejectedRow.objects.filter(batch=batch, first__gte=rows.start, first__lt=rows.stop)
    without = set(among.values_list("first", flat=True))
    return (row + 1 for row in rows if row not in without)


# The rows without one


def rejected_lines(batch: Batch, user: User | AnonymousUser, *, for_programs: bool = False) -> Iterator[str]:
    """A line for each row that got no answer, as it was sent, and behind it why, and which column is meant."""
    kind = RejectedForPrograms if for_programs else RejectedFile
    file = kind(batch, None if sees_all(batch, user) else hidden_from(batch, user))
    return chain([file.first()], file.lines())


class RejectedFile:
    """The file's own columns, then the reason and the field. It can be mended and sent again."""

    for_programs = False

    def __init__(self, batch: Batch, hidden: frozenset[str] | None) -> None:
        """`hidden`: the fields that are left out, with the columns that mean none; None for everything."""
        self.batch, self.language = batch, get_language()
        self.style = style_of(batch, for_programs=self.for_programs)
        self.signature = signature_of(batch)
        self.reasons = Reasons(batch, self.signature)
        self.is_whole = hidden is None
        self.places = [place for place in shown_places(batch, hidden) if place not in self._ours()]
        self.cells = Cells(batch, self.signature, self.style)

    def first(self) -> str:
        """The line of headings. Ours mean no field, and are called like no other column."""
        own = [self.batch.headings[place] for place in self.places]
        taken = {*map(wording.alike, own), *wording.fields(self.signature)}
        return self._first([*map(safe_cell, own)], taken)

    def lines(self) -> Iterator[str]:
        """The other lines."""
        rejected = RejectedRow.objects.filter(batch=self.batch).order_by("first")
        after = -1
        while found := list(rejected.filter(first__gt=after)[:AT_ONCE]):
            after = found[-1].first
            with override(self.language):
                lines = [self._line(row, why) for row, why in zip(found, self.reasons.of(found), strict=True)]
            yield from lines

    def _line(self, row: RejectedRow, why: Sequence[Reason]) -> str:
        own = [self._cell(row.cells, place) for place in self.places]
        return self.style.line([*own, *map(safe_cell, self._told(row, why))])

    def _cell(self, cells: Sequence[str], place: int) -> str:
        return self.cells.cell(cells[place], place) if place < len(cells) else ""

    def _first(self, own: list[str], taken: Collection[str]) -> str:
        return BOM + self.style.line([*own, *apart([_("Reason"), _("Field")], taken)])

    def _told(self, row: RejectedRow, why: Sequence[Reason]) -> list[str]:
        """What stands below our headings."""
        return [self._sentences(row, why), ", ".join(dict.fromkeys(reason.field for reason in why if reason.field))]

    def _sentences(self, row: RejectedRow, why: Sequence[Reason]) -> str:
        """Why, and what the row has beyond its columns: every line of a table has as many cells."""
        rest = " | ".join(row.cells[len(self.batch.headings) :]) if self.is_whole else ""
        if not rest:
            return told(why)
        rest = rest if len(rest) <= LONGEST_REST else f"{rest[:LONGEST_REST]}…"
        return f"{told(why)} {_('Cells without a heading: %(cells)s') % {'cells': rest}}"

    def _ours(self) -> frozenset[int]:
        """Columns that came from here, when a file of rejected rows is sent again: they would be there twice."""
        if (width := own_width(self.batch)) < len(self.batch.headings):
            return frozenset(range(width, len(self.batch.headings)))
        used = {*self.reasons.places.values(), self.batch.mapping.get("key")}
        words = [wording.alike(heading) for heading in self.batch.headings[-2:]]
        places = range(len(self.batch.headings) - len(words), len(self.batch.headings))
        return frozenset(places) if words in _our_words() and used.isdisjoint(places) else frozenset()


class RejectedForPrograms(RejectedFile):
    """The same under fixed names, with the number of the row in the file and the codes."""

    for_programs = True

    def _first(self, own: list[str], taken: Collection[str]) -> str:
        return self.style.line([*own, *apart(["row", "field", "code", "reason"], taken, gap="_")])

    def _told(self, row: RejectedRow, why: Sequence[Reason]) -> list[str]:
        """Fields and codes of several errors stand in the same order, as many of the one as of the other."""
        fields, codes = (";".join(error[name] for error in row.errors) for name in ("field", "code"))
        return [str(row.first + 1), fields, codes, self._sentences(row, why)]


def _our_words() -> list[list[str]]:
    found = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            found.append([wording.alike(_("Reason")), wording.alike(_("Field"))])
    return found


def shown_places(batch: Batch, hidden: Iterable[str] | None) -> list[int]:
    """The columns that somebody may see. Who may not see all of them sees no column either whose meaning nobody said."""
    fields: dict[str, int] = batch.mapping.get("fields", {})
    places = range(len(batch.headings))
    if hidden is None:
        return list(places)
    known = {place for name, place in fields.items() if name not in {*hidden}} | {batch.mapping.get("key")}
    return [place for place in places if place in known]


def hidden_from(batch: Batch, user: User | AnonymousUser) -> frozenset[str]:
    """The fields of a file that somebody may not see."""
    return frozenset() if sees_all(batch, user) else masking.hidden(signature_of(batch), user)


def sees_all(batch: Batch, user: User | AnonymousUser) -> bool:
    """Whether somebody may see columns, too, of which nobody said what they mean: who sent it knows what it holds."""
    return batch.user_id == user.pk or user.has_perm(masking.RIGHT)
