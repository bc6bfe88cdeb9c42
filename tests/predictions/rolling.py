"""What the tests of roll-ups share: a noon, an answer, and what is due and counted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from predictions.models import HourlyRollup, Prediction
from predictions.monitoring.rollups import due, layout
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion
from tests.predictions.histories import ask

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AGREE = {"verdict": "agree", "reason": "fits"}


@pytest.fixture
def asked(iris: ModelVersion, analyst: User) -> Prediction:
    """An answer of now."""
    return ask(analyst)[0]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`clock(moment)`: it is then."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def hours_due(at: datetime) -> list[datetime]:
    """All of them."""
    return [hour for day in due.days_due(at) for hour in due.hours_due(day, at)]


def counted(hour: datetime) -> int:
    """How many answers of an hour were counted."""
    rows = HourlyRollup.objects.filter(hour=hour, field="")
    return sum(Tally.stored(layout.of(ModelVersion.objects.get(pk=row.version_id)), row)["answers"] for row in rows)
