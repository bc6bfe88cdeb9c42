"""A folder keeps the contract, or every problem is named with its file and field."""

import hashlib
import json

import pytest

from registry import contract

FEATURES = [
    {"name": "age", "dtype": "integer", "min": 16, "max": 75, "label": {"en": "Age", "fr": "Âge"}},
    {"name": "income", "dtype": "number", "nullable": True, "train_range": [1000, 20000]},
    {"name": "job", "dtype": "category", "categories": [{"value": "Tech Lead"}, {"value": "Manager"}]},
    {"name": "remote", "dtype": "boolean", "actionable": True},
]
ROW = {"age": 41, "income": None, "job": "Manager", "remote": True}


class Folder:
    """A small folder that keeps the contract until a test changes it."""

    def __init__(self, path):
        self.path = path
        expected = {"label": "stays", "proba": {"leaves": 0.25, "stays": 0.75}}
        cases = [{"id": f"case-{i}", "input": dict(ROW), "expected": expected} for i in range(5)]
        ages = {"kind": "numeric", "edges": [18, 30, 60], "counts": [3, 4], "missing": 0, "n": 7}
        jobs = {"kind": "category", "counts": {"Manager": 7}, "missing": 0, "n": 7}
        features = {"age": ages, "income": ages, "job": jobs, "remote": jobs}
        self.golden = {"atol": 1e-6, "cases": cases}
        self.reference = {"features": features, "score": {"edges": [0, 1], "counts": [7], "n": 7}}
        self.background = "age,income,job,remote\n41,,Manager,true\n20,1500.5,Tech Lead,false\n"
        self.manifest = {
            "schema_version": "1.0",
            "model": {
                "name": "m",
                "version": "1",
                "task": "tabular-classification",
                "file": "model.joblib",
                "format": "joblib",
            },
            "runtime": {"python": "3.11.7", "packages": {"scikit-learn": "1.9.1", "numpy": "2.4.6"}},
            "inputs": {"features": json.loads(json.dumps(FEATURES))},
            "outputs": {
                "classes": [{"value": "leaves", "positive": True}, {"value": "stays"}],
                "threshold": {"value": 0.3},
            },
            "artifacts": {
                "golden": "golden.json",
                "reference": "reference.json",
                "background": "background.csv",
            },
        }

    def write(self):
        contents = {
            "model.joblib": b"not opened here",
            "golden.json": json.dumps(self.golden).encode(),
            "reference.json": json.dumps(self.reference).encode(),
            "background.csv": self.background.encode(),
        }
        for name, data in contents.items():
            (self.path / name).write_bytes(data)
        self.manifest.setdefault("files", {name: _entry(data) for name, data in contents.items()})
        (self.path / "model_manifest.json").write_text(json.dumps(self.manifest))

    def problems(self):
        self.write()
        with pytest.raises(contract.ContractError) as caught:
            contract.read(self.path)
        return caught.value.problems


def _entry(data):
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_it_reads_a_folder_that_keeps_the_contract(folder):
    folder.write()
    read = contract.read(folder.path)
    data = (folder.path / "model_manifest.json").read_bytes()
    assert read.manifest_sha256 == hashlib.sha256(data).hexdigest()
    assert read.model_file.format == "joblib"
    assert len(read.golden["cases"]) == 5
    assert read.background.rows[0] == ("41", "", "Manager", "true")
    assert read.warnings == ()


# Strict JSON


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' is repeated"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": 1e999}', "the number 1e999 is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is too large"),
        (b'{"a": "\\u0000"}', "the NUL character"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"a": "\xff"}', "is not UTF-8 text"),
        (b"[" * 200_000, "is nested too deeply"),
        (b"{", "is not strict JSON"),
    ],
)
def test_it_refuses_json_that_cannot_be_stored(tmp_path, text, words):
    (tmp_path / "model_manifest.json").write_bytes(text)
    with pytest.raises(contract.ContractError) as caught:
        contract.read(tmp_path)
    assert caught.value.problems[0].startswith("model_manifest.json: ")
    assert words in caught.value.problems[0]


def test_it_refuses_a_huge_manifest_before_parsing_it(tmp_path):
    with (tmp_path / "model_manifest.json").open("wb") as file:
        file.truncate(contract.MAX_TEXT + 1)
    with pytest.raises(contract.ContractError, match="is not accepted"):
        contract.read(tmp_path)


def test_it_says_that_there_is_no_manifest(tmp_path):
    with pytest.raises(contract.ContractError, match=r"model_manifest.json: is not in the folder"):
        contract.read(tmp_path)


# The manifest


