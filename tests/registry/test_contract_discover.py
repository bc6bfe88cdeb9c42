"""Folders without a manifest: which file is the model, and what the card says."""

import json

import pytest

from registry import contract, contract_discovery

CARD = """---
license: mit
model_file: forest.pkl
trained: 2026-01-31
score: .nan
---

# Forest
"""


def _folder(path, *names, **texts):
    for name in names:
        (path / name).write_bytes(b"x")
    for name, text in texts.items():
        (path / {"config": "config.json", "card": "README.md"}[name]).write_text(text)
    return path


def _found(path):
    model = contract.discover(path)
    return model.path.name, model.format, model.found_by


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["sklearn_model.joblib", "model.skops"], ("sklearn_model.joblib", "joblib")),
        (["model.skops", "model.joblib"], ("model.skops", "skops")),
        (["best.skops", "model.joblib"], ("best.skops", "skops")),
        (["model.pickle", "sklearn_model.joblib"], ("sklearn_model.joblib", "joblib")),
        (["model.onnx", "model.joblib"], ("model.joblib", "joblib")),
        (["clf.joblib", "clf.onnx"], ("clf.joblib", "joblib")),
        (["clf.joblib", "notes.txt"], ("clf.joblib", "joblib")),
        (["model.onnx"], ("model.onnx", "onnx")),
    ],
)
def test_usual_names_are_found_in_order(tmp_path, names, expected):
    assert _found(_folder(tmp_path, *names)) == (*expected, "file name")


@pytest.mark.parametrize(
    "names",
    [
        ["a.skops", "b.skops"],
        ["model.joblib", "model.pkl"],
        ["clf.joblib", "scaler.joblib"],
        ["model.joblib", "te_encoder.joblib"],
        ["model.skops", "scaler.pkl"],
        ["model.onnx", "scaler.joblib"],
        ["clf.onnx", "scaler.joblib"],
        ["sklearn_model.joblib", "encoder.pickle"],
    ],
)
def test_several_candidates_are_named_and_never_guessed(tmp_path, names):
    with pytest.raises(contract.ContractError) as caught:
        contract.discover(_folder(tmp_path, *names))
    assert all(name in str(caught.value) for name in names)


def test_what_to_write_is_said(tmp_path):
    with pytest.raises(contract.ContractError) as caught:
        contract.discover(_folder(tmp_path, "model.joblib", "te_encoder.joblib"))
    said = str(caught.value)
    assert "name it in the front matter of README.md (model_file: model.joblib)" in said
    assert 'lists it in model.steps: {"file": "te_encoder.joblib", "format": "joblib"}.' in said


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(contract.ContractError, match="There is no model file"):
        contract.discover(_folder(tmp_path, "notes.txt"))


def test_a_linked_model_is_no_candidate(tmp_path):
    (tmp_path / "model.joblib").symlink_to("/etc/hostname")
    with pytest.raises(contract.ContractError, match="There is no model file"):
        contract.discover(tmp_path)


def test_config_json_comes_first(tmp_path):
    config = {"sklearn": {"model": {"file": "HME_pickle"}, "model_format": "pickle", "columns": []}}
    _folder(tmp_path, "HME_pickle", "model.joblib", config=json.dumps(config))
    assert _found(tmp_path) == ("HME_pickle", "pickle", "config.json")


@pytest.mark.parametrize(
    ("name", "declared", "content", "expected"),
    [
        ("hub/clf.sav", None, b"x", "pickle"),
        ("HME_pickle", None, b"x", "pickle"),
        ("HME", None, b"PK\x03\x04", "skops"),
        ("HME", "pickle", b"PK\x03\x04", "pickle"),
        ("clf.skops", "pickle", b"x", "skops"),
        ("graph.onnx", "odd", b"x", "onnx"),
    ],
)
def test_a_declared_model_may_be_called_anything(tmp_path, name, declared, content, expected):
    config = {"sklearn": {"model": {"file": name}, "model_format": declared}}
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    _folder(tmp_path, "scaler.joblib", config=json.dumps(config))
    found = contract.discover(tmp_path)
    assert (found.path, found.format, found.unused) == (tmp_path / name, expected, ("scaler.joblib",))


@pytest.mark.parametrize("name", [".hidden/clf.pkl", "setup.py", "/etc/passwd", "data.csv"])
def test_a_declared_model_is_no_other_file(tmp_path, name):
    config = json.dumps({"sklearn": {"model": {"file": name}}})
    assert list(contract_discovery.declared_models(_folder(tmp_path, "model.pkl", config=config))) == []


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"sklearn": 1}',
        '{"sklearn": {"model": {"file": 7}}}',
        '{"sklearn": {"model": {"file": "../model.pkl"}}}',
        '{"sklearn": {"model": {"file": "absent.pkl"}}}',
    ],
)
def test_an_odd_config_json_is_passed_over(tmp_path, config):
    assert _found(_folder(tmp_path, "model.pkl", config=config)) == ("model.pkl", "pickle", "file name")


def test_the_card_may_name_the_model(tmp_path):
    _folder(tmp_path, "forest.pkl", "model.pkl", card=CARD)
    assert _found(tmp_path) == ("forest.pkl", "pickle", "README.md")


def test_the_card_is_text_and_plain_values(tmp_path):
    card = contract.card(_folder(tmp_path, card=CARD))
    assert card.text == "# Forest\n"
    assert card.metadata == {
        "license": "mit",
        "model_file": "forest.pkl",
        "trained": "2026-01-31",
        "score": None,
    }


@pytest.mark.parametrize(
    "front", ["a: [", "- a list", "a: !!python/object/apply:os.system [id]", "a: &x [1]\nb: [*x, *x]"]
)
def test_an_odd_front_matter_is_empty_and_runs_nothing(tmp_path, front):
    card = contract.card(_folder(tmp_path, card=f"---\n{front}\n---\ntext\n"))
    assert card == contract.Card(text="text\n", metadata={})


def test_a_folder_without_a_card_has_an_empty_one(tmp_path):
    assert contract.card(tmp_path) == contract.Card()
