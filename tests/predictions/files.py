"""Files of rows about flowers on their way, for the tests of the batch engine: made, checked, run in this process."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from predictions.batches import intake, running, turns, verbs
from predictions.models import Batch, BatchChunk, Dataset, Prediction, RejectedRow
from registry.models import ModelVersion
from tests.worlds import IRIS

HEADINGS = ["flower", *IRIS]


def row(number: int, **changes: Any) -> dict[str, Any]:
    """One flower; every third is a virginica, and no two are the same."""
    big = {"petal_length": 5.8, "petal_width": 2.3} if number % 3 == 0 else {}
    return {"flower": f"F-{number}", **IRIS, **big, "sepal_length": 4.5 + number % 100 / 50, **changes}


def content(count: int, changes: Mapping[int, Mapping[str, Any]] | None = None) -> bytes:
    """A CSV file of as many rows; `changes`: number of a row -> what is different in it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADINGS)
    writer.writeheader()
    writer.writerows(row(number, **(changes or {}).get(number, {})) for number in range(count))
    return text.getvalue().encode()


def mapping() -> dict[str, Any]:
    return {"fields": {name: HEADINGS.index(name) for name in IRIS}, "key": 0}


def sent(
    version: ModelVersion, by: User, count: int = 20, *, changes: Any = None, dataset: Dataset | None = None
) -> Batch:
    """A file whose check was asked for."""
    file = io.BytesIO(content(count, changes))
    batch = intake.receive(file=file, name="flowers.csv", model=version.model, by=by, language="en")
    verbs.start_check(batch=batch, mapping=mapping(), dataset=dataset, by=by)
    return batch


def checked(version: ModelVersion, by: User, count: int = 20, **more: Any) -> Batch:
    """A file that could be run."""
    batch = sent(version, by, count, **more)
    work_off()
    batch.refresh_from_db()
    assert batch.status == Batch.Status.CHECKED, (batch.status, batch.reason)
    return batch


def submitted(version: ModelVersion, by: User, count: int = 20, **more: Any) -> Batch:
    """A file that waits to be run."""
    batch = checked(version, by, count, **more)
    verbs.submit(batch=batch, by=by)
    return batch


def work_off(most: int = 1000, until: Callable[[], bool] = bool) -> int:
    """Do all that waits, as one worker would; how many pieces there were."""
    done = 0
    while not until() and (piece := turns.take(timezone.now())):
        running.do(piece)
        done += 1
        assert done < most, "there is no end to it"
    return done


def later(batch: Batch) -> None:
    """As if every lease, and every wait, had come to its end."""
    long_ago = timezone.now() - timedelta(hours=1)
    BatchChunk.objects.filter(batch=batch).exclude(leased_until=None).update(leased_until=long_ago)
    Batch.objects.filter(pk=batch.pk).exclude(leased_until=None).update(leased_until=long_ago)


def answers(batch: Batch) -> dict[str, tuple[str, float]]:
    """Key -> answer of every row; a key that was answered twice fails."""
    found = list(Prediction.objects.filter(batch=batch).values_list("key", "label", "score"))
    assert len({key for key, _label, _score in found}) == len(found)
    return {key: (label, score) for key, label, score in found}


def refused(batch: Batch) -> dict[int, list[dict[str, str]]]:
    """Spreadsheet row -> what is wrong with it."""
    return dict(RejectedRow.objects.filter(batch=batch).order_by("first").values_list("line", "errors"))
