"""The calls of a day: cleaned, run, labelled and sealed as the waist does it, at moments of their own."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from numpy.random import Generator

from predictions import explanations, sealing
from predictions.demo_history import files
from predictions.demo_history.moments import at_hour, number_of
from predictions.demo_history.people import Day, People
from predictions.demo_history.plan import SECONDS, Asked, Plan
from predictions.demo_history.users import Users
from predictions.models import BatchChunk, PredictionFailure, Source
from predictions.models.writing import Rows
from predictions.sealing import Call
from registry import labels, runtimes
from registry.models import LedgerEntry
from registry.runtimes.base import RuntimeFailed
from registry.serving import Serving, signature_of
from registry.signature import CleanTable

REVIEW = Asked(9.2 * SECONDS, Source.RECORDS.value, 0)
SLOW = 9.0  # times as long, in the slow week
# One call after the other is too even to be true: the spread of a duration's logarithm, and calls that wait for others.
UNEVEN, WAITING, WAIT = 0.4, 0.08, 6.0
BY_OTHERS = 0.2  # of what is asked by form, the decision maker asks
EXPLAINED_DAYS = 3  # at the end: by forms, as they do it. Of all of them it would take minutes
FAULT = RuntimeFailed("onnxruntime could not run the graph on this input.", kind="model")


@dataclass(frozen=True)
class Answered:
    """An answer that was written down; `outcome`: what is going to become of it."""

    number: UUID
    moment: datetime
    label: str
    outcome: str
    by: User


@dataclass
class Written:
    """What a day leaves behind, in the order in which it is stored."""

    chunks: list[BatchChunk] = field(default_factory=list)
    calls: list[tuple[Rows, datetime]] = field(default_factory=list)
    failures: list[PredictionFailure] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)


@dataclass(frozen=True)
class Answering:
    """Who answers when. `records`: the records of the staff by key."""

    plan: Plan
    ledger: Sequence[LedgerEntry]
    users: Users
    records: dict[str, int]

    @cached_property
    def _quickest(self) -> dict[tuple[int, int], float]:
        return {}

    def _least(self, answering: Serving, rows: int, seconds: float) -> float:
        """The quickest of all calls like this one: what else this machine does while it loads is no part of the story."""
        kind = answering.version.pk, rows
        self._quickest[kind] = min(seconds, self._quickest.get(kind, seconds))
        return self._quickest[kind]

    @cached_property
    def _servings(self) -> list[Serving]:
        return [Serving(one.to_version, signature_of(one.to_version), one) for one in self.ledger]

    def at(self, moment: datetime) -> Serving:
        """Who is in charge then."""
        return next(one for one in reversed(self._servings) if one.entry and one.entry.created_at <= moment)

    def day(self, number: int, people: Day) -> Written:
        """Everything that was asked on a day."""
        random = np.random.default_rng([self.plan.seed, 13, number])
        written, place = Written(), 0
        new, staff = _Tables(people.new), _Tables(people.staff)
        for asked in self.plan.asked(number):
            self._call(written, number, asked, new, slice(place, place + asked.rows), random)
            place += asked.rows
        if len(people.staff):
            self._call(written, number, REVIEW, staff, slice(0, len(people.staff)), random)
        return written

    def _call(
        self, written: Written, day: int, asked: Asked, tables: "_Tables", rows: slice, random: Generator
    ) -> None:
        moment = at_hour(self.plan, day, asked.second / SECONDS)
        by_other, uneven = random.random() < BY_OTHERS, _uneven(random)
        answering = self.at(moment)
        table, people = tables.cut(answering, rows), tables.people
        by = self.users.decides if by_other and asked.source == Source.FORM else self.users.asks
        call = _call_of(self.plan, asked, by, people.keys[rows], table, self.records)
        ids = sorted(number_of(moment) for _ in range(table.rows))
        if asked.fails:
            failed = sealing.failures(call, answering, table.records, FAULT, ids)
            for one in failed:
                one.created_at = moment
            written.failures += failed
            return
        started = time.perf_counter()
        scores = runtimes.load(answering.version).predict(table.columns, table.rows)
        duration = self._least(answering, table.rows, time.perf_counter() - started)
        duration *= uneven * (SLOW if day in self.plan.slow else 1)
        outputs = labels.outputs(answering.signature, scores)
        is_told_why = asked.source == Source.FORM and day >= self.plan.days - EXPLAINED_DAYS
        reasons = explanations.explain(answering, table, scores) if is_told_why else [None] * table.rows
        if asked.source == Source.BATCH:
            call = files.with_file(call, answering, people, rows, moment)
        told = sealing.answers(call, answering, answering, table, outputs, reasons, duration, ids)
        if call.chunk is not None:
            written.chunks.append(files.settled(call.chunk, told))
        written.calls.append((told, moment + timedelta(seconds=duration)))
        written.answers += [
            Answered(number, moment, output["label"], outcome, by)
            for number, output, outcome in zip(ids, outputs, people.outcomes[rows], strict=True)
        ]


def _uneven(random: Generator) -> float:
    """How many times as long as the quickest a call takes."""
    waits = float(random.random() < WAITING) * WAIT * random.random()
    return (1 + waits) * float(random.lognormal(0, UNEVEN))


def _call_of(
    plan: Plan, asked: Asked, by: User, keys: Sequence[str], table: CleanTable, records: dict[str, int]
) -> Call:
    """The call as the waist would know it. Only a person at a form has no key for whom they ask about."""
    return Call(
        model="",
        columns={},
        rows=table.rows,
        partial=False,
        source=asked.source,
        by=by,
        trace_id="",
        key=None,
        fingerprint=b"",
        records=[records.get(key) if asked.source == Source.RECORDS else None for key in keys],
        cases=[""] * table.rows if asked.source == Source.FORM else list(keys),
        confirmed=asked.source == Source.FORM or None,
        chunk=None,
    )


class _Tables:
    """People as each version takes them, cleaned at once and cut for each call."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._clean: dict[int, CleanTable] = {}

    def cut(self, serving: Serving, rows: slice) -> CleanTable:
        whole = self._clean.get(serving.version.pk)
        if whole is None:
            whole = serving.signature.clean(self.people.columns, len(self.people))
            self._clean[serving.version.pk] = whole
        return CleanTable(
            columns={name: column[rows] for name, column in whole.columns.items()},
            rows=rows.stop - rows.start,
            values={name: values[rows] for name, values in whole.values.items()},
            warnings=list(_of_rows(whole.warnings, rows)),
        )


def _of_rows(warnings: Sequence[dict[str, Any]], rows: slice) -> Iterator[dict[str, Any]]:
    for warning in warnings:
        if rows.start <= warning["row"] < rows.stop:
            yield warning | {"row": warning["row"] - rows.start}
