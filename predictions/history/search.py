"""The numbers of the answers that somebody looks for, newest first, a page at a time.

Each index of the answers ends in their number, so what drives the search is read backwards from the page before and
stops when the page is full: the primary key, or the index of a person, of a class, of each version of a model; or the
decisions and outcomes themselves, of which there are fewer. Nothing is counted. What matches too rarely for all that is
given up after two seconds.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from predictions.history import forms
from predictions.history.moments import LAST
from predictions.history.wanted import Wanted

MILLISECONDS = 2_000
STRETCH = 20_000  # answers that one statement of a download looks through

_PLAIN = "SELECT id FROM predictions_prediction AS answer WHERE {conditions} ORDER BY id {order} LIMIT %(most)s"
# LIMIT keeps the inner query apart: the facts are read in order, and each is looked up until there are enough.
_BY_FACT = """
SELECT found.id FROM {table} AS fact, LATERAL (
    SELECT id FROM predictions_prediction AS answer WHERE answer.id = fact.prediction_id AND {conditions} LIMIT 1
) AS found WHERE {which} ORDER BY fact.prediction_id {order} LIMIT %(most)s
"""
# The newest of each version, then the newest of those: all versions in one condition would need a sort of all answers.
_BY_VERSION = """
SELECT found.id FROM unnest(%(versions)s::bigint[]) AS version (id), LATERAL (
    SELECT id FROM predictions_prediction AS answer WHERE answer.version_id = version.id AND {conditions}
    ORDER BY id {order} LIMIT %(most)s
) AS found ORDER BY found.id {order} LIMIT %(most)s
"""
_EQUAL = {
    "owner": "answer.user_id = %(owner)s",
    "user": "answer.user_id = %(user)s",
    "label": "answer.label = %(label)s",
    "source": "answer.source = %(source)s",
    "low": "answer.id >= %(low)s",
    "high": "answer.id < %(high)s",
    "call": "answer.request_id = %(call)s",
    "batch": "answer.batch_id = %(batch)s",
    "record": "answer.record_id = %(record)s",
    # The index leaves out answers without a key.
    "key": "((answer.key = %(key)s AND NOT answer.key = '') OR answer.record_id = ANY(%(records)s::bigint[]))",
    "warned": "answer.warnings <> '[]'::jsonb",
}
_VERSIONS = "answer.version_id = ANY(%(versions)s::bigint[])"


@dataclass(frozen=True)
class _Fact:
    """Rows about answers: which of them count, and `still`, that none came later. `names`: what else they know."""

    table: str
    which: str
    still: str = "TRUE"
    names: tuple[str, ...] = ("low", "high")

    @property
    def exists(self) -> str:
        """That an answer has one."""
        of_answer = f"fact.prediction_id = answer.id AND {self.which} AND {self.still}"
        return f"EXISTS (SELECT FROM {self.table} AS fact WHERE {of_answer})"


_NARROW = {
    "low": "fact.prediction_id >= %(low)s",
    "high": "fact.prediction_id < %(high)s",
    "owner": "fact.user_id = %(owner)s",
    "user": "fact.user_id = %(user)s",
}
_LATER = "NOT EXISTS (SELECT FROM {table} AS later WHERE later.replaces_id = fact.id)"
_DECIDED = _Fact("predictions_decision", "TRUE")
_VERDICT = replace(_DECIDED, which="fact.verdict = %(decision)s", still=_LATER.format(table="predictions_decision"))
_KNOWN = _Fact("predictions_outcome", "NOT fact.is_withdrawn", _LATER.format(table="predictions_outcome"))
_ACTUAL = replace(_KNOWN, which="NOT fact.is_withdrawn AND fact.label = %(actual)s")
_WAITS = _Fact("predictions_awaited", "fact.kind = 'decision'", names=tuple(_NARROW))
_DUE = replace(_WAITS, which="fact.kind = 'outcome' AND fact.due_date <= %(today)s")


class TooMany(Exception):
    """There is more to look through than a page can wait for."""


def page(
    wanted: Wanted, *, before: uuid.UUID | None = None, after: uuid.UUID | None = None, most: int
) -> list[uuid.UUID]:
    """The newest that match, or those before one; or the oldest after one, which come first. Raises TooMany."""
    if before is not None:
        wanted = _until(wanted, before)
    if after is not None:
        low = uuid.UUID(int=min(after.int + 1, LAST.int))
        wanted = replace(wanted, low=max(wanted.low, low) if wanted.low else low)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {MILLISECONDS:d}")
            return _walk(cursor, wanted, most, order="DESC" if after is None else "ASC")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooMany from error
        raise


def stretches(wanted: Wanted) -> Iterator[list[uuid.UUID]]:
    """All that match, newest first, some thousand at a time.

    Each statement looks at a stretch of numbers, so that it ends soon however rare a match is, and no transaction
    stays open while somebody's line is slow. What is asked meanwhile is newer than where this begins, and not in it.
    """
    end = wanted.high
    while True:
        begin = _begin_of_stretch(end, wanted.low)
        stretch = _until(wanted, end) if end else wanted
        low = max(filter(None, (begin, wanted.low)), default=None)
        with connection.cursor() as cursor:
            if found := _walk(cursor, replace(stretch, low=low), STRETCH + 1):
                yield found
        if begin is None:
            return
        end = begin


def _until(wanted: Wanted, before: uuid.UUID) -> Wanted:
    return replace(wanted, high=min(wanted.high, before) if wanted.high else before)


def _begin_of_stretch(end: uuid.UUID | None, low: uuid.UUID | None) -> uuid.UUID | None:
    """The number from which on there are as many as a stretch holds; None when there are fewer."""
    conditions = [f"id {sign} %({name})s" for name, sign, value in (("end", "<", end), ("low", ">=", low)) if value]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM predictions_prediction {where} ORDER BY id DESC OFFSET {STRETCH - 1} LIMIT 1",  # noqa: S608
            {"end": end, "low": low},
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _walk(cursor: Any, wanted: Wanted, most: int, *, order: str = "DESC") -> list[uuid.UUID]:
    fact = _driver(wanted)
    by_version = fact is None and wanted.versions is not None and not _is_about_few(wanted)
    conditions = _conditions(wanted, fact)
    if wanted.versions is not None and not by_version:
        conditions.append(_VERSIONS)
    told = {"conditions": " AND ".join(conditions) or "TRUE", "order": order}
    template = _BY_VERSION if by_version else _PLAIN
    if fact is not None:
        given = [sql for name, sql in _NARROW.items() if name in fact.names and getattr(wanted, name) is not None]
        template, told = _BY_FACT, told | {"table": fact.table, "which": " AND ".join([fact.which, *given])}
    cursor.execute(template.format(**told), _values(wanted) | {"most": most})
    return [row[0] for row in cursor.fetchall()]


def _values(wanted: Wanted) -> dict[str, Any]:
    known = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__ if name != "inside"}
    lists = {"versions": list(wanted.versions or ()), "records": list(wanted.records)}
    inside = wanted.inside.values if wanted.inside else {}
    return {**known, **lists, **inside, "today": timezone.localdate()}


def _is_about_few(wanted: Wanted) -> bool:
    """Whether it asks for one case or one call: those are looked up, whatever else is asked."""
    return bool(wanted.key or wanted.call or wanted.record)


def _driver(wanted: Wanted) -> _Fact | None:
    """The facts that lead to the answers, where there are some that do."""
    if _is_about_few(wanted):
        return None
    if wanted.decision not in {"", forms.UNDECIDED}:
        return _WAITS if wanted.decision == forms.WAITING else _VERDICT
    return _ACTUAL if wanted.actual else {forms.KNOWN: _KNOWN, forms.DUE: _DUE}.get(wanted.outcome)


def _conditions(wanted: Wanted, driver: _Fact | None) -> list[str]:
    """What an answer must meet; of the driver, that it is still so."""
    found = [sql for name, sql in _EQUAL.items() if _is_asked(getattr(wanted, name))]
    facts = [*_decision(wanted.decision), *_outcome(wanted.outcome), *([(_ACTUAL, True)] if wanted.actual else [])]
    found += [wanted.inside.sql] if wanted.inside else []
    told = [fact.still if fact is driver else fact.exists for fact, is_there in facts if is_there]
    return [*found, *told, *(f"NOT {fact.exists}" for fact, is_there in facts if not is_there)]


def _is_asked(value: Any) -> bool:
    """Whether this is a wish at all. 0 is one: the number of nobody."""
    return not (value is None or value is False or value == "")


def _decision(state: str) -> list[tuple[_Fact, bool]]:
    """Facts that must be there, or must not, in this state of the decision."""
    if state == forms.UNDECIDED:
        return [(_DECIDED, False), (_WAITS, False)]
    return [(_WAITS if state == forms.WAITING else _VERDICT, True)] if state else []


def _outcome(state: str) -> list[tuple[_Fact, bool]]:
    if state == forms.UNKNOWN:
        return [(_KNOWN, False), (_DUE, False)]
    return [(_KNOWN if state == forms.KNOWN else _DUE, True)] if state else []
