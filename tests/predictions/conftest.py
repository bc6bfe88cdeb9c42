"""What the tests of the doors share: a caller with a token, pictures, and a model that answers a value."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from PIL import Image, ImageDraw
from sklearn.linear_model import LinearRegression

from predictions.batches import running
from predictions.models import Batch, Dataset, Record
from registry import actions, promotions
from registry.contract import ModelFile
from registry.importer import examine, run
from registry.importer.package import Package
from registry.models import ModelVersion
from tests.predictions.deciding import answer, attrition, decider, desk  # noqa: F401  fixtures
from tests.predictions.harm import owner_address, web_environment  # noqa: F401  fixtures
from tests.predictions.programs import program, taken  # noqa: F401  fixtures
from tests.predictions.rolling import asked, clock  # noqa: F401  fixtures
from tests.predictions.wizard import flower_file, posted, sent
from tests.worlds import IRIS

JSON = "application/json"


@pytest.fixture
def call(analyst: User, token: Callable[[User], str]) -> Callable[..., HttpResponse]:
    """`call(body, path, **headers)`: a POST of JSON with the analyst's token, or with the headers given instead."""
    key, client = token(analyst), Client(raise_request_exception=False)

    def post(body: object, path: str = "/api/v1/predict", content_type: str = JSON, **headers: str) -> HttpResponse:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.generic("POST", path, text, content_type, headers={"authorization": key} | sent)

    return post


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """`problem(response, status, code)`: its body, after checking that it is RFC 9457 in our one shape."""

    def checked(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
        found = (response.status_code, response["Content-Type"])
        assert found == (status, "application/problem+json"), response.content[:500]
        body: dict[str, Any] = response.json()
        assert set(body) == {"type", "title", "status", "detail", "instance", "code", "errors"}
        assert all(set(error) == {"row", "field", "code", "message"} for error in body["errors"])
        assert (body["status"], body["code"]) == (status, code)
        return body

    return checked


@pytest.fixture
def drawing() -> Callable[..., BytesIO]:
    """`drawing("PNG")`: a new file with a handwritten one."""

    def file(kind: str = "PNG", size: int = 40, **options: Any) -> BytesIO:
        picture = Image.new("L", (size, size), "white")
        ImageDraw.Draw(picture).line(
            [(size // 2, size // 8), (size // 2, size * 7 // 8)], fill="black", width=size // 8
        )
        content = BytesIO()
        picture.save(content, kind, **options)
        content.seek(0)
        content.name = f"one.{kind.lower()}"
        return content

    return file


FEATURES = [
    {"name": "surface", "dtype": "number", "train_range": [10, 300]},
    {"name": "rooms", "dtype": "number", "nullable": False},
]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A small linear regression, 1000 a square metre and 5000 a room, whose inputs have no bounds."""
    folder = tmp_path_factory.mktemp("house")
    x = pd.DataFrame({"surface": np.linspace(10, 300, 60), "rooms": np.arange(60) % 7 + 0.0})
    joblib.dump(LinearRegression().fit(x, 1000 * x.surface + 5000 * x.rooms), folder / "model.joblib")
    x.to_csv(folder / "background.csv", index=False)
    package = Package(
        directory=folder,
        model_file=ModelFile(folder / "model.joblib", "joblib", "manifest"),
        trusted=False,
        report={},
        metadata={"name": "house", "metrics": []},
        signature_json={
            "task": "tabular-regression",
            "inputs": {"features": FEATURES},
            "outputs": {"label": "Price", "unit": "EUR"},
        },
        companions={"background": "background.csv"},
    )
    examine.examine(package, progress=actions.silent)
    return package


@pytest.fixture
def price(house: Package, administrator: User) -> ModelVersion:
    """The regression, promoted, and the default tabular model."""
    model = actions.track_model(name="house", endpoint="huggingface", repo_id="demo/house", default=True)
    version = ModelVersion.objects.create(model=model, number=1, commit="a" * 40)
    run.finish(version, house)
    version.refresh_from_db()
    promotions.request(model=model, version=version, by=administrator, reason="a test needs it")
    return version


@pytest.fixture
def unstartable(iris, promoted, examined) -> ModelVersion:
    """A champion whose file is there, and whose child refuses it at the first question."""
    spec = {"files": ["model.joblib"], "file": "model.joblib", "format": "skops", "trusted": False}
    spec |= {"scores": "probability", "n_outputs": 3}
    return promoted("iris", runtime="isolated", report={**examined("iris").report, "serving": spec})


@pytest.fixture
def flowers(iris: ModelVersion, administrator: User) -> Callable[..., list[Record]]:
    """`flowers(3, {2: {"petal_width": None}})`: records F-0 to F-2 of a set, every third a virginica, with changes."""
    names = ["flower", *IRIS, "colour"]
    dataset = Dataset.objects.create(
        name="flowers",
        title="Flowers",
        model=iris.model,
        key_column="flower",
        columns=[{"name": name, "kind": "number" if name in IRIS else "text"} for name in names],
        updated_by=administrator,
    )

    def made(count: int, changes: dict[int, dict[str, Any]] | None = None) -> list[Record]:
        first, found = Record.objects.filter(dataset=dataset).count(), []
        for row in range(first, first + count):
            flower = IRIS if row % 3 else IRIS | {"petal_length": 5.8, "petal_width": 2.3}
            data = {"flower": f"F-{row}", "colour": "blue", **flower, **(changes or {}).get(row, {})}
            found.append(Record(dataset=dataset, key=f"F-{row}", data=data, search=f"f-{row}"))
        Dataset.objects.filter(pk=dataset.pk).update(size=first + count)
        return Record.objects.bulk_create(found)

    return made


@pytest.fixture
def person(analyst: User) -> Client:
    """The browser of the analyst."""
    client = Client(raise_request_exception=False)
    client.force_login(analyst)
    return client


@pytest.fixture
def at_columns(person: Client, iris: ModelVersion) -> Callable[..., tuple[Batch, HttpResponse]]:
    """`at_columns(text)`: a file that was sent, and the page of its columns."""

    def page(content: str | bytes = flower_file(), name: str = "flowers.csv") -> tuple[Batch, HttpResponse]:
        response = sent(person, content, name)
        assert response.status_code == 302, response.content.decode()[-3000:]
        return Batch.objects.latest("created_at"), person.get(response["Location"])

    return page


@pytest.fixture
def checked(person: Client, at_columns: Any) -> Callable[..., tuple[Batch, HttpResponse]]:
    """`checked(text)`: the same file after its check, and that page."""

    def page(content: str | bytes = flower_file(), **changes: str) -> tuple[Batch, HttpResponse]:
        batch, columns = at_columns(content)
        response = person.post(f"/batches/{batch.pk}/columns/", posted(columns, **changes))
        assert response.status_code == 302, response.context["page"].problems
        running.work(seconds=60)
        batch.refresh_from_db()
        return batch, person.get(response["Location"])

    return page
