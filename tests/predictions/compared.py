"""What the tests of comparisons share: two versions of one model that differ, answers of theirs, and a comparison."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from predictions import actions
from predictions.models import ComparedVersion, Comparison, Prediction, ReplayedAnswer, Source
from predictions.monitoring.comparison import running, verbs
from registry.models import ModelVersion
from tests.predictions.employees import DEPARTMENTS, PERSON


def with_threshold(package: Any, value: float) -> dict[str, Any]:
    """The signature of a package with another threshold."""
    changed: dict[str, Any] = deepcopy(package.signature_json)
    changed["outputs"]["threshold"] = {"value": value}
    return changed


def ask_about_people(by: User, rows: int, *, seed: int = 1, source: str = Source.API, **more: Any) -> list[Prediction]:
    """Stored answers about as many different employees; their keys are P-0 and so on."""
    chance = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {name: [value] * rows for name, value in PERSON.items()}
    columns["revenu_mensuel"] = chance.integers(1_100, 15_000, rows).tolist()
    columns["age"] = chance.integers(20, 60, rows).tolist()
    columns["departement"] = chance.choice(DEPARTMENTS, rows).tolist()
    columns["heure_supplementaires"] = chance.choice(["Oui", "Non"], rows).tolist()
    how = {"cases": [f"P-{row}" for row in range(rows)], "source": source, "by": by, **more}
    asked = actions.predict(model="attrition", columns=columns, rows=rows, **how)
    return list(Prediction.objects.of_call(asked.request_id))


def asked_for(by: User, *versions: ModelVersion, most: int = 1_000, **more: Any) -> Comparison:
    """A comparison of today's answers of the first version's model."""
    today = timezone.localdate()
    how: dict[str, Any] = {"model": versions[0].model, "since": today - timedelta(days=1), "until": today} | more
    return verbs.compare(versions=versions, most=most, by=by, **how)


def finished(comparison: Comparison) -> Comparison:
    """After the worker."""
    while running.work(seconds=0):
        pass
    comparison.refresh_from_db()
    return comparison


def replayed(comparison: Comparison, place: int) -> dict[Any, ReplayedAnswer]:
    """What one version says, by the number of the answer."""
    return {row.prediction_id: row for row in ReplayedAnswer.objects.filter(comparison=comparison, place=place)}


def places(comparison: Comparison) -> list[ModelVersion]:
    found = ComparedVersion.objects.filter(comparison=comparison).order_by("place").select_related("version")
    return [one.version for one in found]


Ready = Callable[..., ModelVersion]