def _set(place, value):
    def change(folder):
        target = folder.manifest
        *path, last = place
        for key in path:
            target = target[key]
        target[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set(["schema_version"], "2.0"), "schema_version: '2.0' does not match"),
        (_set(["model", "format"], "h5"), "model.format: 'h5' is not one of"),
        (_set(["model", "format"], "onnx"), "model.format: onnx does not fit the file model.joblib"),
        (_set(["model", "file"], "../model.joblib"), "model.file: '../model.joblib' does not match"),
        (_set(["model", "file"], "other.joblib"), "model.file: other.joblib is not listed in files"),
        (_set(["model", "steps"], [{"file": "te.joblib", "format": "joblib"}]), "model.steps[0].file: te.joblib"),
        (_set(["runtime", "packages"], {"numpy": "2.4.6"}), "runtime.packages: scikit-learn is missing"),
        (_set(["model", "task"], "image-classification"), "inputs: a model of the task image-classification"),
        (_set(["inputs", "features", 1, "name"], "age"), "the name 'age' is used twice"),
        (_set(["inputs", "features", 0, "min"], 90), "'age': min is greater than max"),
        (_set(["inputs", "features", 0, "label"], {"de": "Alter"}), "'de' is not one of ['en', 'fr']"),
        (_set(["inputs", "features", 0, "colour"], 1), "'colour' was unexpected"),
        (_set(["inputs", "features", 0, "default"], "12"), "'age': default must be a number"),
        (_set(["inputs", "features", 1, "train_range"], [2, 1]), "'income': train_range"),
        (_set(["inputs", "features", 3, "max"], 1), "'remote': max is for numbers"),
        (_set(["inputs", "features", 3, "dtype"], "category"), "'categories' is a required property"),
        (_set(["inputs", "features", 2, "categories"], [{"value": "a"}, {"value": "a"}]), "listed twice"),
        (_set(["inputs", "features", 2, "categories"], [{"value": "a"}, {"value": 1}]), "mix texts, numbers"),
        (_set(["outputs", "classes"], [{"value": "a"}, {"value": "a"}]), "the class 'a' is listed twice"),
        (_set(["outputs", "classes"], [{"value": v} for v in "abc"]), "a threshold is for two classes"),
        (_set(["outputs", "classes"], [{"value": v} for v in "ab"]), "say with positive: true which class"),
        (_set(["outputs"], {}), "outputs.classes: a classification lists its classes"),
        (_set(["files"], {"a/../b": {}}), "'a/../b' does not match"),
        (_set(["files"], {"a//b": {"sha256": "0" * 64, "size": 0}}), "'a//b' is not a plain relative path"),
    ],
)
def test_a_bad_manifest_is_named_by_its_field(folder, change, words):
    folder.write()
    change(folder)
    assert any(words in problem for problem in folder.problems())


def test_a_whole_number_written_with_a_point_is_none(folder):
    folder.manifest["outputs"] = {"classes": [{"value": 1.0}, {"value": 2.0}]}
    assert any("1.0 is not of type" in problem for problem in folder.problems())


def test_it_names_all_problems_at_once(folder):
    folder.manifest["inputs"]["features"][0]["min"] = 90
    del folder.manifest["outputs"]["classes"][0]["positive"]
    assert len(folder.problems()) == 2


# The files


def test_a_changed_byte_is_noticed(folder):
    folder.write()
    (folder.path / "model.joblib").write_bytes(b"not opened herE")
    with pytest.raises(contract.ContractError, match=r"model.joblib: its SHA-256 is not the one"):
        contract.read(folder.path)


def test_a_cut_file_is_noticed(folder):
    folder.write()
    (folder.path / "model.joblib").write_bytes(b"not")
    with pytest.raises(contract.ContractError, match=r"model.joblib: has 3 bytes; the manifest says 15"):
        contract.read(folder.path)


def test_a_missing_file_is_noticed(folder):
    folder.write()
    (folder.path / "golden.json").unlink()
    with pytest.raises(contract.ContractError, match=r"golden.json: is listed in the manifest, and is not"):
        contract.read(folder.path)


def test_a_pull_may_leave_out_what_serving_does_not_need(folder):
    folder.write()
    folder.manifest["files"]["curve.png"] = _entry(b"picture")
    folder.write()
    assert "curve.png" not in contract.read(folder.path, complete=False).needed
    with pytest.raises(contract.ContractError, match=r"curve.png: is listed"):
        contract.read(folder.path)


def test_a_link_is_never_followed(folder, tmp_path_factory):
    folder.write()
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_bytes(b"not opened here")
    (folder.path / "model.joblib").unlink()
    (folder.path / "model.joblib").symlink_to(outside)
    with pytest.raises(contract.ContractError, match=r"model.joblib: cannot be read: it is a link"):
        contract.read(folder.path)


