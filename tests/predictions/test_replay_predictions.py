"""`manage.py replay_predictions`: recorded answers come out the same again, and one that does not is seen."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections

from futurisys.backup import bundled
from futurisys.backup.programs import BackupError
from predictions import actions
from predictions.models import Prediction
from predictions.monitoring.comparison import reproducing
from registry.models import Artifact, ModelVersion
from tests.predictions.histories import VIRGINICA, ask

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)


def said(**options: Any) -> str:
    out = io.StringIO()
    call_command("replay_predictions", stdout=out, **options)
    return out.getvalue()


def forged(answer: Prediction, change: str) -> None:
    """What only a superuser can do: change a fact behind the triggers."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"UPDATE predictions_prediction SET {change} WHERE id = %s", [answer.pk])
        cursor.execute("SET session_replication_role = origin")


@pytest.fixture
def isolated(promoted, examined) -> ModelVersion:
    """The iris example as a jailed child runs it."""
    spec = {"files": ["model.joblib"], "file": "model.joblib", "format": "joblib", "trusted": False}
    spec |= {"scores": "probability", "n_outputs": 3}
    return promoted("iris", runtime="isolated", report={**examined("iris").report, "serving": spec})


@pytest.mark.parametrize("version", ["iris", "isolated"])
def test_answers_come_out_the_same(request, analyst: User, version: str) -> None:
    request.getfixturevalue(version)
    ask(analyst, 3)
    ask(analyst, 60, explain=True, cases=[f"F-{row}" for row in range(60)], **VIRGINICA)
    assert said().splitlines() == [
        "63 answers asked again: 63 equal, 0 different, 0 not possible. Seals: 63 intact, 0 broken.",
        "Scores differ by 0.0e+00 at most; up to 1e-06 is the same.",
    ]


def test_numbers_that_the_database_writes_otherwise_are_intact(price: ModelVersion, analyst: User) -> None:
    """JSONB knows neither 1e16 from a whole number nor -0.0 from 0.0; seals do."""
    surfaces = [-0.0, 0.0, 1e-7, 1e16, 1e22, 0.1 + 0.2]
    columns = {"surface": surfaces, "rooms": [0] * len(surfaces)}
    actions.predict(model="house", columns=columns, rows=len(surfaces), source="api", by=analyst)
    assert said().startswith("6 answers asked again: 6 equal, 0 different, 0 not possible. Seals: 6 intact, 0 broken.")


def test_the_newest_are_asked_chunk_by_chunk(iris: ModelVersion, analyst: User, monkeypatch) -> None:
    monkeypatch.setattr(reproducing, "CHUNK", 4)
    ask(analyst, 9)
    assert [found.asked for found in reproducing.reproduce(7)] == [4, 7]
    assert [found.asked for found in reproducing.reproduce(0)] == [4, 8, 9]
    assert [found.asked for found in reproducing.reproduce(20)][-1] == 9


def test_each_is_asked_on_its_own_version(promoted, analyst: User) -> None:
    promoted("iris")
    ask(analyst, 2)
    promoted("iris")
    ask(analyst, 3)
    assert said().startswith("5 answers asked again: 5 equal")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("score = score - 0.01", "differs in its score by 1.0e-02."),
        ("label = 'virginica'", "differs in its answer."),
        ("inputs = jsonb_set(inputs, '{petal_length}', '1.5')", "it is not as it was sealed."),
        ("key = 'somebody'", "it is not as it was sealed."),
    ],
)
def test_a_changed_answer_is_seen(iris: ModelVersion, analyst: User, change: str, sentence: str) -> None:
    answers = ask(analyst, 3)
    forged(answers[1], change)
    out = io.StringIO()
    with pytest.raises(CommandError, match="do not come out"):
        call_command("replay_predictions", stdout=out)
    text = out.getvalue()
    assert [line for line in text.splitlines() if line.startswith(str(answers[1].pk)) and line.endswith(sentence)]
    assert not any(str(value) in text for value in answers[1].inputs.values()), "no value is told"


def test_a_version_that_cannot_be_loaded_is_no_difference(
    iris: ModelVersion, analyst: User, settings, tmp_path
) -> None:
    from registry import runtimes, serving

    ask(analyst, 2)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"UPDATE {Artifact._meta.db_table} SET content = 'x'")
    settings.ARTIFACT_CACHE = tmp_path
    runtimes.forget()
    serving.forget()
    first, _scores, why = said().splitlines()
    assert first.startswith("2 answers asked again: 0 equal, 0 different, 2 not possible. Seals: 2 intact")
    assert why.startswith("2 not possible. iris v1: ")


def test_nothing_is_written(iris: ModelVersion, analyst: User) -> None:
    ask(analyst, 2)
    said()
    assert Prediction.objects.count() == 2


def test_an_empty_database_is_fine() -> None:
    assert said().startswith("0 answers asked again")


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(CommandError, match="0 or more"):
        said(count=-1)


def test_the_bundled_database_is_started_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise BackupError("The bundled PostgreSQL cannot start.")

    monkeypatch.setattr(bundled, "running", refuses)
    with pytest.raises(CommandError, match=r"The bundled PostgreSQL cannot start\."):
        said()
