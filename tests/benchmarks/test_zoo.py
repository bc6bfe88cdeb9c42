"""The zoo: a few of its pipelines with few rows, and what it says about them."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import zoo, zoo_models
from registry.exceptions import ImportRejected

KEYS = {"name", "runtime", "rows", "misses", "largest_difference", "latency_ms", "original_ms", "why"}
CHOSEN = ["logistic", "SVM, scaled target"]


@pytest.fixture(scope="module")
def listed() -> list[dict[str, Any]]:
    return list(zoo.entries(CHOSEN, rows=500, people=300))


def test_thirty_usual_pipelines_of_every_kind() -> None:
    assert len(zoo_models.ZOO) == 30
    assert {target for target, _make in zoo_models.ZOO.values()} == {"leaves", "rating", "salary", "absences"}
    table = zoo_models.people(50)
    assert table.isna().to_numpy().any()
    assert list(table) == [each["name"] for each in zoo_models.features(table)] == zoo_models.COLUMNS


def test_each_tells_the_same(listed: list[dict[str, Any]]) -> None:
    assert [set(entry) for entry in listed] == [KEYS] * 2
    assert [(entry["name"], entry["runtime"], entry["why"]) for entry in listed] == [(n, "onnx", "") for n in CHOSEN]
    assert {entry["rows"] for entry in listed} == {606}
    assert all(entry["misses"] == 0 and entry["largest_difference"] < 1e-6 for entry in listed)
    assert all(entry["latency_ms"] > 0 and entry["original_ms"] > 0 for entry in listed)


def test_json_is_a_list_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    zoo.main(["--json", "--only", "logistic", "--rows", "100", "--people", "200"])
    (entry,) = json.loads(capsys.readouterr().out)
    assert (set(entry), entry["runtime"]) == (KEYS, "onnx")


def test_the_page_says_why_not(listed: list[dict[str, Any]]) -> None:
    other = listed[0] | {"name": "odd", "runtime": "isolated", "why": "Served by the isolated runtime: no ONNX form."}
    refused = dict.fromkeys(KEYS) | {"name": "worse", "runtime": "none", "why": "The model answers none."}
    page = zoo.markdown([*listed, other, refused], 500)
    assert "**2 of 4 as ONNX, 3 of 4 served.**" in page
    assert "| odd | isolated |" in page
    assert "| worse | none |  |  |  |  |  | The model answers none. |" in page
    assert page.count("\n| ") == len(listed) + 4


def test_what_an_import_refuses_is_a_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise ImportRejected("Golden row “case-1” comes out differently here.")

    monkeypatch.setattr(zoo, "examined", refuse)
    (entry,) = zoo.entries(["logistic"], rows=100, people=100)
    assert (set(entry), entry["runtime"], entry["why"][:10]) == (KEYS, "none", "Golden row")


def test_the_page_in_the_documentation_is_the_scripts() -> None:
    page = (Path(zoo.__file__).parents[1] / "docs" / "zoo.md").read_text()
    assert [name for name in zoo_models.ZOO if f"| {name} | " not in page] == []
    assert "30 of 30 served" in page