def test_a_linked_folder_is_never_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "model.joblib").write_bytes(b"x")
    (folder.path / "sub").symlink_to(outside)
    folder.manifest["files"] = {"sub/model.joblib": _entry(b"x")}
    folder.manifest["model"]["file"] = "sub/model.joblib"
    folder.manifest["artifacts"] = {}
    assert folder.problems() == ["sub/model.joblib: cannot be read: it is a link or no plain file."]


def test_a_large_model_is_refused(folder):
    folder.write()
    with pytest.raises(contract.ContractError, match="more than 10 is not accepted"):
        contract.read(folder.path, max_file=10)


def test_an_unlisted_file_and_a_missing_golden_are_warnings(folder):
    del folder.manifest["artifacts"]["golden"]
    folder.write()
    (folder.path / "notes.txt").write_text("x")
    (folder.path / "curve.png").write_text("x")
    (folder.path / "README.md").write_text("![a curve](curve.png)")
    no_golden, unlisted = contract.read(folder.path).warnings
    assert no_golden.startswith("There is no golden.json")
    assert unlisted.startswith("notes.txt: is not listed")


# The companions


def _case(place, value):
    def change(folder):
        target = folder.golden["cases"][0]
        *path, last = place
        for key in path:
            target = target[key]
        target[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.golden["cases"].pop(), "golden.json: has 4 cases"),
        (_case(["id"], "case-1"), "the id 'case-1' is used twice"),
        (_case(["input"], {}), "cases[0]: input: 'age' is missing"),
        (_case(["input", "wage"], 1), "'wage' is not an input of the model"),
        (_case(["input", "age"], "41"), "'age' must be a number"),
        (_case(["input", "age"], None), "'age' must not be missing"),
        (_case(["input", "age"], 41.5), "'age' must be a whole number"),
        (_case(["input", "age"], 140), "'age' must lie between min and max"),
        (_case(["input", "job"], "Boss"), "'job' must be one of the categories"),
        (_case(["input", "remote"], "True"), "'remote' must be true or false"),
        (_case(["expected"], {"label": "gone"}), "the label 'gone' is none of the classes"),
        (_case(["expected", "proba"], {"stays": 1}), "proba must have one number for each class"),
        (_case(["expected", "proba"], {"stays": 1, "leaves": 1}), "must add up to 1"),
        (lambda f: f.golden.update(atol=1), "atol must be"),
        (lambda f: f.reference["features"].pop("age"), "reference.json: features: 'age' is missing"),
        (lambda f: f.reference["features"]["age"].update(edges=[1, 1, 2]), "'age': edges must rise"),
        (lambda f: f.reference["features"]["age"].update(counts=[1]), "counts must be a list of 2"),
        (lambda f: f.reference["features"]["job"].update(counts={"Manager": -1}), "of whole numbers"),
    ],
)
def test_an_odd_companion_is_named_by_its_field(folder, change, words):
    expected = json.loads(json.dumps(folder.golden["cases"][0]["expected"]))
    folder.golden["cases"][0]["expected"] = expected  # the cases share one until here
    change(folder)
    assert any(words in problem for problem in folder.problems())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age,income,job\n1,2,Manager\n", "see 'remote'"),
        ("age,income,job,remote\n", "at least one row"),
        ("age,income,job,remote\n41,,Manager\n", "line 2 has 3 values; 4 are needed"),
        ("age,income,job,remote\n,,Manager,true\n", "line 2: 'age' must not be missing"),
        ("age,income,job,remote\n41,nan,Manager,true\n", "'income' must be a value of the type number"),
        ("age,income,job,remote\n41,,Boss,true\n", "'job' must be one of the categories"),
        ("age,income,job,remote\n41,,Manager,True\n", "'remote' must be a value of the type boolean"),
        ("age,income,job,remote\n" + "41,,Manager,true\n" * 201, "has 201 rows; at most 200"),
        ('age,income,job,remote\n41,,"Manager,true\n', "is not a CSV file"),
    ],
)
def test_an_odd_background_is_named_by_its_line(folder, text, words):
    folder.background = text
    assert any(problem.startswith("background.csv: ") and words in problem for problem in folder.problems())


def test_an_image_case_has_the_shape_of_the_picture(folder):
    image = {"width": 2, "height": 2, "mode": "L", "invert": "auto", "fit": "ink", "scale": 16, "layout": "nhw"}
    folder.manifest["model"]["task"] = "image-classification"
    folder.manifest["inputs"] = {"image": image}
    folder.manifest["artifacts"] = {"golden": "golden.json"}
    for case in folder.golden["cases"]:
        case["input"] = {"image": [[0, 16], [8, 0]]}
    folder.write()
    contract.read(folder.path)
    folder.golden["cases"][2]["input"] = {"image": [0, 16, 8, 0]}
    del folder.manifest["files"]
    assert folder.problems() == ["golden.json: cases[2]: input: image must be lists of numbers of the shape 2 x 2."]
