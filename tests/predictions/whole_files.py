"""Files of flowers as bytes that went as far as a test wants, for the tests of the pages and of what comes back."""

from io import BytesIO
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponseBase

from predictions.batches import intake, mapping, running, verbs
from predictions.models import Batch
from registry import serving
from registry.models import ModelVersion
from tests.worlds import IRIS

FLOWER = ["id", *IRIS]


def flowers_csv(count: int, changes: dict[int, dict[str, Any]] | None = None, delimiter: str = ",") -> bytes:
    """Flowers F-0 and so on, every third a virginica; `changes`: of the cells of some rows."""
    lines = [FLOWER]
    for row in range(count):
        flower = IRIS if row % 3 else IRIS | {"petal_length": 5.8, "petal_width": 2.3}
        cells = {"id": f"F-{row}", **flower, **(changes or {}).get(row, {})}
        lines.append([str(value) for value in cells.values()])
    return "".join(delimiter.join(cells) + "\r\n" for cells in lines).encode()


def sent(by: User, version: ModelVersion, content: bytes, name: str = "flowers.csv") -> Batch:
    """A file whose columns are to be chosen."""
    return intake.receive(file=BytesIO(content), name=name, model=version.model, by=by, language="en")


def checked(by: User, version: ModelVersion, content: bytes, **more: Any) -> Batch:
    """One that is checked, its columns as its headings say."""
    batch = sent(by, version, content, **more)
    found = mapping.suggest(batch.headings, serving.signature_of(version))
    verbs.start_check(batch=batch, mapping=mapping.chosen(found), dataset=None, by=by)
    running.work(seconds=60)
    batch.refresh_from_db()
    return batch


def submitted(by: User, version: ModelVersion, content: bytes, **more: Any) -> Batch:
    """One that runs, without a row answered yet."""
    batch = checked(by, version, content, **more)
    verbs.submit(batch=batch, by=by)
    batch.refresh_from_db()
    return batch


def finished(by: User, version: ModelVersion, content: bytes, **more: Any) -> Batch:
    """One that is over."""
    batch = submitted(by, version, content, **more)
    running.work(seconds=60)
    batch.refresh_from_db()
    return batch


def body(response: HttpResponseBase) -> str:
    """A download, without its byte order mark."""
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff")
    return text.removeprefix("\ufeff")
