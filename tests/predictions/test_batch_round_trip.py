"""What goes in comes back: the inputs in a file of answers are those that were asked about, to the last digit."""

import csv
import re
import unicodedata
from io import BytesIO, StringIO
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from predictions import actions
from predictions.answers.downloads import AnswersFile
from predictions.batches import cutting, downloads, intake, mapping, parts, rows
from predictions.imports.csv_files import DELIMITERS, Dialect, cleaned
from predictions.models import Batch, BatchChunk, Prediction, Source
from predictions.spreadsheets import Style
from registry import actions as registry_actions
from registry import promotions
from registry.contract import ModelFile
from registry.importer import examine, run
from registry.importer.package import Package
from registry.models import ModelVersion

TEAMS = {"S": {"en": "Sales", "fr": "Ventes"}, "L": {"en": "Law", "fr": "Droit"}, "-": "= None", "1,5": None}
GRADES = {1: None, 2.5: {"en": "Half", "fr": "Demi"}}
FEATURES = [
    {"name": "size", "dtype": "number", "label": {"en": "Size", "fr": "Taille"}},
    {"name": "weight", "dtype": "number", "nullable": True},
    {"name": "children", "dtype": "integer", "nullable": True, "label": "Answer"},  # as a column of ours is called
    {"name": "remote", "dtype": "boolean", "label": {"en": "Works far away", "fr": "Télétravail"}},
    {"name": "team", "dtype": "category", "categories": [{"value": v, "label": text} for v, text in TEAMS.items()]},
    {"name": "grade", "dtype": "category", "categories": [{"value": v, "label": text} for v, text in GRADES.items()]},
    {"name": "note", "dtype": "string", "nullable": True},
]


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A small regression that is asked for values of every kind, and looks at one of them."""
    folder = tmp_path_factory.mktemp("mixed")
    known = {"weight": 1.0, "children": 1.0, "remote": True, "team": "S", "grade": 1.0, "note": "x"}
    x = pd.DataFrame({"size": np.arange(40.0), **known})
    only_size = ColumnTransformer([("size", "passthrough", ["size"])])
    joblib.dump(make_pipeline(only_size, LinearRegression()).fit(x, x["size"]), folder / "model.joblib")
    x.to_csv(folder / "background.csv", index=False)
    package = Package(
        directory=folder,
        model_file=ModelFile(folder / "model.joblib", "joblib", "manifest"),
        trusted=False,
        report={},
        metadata={"name": "mixed", "metrics": []},
        signature_json={"task": "tabular-regression", "inputs": {"features": FEATURES}, "outputs": {}},
        companions={"background": "background.csv"},
    )
    examine.examine(package, progress=registry_actions.silent)
    return package


@pytest.fixture
def version(mixed: Package, administrator: User) -> ModelVersion:
    model = registry_actions.track_model(name="mixed", endpoint="huggingface", repo_id="demo/mixed", default=True)
    made = ModelVersion.objects.create(model=model, number=1, commit="a" * 40)
    run.finish(made, mixed)
    made.refresh_from_db()
    promotions.request(model=model, version=made, by=administrator, reason="a test needs it")
    return made


def _can_come_in(text: str) -> bool:
    """An apostrophe before a formula never comes in: it is no part of a text."""
    return not re.match(r"'[=+\-@\t\r]", text.strip())


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30).filter(_can_come_in)
numbers = st.floats(allow_nan=False, allow_infinity=False)
row = st.fixed_dictionaries(
    {
        "size": st.floats(-1e6, 1e6) | st.integers(-1000, 1000),
        "weight": st.none() | numbers,
        "children": st.none() | st.integers(1 - 2**53, 2**53 - 1),
        "remote": st.booleans(),
        "team": st.sampled_from([*TEAMS]),
        "grade": st.sampled_from([*GRADES]),
        "note": st.none() | texts,
    }
)
dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from(["comma", "semicolon", "tab"]),
    decimal=st.sampled_from(["comma", "point"]),
)
EVIL = {
    "size": 1e-7,
    "weight": -1.7976931348623157e308,
    "children": -1,
    "remote": False,
    "team": "-",
    "grade": 2.5,
    "note": None,
}


@given(st.lists(row, min_size=1, max_size=4), dialects, st.sampled_from(["en", "fr"]))
@example([EVIL | {"note": "=1+1"}, EVIL | {"note": "-0,5"}, EVIL | {"note": 'a;"b"\r\n,c'}], Dialect(), "fr")
@example([EVIL | {"weight": 1.234, "size": 1234.0}], Dialect("semicolon", decimal="comma"), "fr")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_inputs_come_back_as_they_were(
    version: ModelVersion, analyst: User, asked: list[dict[str, Any]], dialect: Dialect, language: str
) -> None:
    columns = {feature["name"]: [values[feature["name"]] for values in asked] for feature in FEATURES}
    named = {"model": "mixed", "rows": len(asked), "source": Source.API, "by": analyst}
    answer = actions.predict(columns=columns, **named)
    stored = [prediction.inputs for prediction in answer.predictions]
    with translation.override(language):
        file = AnswersFile(version.parsed_signature(), frozenset(), Style.of_file(dialect))
        content = "".join(file.lines(Prediction.objects.of_call(answer.request_id))).encode()
    assert read_back(version, analyst, content, dialect) == without_marks(stored)


own = st.lists(texts, min_size=4, max_size=4)


@given(st.lists(row, min_size=1, max_size=4), own, dialects, st.sampled_from(["en", "fr"]), st.booleans())
@example([EVIL | {"note": "=1+1"}, EVIL | {"note": "-0,5"}], ["=1", "-2,5", "'@", "1.5"], Dialect(), "fr", True)
@example([EVIL | {"weight": 1.234}], ["1.234", "", "", ""], Dialect("semicolon", decimal="comma"), "fr", False)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_comes_back_as_it_was_and_means_the_same(
    version: ModelVersion,
    analyst: User,
    asked: list[dict[str, Any]],
    own: list[str],
    dialect: Dialect,
    language: str,
    is_workbook: bool,
) -> None:
    dialect = Dialect() if is_workbook else dialect  # what a workbook is turned into
    batch = answered(version, analyst, typed(asked, own, dialect), dialect)
    batch.kind = Batch.Kind.XLSX if is_workbook else Batch.Kind.CSV
    with translation.override(language):
        content = "".join(downloads.results_lines(batch, analyst)).encode()
        style = downloads.style_of(batch)
    sent = Dialect("semicolon", decimal="comma") if style.point == "," and is_workbook else dialect
    assert read_back(version, analyst, content, sent) == without_marks(asked)
    if not is_workbook:
        found, once = cells_of(content, dialect), cells_of(typed(asked, own, dialect), dialect)
        assert [cells[: len(once[0])] for cells in found] == once


def typed(asked: list[dict[str, Any]], own: list[str], dialect: Dialect) -> bytes:
    """A file as somebody has it, with a column that the model does not take, and one called like one of ours."""
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=DELIMITERS[dialect.delimiter])
    writer.writerow(["id", "Mine", *(feature["name"] for feature in FEATURES), "Warnings"])
    for number, (values, mine) in enumerate(zip(asked, own, strict=False)):
        writer.writerow([number, mine, *(cell(values[feature["name"]], dialect) for feature in FEATURES), "w"])
    return text.getvalue().encode()


def cell(value: Any, dialect: Dialect) -> str:
    if isinstance(value, float) and dialect.decimal == "comma":
        return repr(value).replace(".", ",")
    return "" if value is None else str(value)


def cells_of(content: bytes, dialect: Dialect) -> list[list[str]]:
    """The rows of a file below its headings, as they are read."""
    table = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=DELIMITERS[dialect.delimiter])
    return [[cleaned(text) for text in row] for row in table][1:]


def answered(version: ModelVersion, by: User, content: bytes, dialect: Dialect) -> Batch:
    """A file whose rows were answered, without the wait for a worker."""
    batch, chunk = cut_up(version, by, content, dialect)
    signature, found = version.parsed_signature(), rows.read_chunk(chunk)
    asked = {"columns": rows.columns(found, batch, signature), "rows": chunk.rows, "cases": rows.keys(found, batch)}
    answer = actions.predict(model="mixed", source=Source.API, by=by, **asked)
    chunk.status, chunk.request_id = BatchChunk.Status.DONE, answer.request_id
    chunk.save()
    return batch


def cut_up(version: ModelVersion, by: User, content: bytes, dialect: Dialect) -> tuple[Batch, BatchChunk]:
    """A file in one piece, its columns as they are proposed."""
    batch = Batch.objects.create(user=by, model=version.model, version=version, name="x.csv", size=len(content))
    parts.store(batch, BytesIO(content))
    intake._describe(batch, dialect)
    batch.mapping = mapping.chosen(mapping.suggest(batch.headings, version.parsed_signature()))
    batch.save()
    (cut,) = cutting.cut(iter([content]), dialect, rows=100)
    return batch, BatchChunk(batch=batch, **vars(cut))


def read_back(version: ModelVersion, by: User, content: bytes, dialect: Dialect) -> list[dict[str, Any]]:
    """What the waist would be asked if the file were sent, its columns as they are proposed."""
    batch, chunk = cut_up(version, by, content, dialect)
    signature, found = version.parsed_signature(), rows.read_chunk(chunk)
    assert found.faults == {}
    return signature.clean(rows.columns(found, batch, signature), len(found.cells)).records


def without_marks(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Texts come in composed, without spaces around them."""
    return [
        {
            name: unicodedata.normalize("NFC", value).strip() or None if isinstance(value, str) else value
            for name, value in values.items()
        }
        for values in stored
    ]
