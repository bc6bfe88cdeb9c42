"""Invariant 3, one waist: the same row means the same through every door, or is refused in the same words."""

import base64
import csv
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from predictions.batches import intake, mapping, verbs
from predictions.imports.csv_files import Dialect
from predictions.models import Dataset, Prediction, Record
from registry import actions, promotions
from registry.models import ModelVersion, RegisteredModel
from tests.predictions.files import work_off
from tests.worlds import IRIS

JSON = "application/json"
ROWS = 30
ROWS_OF_A_FILE = 1000
Found = tuple[str, dict[str, Any], dict[str, float], list[Any]]


class Doors:
    """One caller at every door of the product."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = {"authorization": token}
        self.browser = Client()
        self.browser.force_login(user)
        self.keys = itertools.count()

    def json(self, path: str, body: object) -> HttpResponse:
        return Client().generic("POST", path, json.dumps(body), JSON, headers=self.token)

    def api(self, model: str, row: dict[str, Any]) -> HttpResponse:
        return self.json("/api/v1/predict", {"model": model, "inputs": row})

    def path(self, model: str, row: dict[str, Any]) -> HttpResponse:
        return self.json(f"/api/v1/models/{model}/predict", {"inputs": [row]})

    def seed(self, model: str, row: dict[str, Any]) -> HttpResponse:
        return self.json("/predict", row)

    def form(self, model: str, row: dict[str, Any]) -> HttpResponse:
        typed = {f"x-{name}": "" if value is None else str(value) for name, value in row.items()}
        sent = typed | {"idempotency_key": str(next(self.keys))}
        response = self.browser.post(f"/predict/{model}/", sent)
        if response.status_code == 200:  # it warns of values that the model never saw, and wants a tick
            sent |= {"shown": response.context["form"].digest, "confirmed": "on"}
            response = self.browser.post(f"/predict/{model}/", sent)
        return response

    def records(self, model: str, rows: list[dict[str, Any]]) -> HttpResponse:
        """What is answered about records that hold these rows: at least two, as one is asked about in the form."""
        known, key = RegisteredModel.objects.get(name=model), f"{next(self.keys):032x}"
        columns = [{"name": name} for name in rows[0]]
        dataset = Dataset.objects.create(name=key, title="x", model=known, columns=columns, updated_by=self.user)
        made = [Record(dataset=dataset, key=str(number), data=row) for number, row in enumerate(rows)]
        numbers = [record.pk for record in Record.objects.bulk_create(made)]
        said = {"shown": len(rows), "version": known.versions.latest("number").number, "confirm": 1}
        sent = {"record": numbers, "model": model, "idempotency_key": key} | said
        return self.browser.post(f"/records/{key}/ask", sent)

    def file(self, version: ModelVersion, rows: list[dict[str, str]]) -> dict[str, Found]:
        """What is answered about a file of these rows, by the number of the row."""
        text = StringIO()
        writer = csv.writer(text, delimiter=";")
        writer.writerows([["key", *rows[0]], *([number, *row.values()] for number, row in enumerate(rows))])
        content, model = BytesIO(text.getvalue().encode()), version.model
        batch = intake.receive(file=content, name="rows.csv", model=model, by=self.user, language="en")
        intake.reread(batch=batch, dialect=Dialect("semicolon", "utf-8", "point"))
        found = mapping.suggest(batch.headings, version.parsed_signature()) | {"key": 0}
        verbs.start_check(batch=batch, mapping=found, dataset=None, by=self.user)
        work_off()
        verbs.submit(batch=batch, by=self.user)
        work_off()
        return {answer.key: _found(answer) for answer in Prediction.objects.filter(batch=batch)}

    def each(self, model: str, row: dict[str, Any]) -> Iterator[tuple[str, HttpResponse]]:
        for door in (self.api, self.path, self.seed, self.form):
            yield door.__name__, door(model, row)

    def all(self, model: str, row: dict[str, Any]) -> Iterator[tuple[str, HttpResponse]]:
        yield from self.each(model, row)
        if not any("\x00" in value for value in row.values() if isinstance(value, str)):  # no record can hold that
            yield "records", self.records(model, [row, row])


@pytest.fixture
def doors(analyst: User, token: Callable[[User], str]) -> Doors:
    return Doors(analyst, token(analyst))


def stored() -> Found:
    """What the newest record holds of the question and the answer."""
    return _found(Prediction.objects.latest("id"))


def _found(row: Prediction) -> Found:
    return row.label, row.inputs, row.outputs["probabilities"], [item["code"] for item in row.warnings]


def of_records(response: HttpResponse) -> list[Found]:
    """The same of every answer about a list of records, in its order."""
    return [_found(row) for row in Prediction.objects.of_call(uuid.UUID(response["Location"].split("/")[2]))]


def refusals(door: str, response: HttpResponse) -> set[tuple[str, str]]:
    """(field, message) of every refused field."""
    assert response.status_code == 400, (door, response.content)
    if door == "records":
        return {(repair.field, repair.message) for repair in response.context["refusal"].repairs}
    if door == "form":
        errors = response.context["form"].errors
        return {(name.removeprefix("x-"), str(text)) for name, texts in errors.items() for text in texts}
    return {(error["field"], error["message"]) for error in response.json()["errors"]}


def test_set(folder: Path, names: list[str], rows: int) -> list[dict[str, Any]]:
    """Rows of an example's test_set.csv with the inputs alone, as texts."""
    with (folder / "test_set.csv").open(newline="") as file:
        found = list(itertools.islice(csv.DictReader(file), rows))
    assert len(found) == rows
    return [{name: line[name] for name in names} for line in found]


