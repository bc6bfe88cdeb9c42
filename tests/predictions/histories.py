"""What tests of the history share: answers of the iris model, and what people made of them."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from predictions import actions
from predictions.models import Awaited, Decision, Outcome, Prediction, Source
from registry.facts import seal
from tests.worlds import IRIS

VIRGINICA = {"petal_length": 5.8, "petal_width": 2.3}
SEALED = seal(["a test"])


def ask(by: User, rows: int = 1, **more: Any) -> list[Prediction]:
    """Stored answers about as many flowers; values of a field and options of the waist may be named."""
    values = IRIS | {name: more.pop(name) for name in [*more] if name in IRIS}
    how = {"model": "iris", "source": Source.API, "by": by} | more
    columns = {name: [value] * rows for name, value in values.items()}
    return actions.predict(columns=columns, rows=rows, **how).predictions


def decide(answer: Prediction, by: User, verdict: str = "agree", **more: Any) -> Decision:
    """A decision, as it is stored."""
    fields = {"reason": "fits", **SEALED, **more}
    return Decision.objects.create(prediction=answer, by=by, verdict=verdict, **fields)


def happened(answer: Prediction, by: User, label: str = "setosa", **more: Any) -> Outcome:
    """An outcome, as it is stored."""
    fields = {"observed_date": date(2026, 3, 1), "origin": "hand", "label": label, **SEALED, **more}
    return Outcome.objects.create(prediction=answer, by=by, **fields)


def awaited(answer: Prediction, kind: str = "decision", days: int = 0) -> Awaited:
    """That something is awaited, `days` from now."""
    due = timezone.localdate() + timedelta(days=days)
    return Awaited.objects.create(
        prediction=answer, kind=kind, model=answer.version.model, user=answer.user, due_date=due
    )


def made_at(answer: Prediction, moment: Any) -> Prediction:
    """A copy of an answer with the number of another moment."""
    import uuid

    from predictions.history.moments import first_id_of

    copy = Prediction.objects.get(pk=answer.pk)
    copy.pk = uuid.UUID(int=first_id_of(moment).int + answer.pk.int % 1000)
    copy.request_id = copy.pk
    copy.created_at = moment
    copy.save(force_insert=True)
    return copy
