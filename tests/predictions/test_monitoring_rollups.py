"""Roll-ups equal a recount of the facts, whatever happened: hours, days, doors and segments."""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions import actions
from predictions.models import CountedHour, Decision, HourlyRollup, Outcome, Prediction, PredictionFailure, Source
from predictions.monitoring.rollups import days, facts, keeping, layout, reading
from registry.models import ModelVersion
from tests.predictions import recounting
from tests.predictions.employees import PERSON
from tests.predictions.histories import SEALED, decide, happened
from tests.worlds import IRIS

BEGIN = datetime(2026, 3, 1, 22, tzinfo=UTC)  # four hours of two days
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def spread(rows: int, seed: int = 0) -> dict[str, list[Any]]:
    """Columns of people who differ, some of them beyond what the model saw."""
    chance = random.Random(seed)
    other: dict[str, Callable[[], Any]] = {
        "age": lambda: chance.choice([18, 30, 41, 59, 70]),
        "genre": lambda: chance.choice("FM"),
        "departement": lambda: chance.choice(["Consulting", "Commercial", "Ressources Humaines"]),
        "heure_supplementaires": lambda: chance.choice(["Oui", "Non"]),
        "revenu_mensuel": lambda: chance.choice([1000, 5993, 19999]),
    }
    return {name: [other[name]() if name in other else value for _ in range(rows)] for name, value in PERSON.items()}


def flowers(rows: int) -> dict[str, list[Any]]:
    return {name: [value + row / 3 for row in range(rows)] for name, value in IRIS.items()}


def ask(model: str, columns: dict[str, list[Any]], by: User, source: str) -> list[Prediction]:
    rows = len(next(iter(columns.values())))
    asked = actions.predict(model=model, columns=columns, rows=rows, source=source, by=by)
    return list(Prediction.objects.of_call(asked.request_id))


@pytest.fixture
def answers(promoted: Callable[..., ModelVersion], price: ModelVersion, analyst: User) -> list[Prediction]:
    """Answers of the real waist: two models of classes, two versions of one, and one of values; through many doors."""
    promoted("attrition")
    promoted("iris")
    made = ask("attrition", spread(9), analyst, Source.RECORDS) + ask("iris", flowers(6), analyst, Source.API)
    promoted("iris")
    made += ask("iris", flowers(4), analyst, Source.API)
    made += ask("house", {"surface": [20.0, 400.0, 80.0], "rooms": [1, 2, 3]}, analyst, Source.BATCH)
    for seed, source in enumerate((Source.FORM, Source.SEED, Source.CHANGED, Source.V2)):
        made += ask("attrition", spread(1, seed), analyst, source)
    return made


def copied(answer: Prediction, moment: datetime, tail: int, **changes: Any) -> Prediction:
    """The same answer at another moment."""
    number = uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) + tail)
    copy = Prediction.objects.get(pk=answer.pk)
    for name, value in {"pk": number, "request_id": number, "created_at": moment, **changes}.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)
    return copy


def failed(answer: Prediction, moment: datetime, tail: int) -> PredictionFailure:
    """A failure with the same inputs."""
    names = ["version_id", "inputs", "source", "user_id", "salt", "digest"]
    number = uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) + tail)
    same = {name: getattr(answer, name) for name in names}
    return PredictionFailure.objects.create(
        id=number, request_id=number, created_at=moment, duration=0, kind="deadline", reason="Late.", **same
    )


EVENT = st.fixed_dictionaries(
    {
        "answer": st.integers(0, 25),
        "after": st.integers(0, 4 * 3_600_000 - 1) | st.sampled_from([0, 3_600_000 - 1, 3_600_000, 7_200_000]),
        "fails": st.sampled_from([False, False, False, True]),
        "odd": st.sampled_from([None, None, "missing", "other"]),
        "is_backwards": st.booleans(),
        "row": st.sampled_from([0, 0, 1]),
        "duration": st.sampled_from([0.0, 0.0001, 0.003, 0.7, 900.0]),
        "is_fallback": st.sampled_from([False, False, True]),
        "label": st.sampled_from(["", "", "", "unheard of"]),
        "verdicts": st.lists(st.sampled_from(["agree", "disagree", "need_more"]), max_size=3),
        "outcomes": st.lists(st.integers(-1, 3), max_size=3),
    }
)


