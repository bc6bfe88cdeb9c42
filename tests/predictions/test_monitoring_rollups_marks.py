"""An hour is counted again when something becomes known of one of its answers, through whichever door."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.decisions import verbs as decisions
from predictions.models import DailyRollup, HourToCount, Prediction
from predictions.monitoring.rollups import days, layout, rounds
from predictions.monitoring.rollups.tally import Tally
from predictions.outcomes import verbs as outcomes
from registry.models import ModelVersion
from tests.predictions.histories import ask, made_at
from tests.predictions.past import today
from tests.predictions.rolling import AGREE, NOON, hours_due

# Marks


def by_page(asked: Prediction, decider: User, **_more: Any) -> None:
    client = Client()
    client.force_login(decider)
    sent = {"verdict": "agree", "reason": "fits", "comment": "", "replaces": ""}
    assert client.post(f"/history/{asked.pk}/decide", sent).status_code == 302


def by_program(asked: Prediction, decider: User, **more: Any) -> None:
    call(decider, more["token"], f"/api/v1/predictions/{asked.pk}/decision", AGREE)


def by_many(asked: Prediction, decider: User, **more: Any) -> None:
    call(decider, more["token"], "/api/v1/decisions", {"decisions": [{"prediction": str(asked.pk), **AGREE}]})


def outcome_by_hand(asked: Prediction, decider: User, **_more: Any) -> None:
    outcomes.record_outcome(prediction=asked, by=decider, origin="hand", label="setosa", observed_date=today())


def outcome_of_many(asked: Prediction, decider: User, **more: Any) -> None:
    told = {"prediction": str(asked.pk), "label": "setosa", "observed_date": today().isoformat()}
    call(decider, more["token"], "/api/v1/outcomes", {"outcomes": [told]})


def outcome_in_a_file(asked: Prediction, decider: User, **_more: Any) -> None:
    from predictions.models import Upload
    from predictions.outcomes.files import OutcomeReading

    text = f"prediction id;outcome;observed\n{asked.pk};setosa;{today():%d/%m/%Y}\n"
    upload = Upload.objects.create(user=decider, name="outcomes.csv", content=text.encode())
    found = OutcomeReading(upload, {}, decider)
    assert found.sheet is not None
    assert found.plan is not None
    outcomes.report_file(
        sheet=found.sheet, choices=found.choices(), by=decider, agreed=found.plan.digest, corrects=False
    )


def call(by: User, token: Any, path: str, body: Any) -> None:
    response = Client().post(path, body, "application/json", headers={"authorization": token(by)})
    assert response.status_code in {200, 201}, response.content


DOORS = [by_page, by_program, by_many, outcome_by_hand, outcome_of_many, outcome_in_a_file]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_marks_the_hour_of_the_answer(asked: Prediction, decider: User, token: Any, door: Any) -> None:
    door(asked, decider, token=token)
    assert list(HourToCount.objects.values_list("hour", flat=True)) == [days.hour_of(asked.created_at)]


def test_what_is_said_again_marks_nothing(asked: Prediction, decider: User) -> None:
    for _ in range(2):
        decisions.decide(prediction=asked, by=decider, verdict="agree", reason="fits")
    assert HourToCount.objects.count() == 1


def test_a_decision_that_is_not_stored_leaves_no_mark(asked: Prediction, decider: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        decisions.decide(prediction=asked, by=decider, verdict="agree", reason="fits")
        raise RuntimeError
    assert not HourToCount.objects.exists()


def test_what_is_decided_about_old_answers_is_counted(asked: Prediction, decider: User, clock: Any) -> None:
    old = made_at(asked, NOON - timedelta(days=30))
    clock(NOON)
    rounds.work(seconds=60)
    decisions.decide(prediction=old, by=decider, verdict="disagree", reason="unusual_case")
    assert hours_due(NOON) == [NOON - timedelta(days=30)]
    rounds.work(seconds=60)
    assert not HourToCount.objects.exists()
    row = DailyRollup.objects.get(day=date(2026, 2, 8), field="", source="")
    assert Tally.stored(layout.of(asked.version), row)["disagree"] == 1


def test_a_prediction_writes_no_more_than_before(iris: ModelVersion, analyst: User) -> None:
    ask(analyst)
    with CaptureQueriesContext(connection) as queries:
        ask(analyst)
    assert [query["sql"].split()[0] for query in queries.captured_queries if "INSERT" in query["sql"]] == ["INSERT"]
    assert not any("predictions_hour" in query["sql"] for query in queries.captured_queries)
