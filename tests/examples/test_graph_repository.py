"""A repository whose model is an ONNX graph: what `Repository(graph=...)` writes, without PyTorch."""

import json
import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from registry import contract
from tests.registry.graphs_built import IMAGE, Convnet, write_convnet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", name="folder")
def a_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_convnet(tmp_path_factory.mktemp("examples") / "convnet")


def test_it_keeps_the_contract(folder: Path) -> None:
    read = contract.read(folder)
    assert read.warnings == ()
    assert (read.manifest["model"]["file"], read.manifest["model"]["format"]) == ("model.onnx", "onnx")
    assert (read.manifest["inputs"]["image"], len(read.golden["cases"])) == (IMAGE, 10)


def test_no_file_is_a_pickle(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    texts = {"background.csv", "golden.json", "model_manifest.json", "README.md", "reference.json", "test_set.csv"}
    assert names == texts | {"model.onnx"}
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads((folder / "model.onnx").read_bytes())


def test_the_card_names_the_graph(folder: Path) -> None:
    found = contract.discover(folder)
    assert (found.path.name, found.format) == ("model.onnx", "onnx")
    metadata = contract.card(folder).metadata
    assert (metadata["library_name"], metadata["model_format"], metadata["tags"][0]) == ("onnx", "onnx", "onnx")


def test_the_golden_rows_are_in_the_layout_of_the_graph(folder: Path) -> None:
    cases = json.loads((folder / "golden.json").read_text())["cases"]
    pictures = np.array([case["input"]["image"] for case in cases], dtype=np.float32)
    assert pictures.shape == (10, 1, 8, 8)
    (answers,) = onnxruntime.InferenceSession(folder / "model.onnx").run(None, {"image": pictures})
    expected = [list(case["expected"]["proba"].values()) for case in cases]
    assert np.abs(answers - expected).max() < 1e-6
    assert np.abs(answers - Convnet(seed=1).predict_proba(pictures)).max() > 0.01  # other weights answer otherwise


def test_the_server_installs_nothing_of_the_training() -> None:
    """PyTorch belongs to the example's own requirements and to none of the server's."""
    wanted = (ROOT / "examples" / "digits" / "requirements-convnet.txt").read_text()
    assert "\ntorch>=" in wanted
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not any(line.startswith(("torch=", "onnxscript=")) for line in lock.read_text().splitlines()), lock.name