def happen(event: dict[str, Any], answers: list[Prediction], by: User, tail: int) -> None:
    """One thing of a history, with all that people make of it."""
    first, moment = answers[event["answer"] % len(answers)], BEGIN + timedelta(milliseconds=event["after"])
    if event["fails"]:
        failed(first, moment, tail)
        return
    changes = {name: event[name] for name in ("row", "duration")}
    changes |= {"inputs": odd(first.inputs, event["odd"], tail)} if event["odd"] else {}
    changes |= {"label": event["label"]} if event["label"] and first.label else {}
    changes |= {"fallback_from_id": first.version_id} if event["is_fallback"] else {}
    answer = copied(first, moment, tail, **changes)
    made = chain(decision(answer, by, verdict) for verdict in event["verdicts"])
    told = chain(outcome(answer, by, said) for said in event["outcomes"])
    for fact in reversed([*made, *told]) if event["is_backwards"] else [*made, *told]:
        fact.save(force_insert=True)  # where a row lies says nothing about which is the latest


def chain(facts: Any) -> list[Any]:
    """Each replaces the one before; nothing is withdrawn that is not there."""
    found: list[Any] = []
    for fact in facts:
        if getattr(fact, "is_withdrawn", False) and (not found or found[-1].is_withdrawn):
            continue
        fact.replaces_id = found[-1].pk if found else None
        found.append(fact)
    return found


def decision(answer: Prediction, by: User, verdict: str) -> Decision:
    return Decision(prediction=answer, by=by, verdict=verdict, reason="fits", **SEALED)


def outcome(answer: Prediction, by: User, said: int) -> Outcome:
    """A class by its place or a value; -1 withdraws what was said, 3 is a class that no version has."""
    about = {"prediction": answer, "by": by, "observed_date": date(2026, 3, 3), "origin": "hand", **SEALED}
    if said < 0:
        return Outcome(is_withdrawn=True, **about)
    classes = layout.of(answer.version).classes
    if not classes:
        return Outcome(value=100_000.5 * said, **about)
    return Outcome(label=[*classes, "of another version"][min(said, len(classes))], **about)


def odd(inputs: dict[str, Any], how: str, tail: int) -> dict[str, Any]:
    """With one value missing, or one that nobody knows where there are names."""
    name = sorted(inputs)[tail % len(inputs)]
    return {**inputs, name: "never seen" if how == "other" and isinstance(inputs[name], str) else None}


def hours() -> list[datetime]:
    return [BEGIN + timedelta(hours=count) for count in range(4)]


def count_all() -> None:
    for hour in hours():
        keeping.count_hour(hour, NOW)


def agrees() -> None:
    """Every number of every roll-up is what the facts say, and there are no others."""
    facts = recounting.by_hour()
    mine = {key: counts for key, counts in facts.items() if BEGIN <= key[0] < BEGIN + timedelta(hours=4)}
    assert recounting.plain(recounting.kept_hours()) == recounting.plain(mine)
    of_days = {key: counts for key, counts in recounting.by_day().items() if key[0] <= date(2026, 3, 2)}
    assert recounting.plain(recounting.kept_days()) == recounting.plain(of_days)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(EVENT, min_size=1, max_size=25))
