"""What comes back of a file: its answers, and the rows that got none, written as the file itself was.

Lines are made when the request is over: they are read a few hundred at a time, and the language is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from predictions import masking
from predictions.answers.downloads import AnswersFile
from predictions.batches.own_columns import Cells, OwnFile
from predictions.batches.reasons import Reason, Reasons, told
from predictions.imports import wording
from predictions.imports.csv_files import Dialect
from predictions.models import Batch, BatchChunk, BatchPart, Prediction, RejectedRow
from predictions.spreadsheets import BOM, Style, apart, safe_cell
from registry import serving
from registry.signature import Signature

AT_ONCE = 500  # rejected rows
BLOCK = 200  # lines


def style_of(batch: Batch) -> Style:
    """As the file was written; in the language of the reader where it was no text: then nobody chose it."""
    return Style.of_language() if batch.kind == Batch.Kind.XLSX else Style.of_file(Dialect(**batch.dialect))


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


def results_lines(batch: Batch, user: User | AnonymousUser) -> Iterator[str]:
    """A line for each answer, in the order of the file, with the file's own columns if they are there to be seen.

    Otherwise with the fields that the answers were made from, but those that this person may not see.
    """
    if has_own_columns(batch, user):
        own = OwnFile(batch, signature_of(batch), style_of(batch))
        return chain([own.first()], own.lines())
    file = AnswersFile(signature_of(batch), hidden_from(batch, user), style_of(batch))
    return chain([file.first()], _answers(batch, file))


def has_own_columns(batch: Batch, user: User | AnonymousUser) -> bool:
    """Whether the answers come back beside everything else in the file: while it is kept, to who may see all of it."""
    return sees_all(batch, user) and BatchPart.objects.filter(batch=batch, number=0).exists()


def _answers(batch: Batch, file: AnswersFile) -> Iterator[str]:
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


def rejected_lines(batch: Batch, user: User | AnonymousUser) -> Iterator[str]:
    """A line for each row that got no answer, as it was sent, with two columns more: why, and which column is meant."""
    file = RejectedFile(batch, None if sees_all(batch, user) else hidden_from(batch, user))
    return chain([file.first()], file.lines())


class RejectedFile:
    """The file's own columns, then the reason and the field. It can be mended and sent again."""

    def __init__(self, batch: Batch, hidden: frozenset[str] | None) -> None:
        """`hidden`: the fields that are left out, with the columns that mean none; None for everything."""
        self.batch, self.style, self.language = batch, style_of(batch), get_language()
        self.signature = signature_of(batch)
        self.reasons = Reasons(batch, self.signature)
        self.is_whole = hidden is None
        self.places = [place for place in shown_places(batch, hidden) if place not in self._ours()]
        self.cells = Cells(batch, self.signature, self.style)

    def first(self) -> str:
        """The line of headings. Ours mean no field, and are called like no other column."""
        own = [self.batch.headings[place] for place in self.places]
        taken = {*map(wording.alike, own), *wording.fields(self.signature)}
        return BOM + self.style.line([*map(safe_cell, own), *apart([_("Reason"), _("Field")], taken)])

    def lines(self) -> Iterator[str]:
        """The other lines."""
        rejected = RejectedRow.objects.filter(batch=self.batch).order_by("first")
        after = -1
        while found := list(rejected.filter(first__gt=after)[:AT_ONCE]):
            after = found[-1].first
            with override(self.language):
                lines = [self._line(row.cells, why) for row, why in zip(found, self.reasons.of(found), strict=True)]
            yield from lines

    def _line(self, cells: Sequence[str], why: Sequence[Reason]) -> str:
        own = [self._cell(cells, place) for place in self.places]
        fields = dict.fromkeys(reason.field for reason in why if reason.field)
        # What a row has beyond the headings comes last: in front it would push the reason out of its column.
        beyond = cells[len(self.batch.headings) :] if self.is_whole else []
        return self.style.line([*own, *map(safe_cell, [told(why), ", ".join(fields), *beyond])])

    def _cell(self, cells: Sequence[str], place: int) -> str:
        return self.cells.cell(cells[place], place) if place < len(cells) else ""

    def _ours(self) -> frozenset[int]:
        """Columns that came from here, when a file of rejected rows is sent again: they would be there twice."""
        used = {*self.reasons.places.values(), self.batch.mapping.get("key")}
        words = [wording.alike(heading) for heading in self.batch.headings[-2:]]
        places = range(len(self.batch.headings) - len(words), len(self.batch.headings))
        return frozenset(places) if words in _our_words() and used.isdisjoint(places) else frozenset()


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