test_set.__test__ = False  # type: ignore[attr-defined]


def as_json(text: str) -> Any:
    """A number where the text is one: what a program sends that read the same file."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("model", ["iris", "attrition"])
def test_many_rows_get_the_same_answer_through_every_door(promoted, example, doors: Doors, model: str) -> None:
    version: ModelVersion = promoted(model)
    actions.make_default(version.model)
    names = [feature.name for feature in version.parsed_signature().features]
    rows = test_set(example(model), names, ROWS)
    answers = {}
    for number, row in enumerate(rows):
        sent = {name: as_json(text) for name, text in row.items()}
        for door, response in itertools.chain(doors.each(model, sent), doors.each(model, row)):
            assert response.status_code in {200, 302}, (door, response.content)
            answers.setdefault(number, []).append(stored())
            check_shown(door, response)
    for number, found in enumerate(of_records(doors.records(model, rows))):
        answers[number].append(found)
    assert Prediction.objects.count() == 9 * ROWS
    assert all(same(found, group[0]) for group in answers.values() for found in group)
    assert len({group[0][0] for group in answers.values()}) > 1  # the rows do not all get one label


def same(found: Found, first: Found) -> bool:
    """Label, inputs with their types, and warnings are equal; scores are within 1e-6."""
    scores = found[2] == pytest.approx(first[2], abs=1e-6, rel=0)
    return scores and (found[0], repr(found[1]), found[3]) == (first[0], repr(first[1]), first[3])


def check_shown(door: str, response: HttpResponse) -> None:
    """What the door said is what is stored."""
    last = Prediction.objects.latest("id")
    if door == "form":
        assert response["Location"] == f"/history/{last.pk}/"
    elif door == "seed":
        body = response.json()
        assert (body["label"], body["probability"]) == (last.label, last.score)
    else:
        (row,) = response.json()["predictions"]
        assert (row["label"], row["score"], row["probabilities"]) == (last.label, last.score, stored()[2])


@pytest.mark.parametrize("model", ["iris", "attrition"])
def test_a_file_gets_the_answers_of_form_and_api(promoted, example, doors: Doors, settings, model: str) -> None:
    settings.BATCH_ROWS = 300
    version: ModelVersion = promoted(model)
    names = [feature.name for feature in version.parsed_signature().features]
    rows = list(itertools.islice(itertools.cycle(test_set(example(model), names, ROWS)), ROWS_OF_A_FILE))
    by_file = doors.file(version, rows)
    assert len(by_file) == ROWS_OF_A_FILE
    sent = [{name: as_json(text) for name, text in row.items()} for row in rows]
    answered = doors.json("/api/v1/predict", {"model": model, "inputs": sent}).json()["predictions"]
    by_api = Prediction.objects.of_call(uuid.UUID(answered[0]["id"]))
    assert all(same(by_file[str(number)], _found(row)) for number, row in enumerate(by_api))
    for number, row in enumerate(rows[:ROWS]):
        assert doors.form(model, row).status_code == 302
        assert same(by_file[str(number)], stored())


def test_one_row_and_many_get_the_same_scores(iris: ModelVersion, example, doors: Doors) -> None:
    rows = test_set(example("iris"), list(IRIS), ROWS)
    together = doors.json("/api/v1/predict", {"model": "iris", "inputs": rows * 2}).json()["predictions"]
    for row, answer in zip(rows * 2, together, strict=True):
        (alone,) = doors.api("iris", row).json()["predictions"]
        assert alone["label"] == answer["label"]
        assert alone["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-6, rel=0)


# Pictures


def pictures(folder: Path, rows: int) -> Iterator[bytes]:
    """Digits of the test set as PNG files, dark ink on white paper, in several sizes."""
    with (folder / "test_set.csv").open(newline="") as file:
        for number, line in enumerate(itertools.islice(csv.DictReader(file), rows)):
            values = [float(value) for name, value in line.items() if name.startswith("pixel_")]
            ink = np.array(values).reshape(8, 8) / max(values)
            drawing = Image.fromarray((255 - 255 * ink).astype(np.uint8))
            content = BytesIO()
            drawing.resize((8 + 40 * (number % 3),) * 2).save(content, "PNG")
            yield content.getvalue()


def test_pictures_get_the_same_answer_through_every_door(promoted, example, doors: Doors) -> None:
    promoted("digits")
    labels = set()
    for number, picture in enumerate(pictures(example("digits"), ROWS)):
        found = []
        for response in picture_doors(doors, picture, number):
            assert response.status_code in {200, 302}, response.content
            found.append(stored())
        assert all(same(item, found[0]) for item in found)
        labels.add(found[0][0])
    assert len(labels) >= 5
    assert Prediction.objects.count() == 5 * ROWS


def picture_doors(doors: Doors, picture: bytes, number: int) -> Iterator[HttpResponse]:
    def upload() -> BytesIO:
        file = BytesIO(picture)
        file.name = "digit.png"
        return file

    own, key = "/api/v1/models/digits/predict", {"idempotency_key": f"p{number}"}
    yield doors.browser.post("/predict/digits/", {"image": upload()} | key)
    yield Client().post(own, {"image": upload()}, headers=doors.token)
    yield Client().post("/api/v1/predict", {"file": upload()}, headers=doors.token)
    text = base64.b64encode(picture).decode()
    yield doors.json(own, {"inputs": {"image": text}})
    yield doors.json("/api/v1/predict", {"model": "digits", "inputs": [{"image": text}]})


# One meaning for each value

CHANGES = {
    "features": [
        {"name": "count", "dtype": "integer", "min": 0, "max": 5_000_000, "nullable": True},
        {"name": "amount", "dtype": "number", "min": 0, "max": 5_000_000, "nullable": True},
        {"name": "flag", "dtype": "boolean", "nullable": True},
        {"name": "kind", "dtype": "category", "categories": [{"value": "Oui"}, {"value": "Non"}], "nullable": True},
        {"name": "code", "dtype": "category", "categories": [{"value": 1}, {"value": 2}], "nullable": True},
        {"name": "note", "dtype": "string", "nullable": True},
        {
            "name": "open",
            "dtype": "category",
            "categories": [{"value": "Oui"}],
            "allow_unknown": True,
            "nullable": True,
        },
    ]
}


@pytest.fixture
def typed(ready, administrator: User) -> ModelVersion:
    """A model with a field of every type: iris, asked through a signature and a graph of its own."""
    version: ModelVersion = ready("iris", model="typed", **typed_package())
    actions.make_default(version.model)
    promotions.request(model=version.model, version=version, by=administrator, reason="a test needs it")
    return version


def typed_package() -> dict[str, Any]:
    """Changes that make the iris package one with CHANGES as its inputs and a graph that reads one of them."""
    import onnx
    from onnx import TensorProto, helper

    source = helper.make_tensor_value_info("amount", TensorProto.DOUBLE, [None, 1])
    scores = helper.make_tensor_value_info("scores", TensorProto.DOUBLE, [None, 3])
    weights = helper.make_tensor("weights", TensorProto.DOUBLE, [1, 3], [0.0, 0.0, 0.0])
    shares = helper.make_tensor("shares", TensorProto.DOUBLE, [3], [0.2, 0.5, 0.3])
    zero = helper.make_tensor("zero", TensorProto.DOUBLE, [], [0.0])
    nodes = [
        helper.make_node("IsNaN", ["amount"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "amount"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["nothing"]),
        helper.make_node("Add", ["nothing", "shares"], ["scores"]),
    ]
    graph = helper.make_graph(nodes, "typed", [source], [scores], [weights, shares, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    outputs = {"classes": [{"value": name} for name in ("a", "b", "c")]}
    serving = {"graph": "model.converted.onnx", "inputs": {"amount": {"name": "amount", "t": "f8"}}, "scores": "scores"}
    return {
        "graph": model.SerializeToString(),
        "signature_json": {"task": "tabular-classification", "inputs": CHANGES, "outputs": outputs},
        "report": {"serving": serving},
        "companions": {},
    }


NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"
MEANS: list[tuple[str, Any, Any]] = [
    *(("count", text, 12) for text in ("12", " 12 ", "12.0", "12,0", "+12", "1.2e1", 12, 12.0)),
    *(("count", text, 1234) for text in ("1 234", f"1{NBSP}234", f"1{NARROW}234", "1,234.0", "1234,0")),
    *(("amount", text, 12.5) for text in ("12,5", "12.5", "12,50", "1.25e1", 12.5)),
    *(("amount", text, 1234.5) for text in (f"1{NBSP}234,5", f"1{THIN}234,5", "1 234.5", "1,234.5", "1234,5")),
    *(("amount", text, 12.0) for text in ("12", 12, "12,", "12.000")),
    *(("count", text, 5) for text in (5.0, "5.00")),
    *(("amount", text, 0.123) for text in ("0,123", ",123", ".123")),
    *(("flag", text, True) for text in ("True", "true", "TRUE", "oui", "Oui", " yes ", "vrai", "1", True, 1)),
    *(("flag", text, False) for text in ("False", "false", "non", "no", "faux", "0", False, 0)),
    *((name, text, None) for name in ("count", "amount", "flag", "kind", "code", "note") for text in ("", "  ", None)),
    *(("kind", text, "Oui") for text in ("Oui", " Oui ")),
    *(("code", text, 2) for text in ("2", "2,0", " 2", 2, 2.0)),
    *(("note", text, "12,5") for text in ("12,5", " 12,5")),
    ("note", "éà 🙂 Ω", "éà 🙂 Ω"),
    ("note", "True", "True"),
    ("note", 12, "12"),
    *(
        ("open", text, meant)
        for text, meant in ((" Oui", "Oui"), ("Peut-être ", "Peut-être"), ("True", "True"), ("", None))
    ),
]
REFUSED: list[tuple[str, Any, str]] = [
    *((name, text, "ambiguous_number") for name in ("count", "amount") for text in ("1,234", "12,345,678", "-1,234")),
    *(("count", text, "ambiguous_number") for text in ("5.000", "-12.000", "1.000.000")),
    *(
        (name, text, "not_a_number")
        for name in ("count", "amount")
        for text in ("x", "12 kg", "1,2,3", "0x1", "1_0", "٣")
    ),
    *(("amount", text, "not_a_number") for text in ("nan", "inf", "-Infinity", "1e999", "True", "5 1")),
    ("amount", "9" * 500, "out_of_bounds"),
    *(("count", text, "not_an_integer") for text in ("12,5", "12.5", 12.5)),
    *((name, text, "out_of_bounds") for name in ("count", "amount") for text in ("-1", -1, "5000001", "1e300", 1e300)),
    *(("flag", text, "not_a_boolean") for text in ("2", "maybe", "1.0", "ja", 2)),
    *(("kind", text, "unknown_category") for text in ("oui", "OUI", "Peut-être", "1", 1)),
    *(("code", text, "unknown_category") for text in ("3", 3)),
    *(("code", text, "not_a_number") for text in ("one", "true")),
    *((name, "a\x00b", "bad_character") for name in ("count", "amount", "flag", "kind", "code", "note")),
    ("note", "x" * 10_001, "too_long"),
]


@pytest.mark.parametrize(("name", "raw", "meant"), MEANS)
def test_a_value_means_the_same_through_every_door(typed, doors: Doors, name: str, raw: object, meant: object) -> None:
    for door, response in doors.all("typed", {name: raw}):
        assert response.status_code in {200, 302}, (door, response.content)
        assert repr(stored()[1][name]) == repr(meant), door
        assert stored()[3] == (["unknown_category"] if name == "open" and meant not in {"Oui", None} else []), door


@pytest.mark.parametrize(("name", "raw", "code"), REFUSED)
def test_a_value_is_refused_in_the_same_words(typed, doors: Doors, name: str, raw: object, code: str) -> None:
    found = {door: refusals(door, response) for door, response in doors.all("typed", {name: raw})}
    assert len({frozenset(items) for items in found.values()}) == 1, found
    ((field, message),) = found["form"]
    assert field == name
    assert str(raw) not in message or len(str(raw)) < 3
    assert doors.api("typed", {name: raw}).json()["errors"][0]["code"] == code
    assert not Prediction.objects.exists()


def test_many_problems_come_together_in_the_same_words(iris: ModelVersion, doors: Doors) -> None:
    actions.make_default(iris.model)
    row = {"sepal_length": "tall", "sepal_width": "1,234", "petal_length": None, "petal_width": "31"}
    found = {door: refusals(door, response) for door, response in doors.all("iris", row)}
    assert len(found["form"]) == 4
    assert len({frozenset(items) for items in found.values()}) == 1, found


def test_words_are_in_the_callers_language(iris: ModelVersion, doors: Doors) -> None:
    doors.token["accept-language"] = "fr"
    doors.browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    actions.make_default(iris.model)
    row = IRIS | {"petal_width": "tall", "sepal_width": "99"}
    found = {door: refusals(door, response) for door, response in doors.all("iris", row)}
    assert len({frozenset(items) for items in found.values()}) == 1, found
    assert any("Largeur du sépale" in message for _field, message in found["form"])