def test_rollups_equal_a_recount(answers: list[Prediction], decider: User, history: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        for tail, event in enumerate(history):
            happen(event, answers, decider, tail)
        count_all()
        agrees()
        transaction.set_rollback(True)


def test_the_same_again_changes_nothing(answers: list[Prediction], decider: User) -> None:
    """Idempotent to the last bit, and what comes later is added."""
    made = [copied(answer, BEGIN + timedelta(minutes=7 * tail), tail) for tail, answer in enumerate(answers)]
    count_all()
    agrees()
    before = sorted(HourlyRollup.objects.values_list("hour", "version", "source", "field", "place", "counts", "bins"))
    count_all()
    assert before == sorted(
        HourlyRollup.objects.values_list("hour", "version", "source", "field", "place", "counts", "bins")
    )
    assert CountedHour.objects.count() == 4
    decide(made[0], decider)
    happened(made[3], decider, "leaves")
    keeping.count_hours([days.hour_of(answer.created_at) for answer in (made[0],)], NOW)
    count_all()
    agrees()


def test_an_hour_is_read_in_small_pieces(
    answers: list[Prediction], decider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tail in range(40):
        made = copied(answers[tail % 5], BEGIN + timedelta(seconds=tail // 3), tail)
        decide(made, decider)
        if tail % 7 == 0:
            failed(made, BEGIN, tail)
    monkeypatch.setattr(facts, "AT_ONCE", 3)
    count_all()
    agrees()


def test_pictures_count_with_their_mean(
    promoted: Callable[..., ModelVersion], analyst: User, drawing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = promoted("digits")
    made = ask("digits", {"image": [drawing().read()] * 3}, analyst, Source.API)
    for tail in range(5):
        copied(made[0], BEGIN, tail)
    monkeypatch.setattr(facts, "VALUES_AT_ONCE", 130)  # two pictures
    count_all()
    agrees()
    (image,) = layout.of(version).fields
    assert image.name == "image"


def test_what_no_signature_names_crashes_nothing(answers: list[Prediction], decider: User) -> None:
    """A class that the version has not, numbers as large as PostgreSQL keeps them, no inputs at all."""
    copied(answers[0], BEGIN, 1, label="", inputs={})
    copied(answers[0], BEGIN, 2, label="unheard of", inputs={**answers[0].inputs, "age": 10**400}, score=float("nan"))
    odd_one = copied(answers[0], BEGIN, 3, score=float("inf"), duration=float("nan"))
    happened(odd_one, decider, "of another version")
    keeping.count_hour(BEGIN, NOW)
    total = HourlyRollup.objects.get(field="")
    assert reading.Tally.stored(layout.of(odd_one.version), total)["answers"] == 3


def test_days_of_the_installation(answers: list[Prediction], settings: Any) -> None:
    """Half an hour from Greenwich, and a day on which a clock is changed."""
    settings.TIME_ZONE = "Europe/Paris"
    change = datetime(2026, 10, 24, 20, tzinfo=UTC)
    for tail in range(60):
        copied(answers[tail % len(answers)], change + timedelta(minutes=37 * tail), tail)
    for hour in sorted({days.hour_of(change + timedelta(minutes=37 * tail)) for tail in range(60)}):
        keeping.count_hour(hour, NOW + timedelta(days=300))
    mine = {key: counts for key, counts in recounting.by_day().items() if key[0].month == 10}
    assert {key[0].day for key in mine} == {24, 25, 26}
    assert recounting.plain(recounting.kept_days()) == recounting.plain(mine)


def test_what_came_true(answers: list[Prediction], decider: User) -> None:
    """Of two classes the positive one, whatever was answered; of several the answer."""
    tail = 0
    for first in (answers[0], answers[9]):
        classes = layout.of(first.version).classes
        for label in classes:
            for actual in classes:
                tail += 1
                made = copied(first, BEGIN + timedelta(seconds=tail), tail, label=label, score=0.29)
                happened(made, decider, actual)
    keeping.count_hour(BEGIN, NOW)
    agrees()
    found = {row.version_id: row for row in HourlyRollup.objects.filter(field="")}
    tallies = [reading.Tally.stored(layout.of(one.version), found[one.version_id]) for one in (answers[0], answers[9])]
    assert [one.scores[:, 29].tolist() for one in tallies] == [[4, 4, 2], [9, 9, 3]]
    assert [round(one.sum("brier"), 9) for one in tallies] == [
        round(2 * 0.29**2 + 2 * 0.71**2, 9),
        round(6 * 0.29**2 + 3 * 0.71**2, 9),
    ]
