"""The child as the import asks it: load, inspect, predict, convert, edges, on real small pipelines."""

import contextlib
import pickle

import joblib
import numpy as np
import onnxruntime
import pytest
import sklearn
import skops.io
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OutputCodeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from registry.importer.child.inspection import trained_with
from registry.importer.process import JailedChild, encode_columns, memory_for
from registry.runtimes.base import RuntimeFailed
from registry.runtimes.onnx import OnnxRuntime
from tests.registry import pipelines

FEATURES = [{"name": name, "t": each["t"]} for name, each in encode_columns(pipelines.columns()).items()]


def start(folder, value, **how):
    """A child that has loaded `value`; what it answered is its `loaded`."""
    form = how.get("format", "joblib")
    (skops.io if form == "skops" else joblib).dump(value, folder / "model")
    child = JailedChild(folder=folder, memory=memory_for(0), cpu=60)
    try:
        request = {"file": "model", "format": form, "trusted": False} | how
        child.loaded = child.call("load", request, deadline=60)
    except RuntimeFailed:
        child.close()
        raise
    return child


@pytest.fixture(scope="session")
def child_of(tmp_path_factory):
    """`child_of(name)`: a child with that pipeline, one for the session."""
    children = {}

    def get(name):
        if name not in children:
            children[name] = start(tmp_path_factory.mktemp(name), pipelines.fitted(name))
        return children[name]

    yield get
    for child in children.values():
        child.close()


@pytest.fixture
def loaded(tmp_path):
    """`loaded(value)`: a child of the test's own."""
    with contextlib.ExitStack() as stack:
        yield lambda value, **how: stack.enter_context(contextlib.closing(start(tmp_path, value, **how)))


def predicted(child, columns, rows):
    answer = child.call("predict", {"columns": encode_columns(columns), "rows": rows}, deadline=20)
    return np.frombuffer(answer["scores"]).reshape(answer["shape"])


def test_load_tells_globals_and_versions(child_of):
    answer = child_of("logistic").loaded
    assert "sklearn.linear_model._logistic.LogisticRegression" in answer["globals"]
    assert answer["trained_with"] == answer["versions"]["scikit-learn"]
    assert {"python", "numpy", "scipy", "pandas", "joblib", "skops"} <= set(answer["versions"])


def test_skops_file_answers_the_same(loaded):
    child = loaded(pipelines.fitted("forest"), format="skops")
    assert child.loaded["trained_with"] == child.loaded["versions"]["scikit-learn"]
    scores = predicted(child, pipelines.columns(), pipelines.ROWS)
    assert np.array_equal(scores, pipelines.expected("forest"))


def test_refused_global_is_named(loaded):
    with pytest.raises(RuntimeFailed, match=r"test_child\.predicted") as caught:
        loaded({"model": predicted})
    assert caught.value.kind == "refused"


def test_file_that_predicts_nothing(loaded):
    with pytest.raises(RuntimeFailed, match="dict with 0 models") as caught:
        loaded({"columns": ["age"]})
    assert caught.value.kind == "load"


def test_file_of_another_scikit_learn_names_both_versions(tmp_path):
    """Every ColumnTransformer saved by 1.5 names a class that 1.9 has no more."""
    gone = b"csklearn.compose._column_transformer\n_RemainderColsList\n"
    (tmp_path / "old").write_bytes(b"\x80\x02}(X\x10\0\0\0_sklearn_versionX\5\0\0\x001.5.2K\1" + gone + b"u.")
    reason = rf"trained with scikit-learn 1\.5\.2; .* has {sklearn.__version__}"
    child = JailedChild(folder=tmp_path, memory=memory_for(0), cpu=60)
    with contextlib.closing(child), pytest.raises(RuntimeFailed, match=reason):
        child.call("load", {"file": "old", "format": "pickle", "trusted": False}, deadline=60)


@pytest.mark.parametrize("protocol", range(6))
def test_version_is_found_without_loading(protocol):
    assert trained_with(pickle.dumps(pipelines.fitted("ridge"), protocol)) == sklearn.__version__


def test_inspect_describes_a_classifier(child_of):
    found = child_of("logistic").call("inspect", {}, deadline=20)
    assert found["class"] == "sklearn.pipeline.Pipeline"
    assert (found["task"], found["scores"]) == ("tabular-classification", "probability")
    assert (found["classes"], found["n_features"]) == ([0, 1], 4)
    assert found["feature_names"] == ["age", "income", "department", "overtime"]


def test_draft_signature_tells_what_was_inferred(child_of):
    draft = child_of("forest").call("inspect", {}, deadline=20)["draft"]
    features = {each["name"]: each for each in draft["features"]}
    assert [each["value"] for each in features["department"]["categories"]] == ["law", "sales", "shop"]
    assert features["department"]["allow_unknown"]
    assert features["overtime"] == {"name": "overtime", "dtype": "boolean"}
    assert features["income"]["nullable"]
    assert features["income"]["default"] == pytest.approx(np.nanmedian(pipelines.employees().income))
    assert "income.train_range" in draft["inferred"]


def test_regressor_answers_a_value(child_of):
    child = child_of("ridge")
    found = child.call("inspect", {}, deadline=20)
    assert (found["task"], found["scores"], found["classes"]) == ("tabular-regression", "value", None)
    assert predicted(child, pipelines.columns(0, 5), 5).shape == (5, 1)


def test_classifier_without_probabilities_answers_one_hot(child_of):
    child = child_of("linear_svc")
    assert child.call("inspect", {}, deadline=20)["scores"] == "label"
    scores = predicted(child, pipelines.columns(), pipelines.ROWS)
    assert np.array_equal(scores.argmax(axis=1), pipelines.fitted("linear_svc").predict(pipelines.employees()))


def test_bundle_gives_its_threshold_and_columns(child_of):
    found = child_of("bundle").call("inspect", {}, deadline=20)
    assert found["threshold"] == 0.3
    assert found["hints"]["feature_columns"] == ["age", "income", "department", "overtime"]


def test_kept_training_rows_are_warned_of(child_of):
    found = child_of("svc").call("inspect", {}, deadline=20)
    assert "SVC keeps rows it was trained on inside the file." in found["warnings"]


def test_steps_are_chained(loaded, tmp_path):
    table = np.arange(40.0).reshape(20, 2)
    scaler = StandardScaler().fit(table)
    model = LogisticRegression().fit(scaler.transform(table), np.arange(20) > 9)
    joblib.dump(scaler, tmp_path / "scaler")
    child = loaded(model, steps=["scaler"])
    scores = predicted(child, {"a": table[:, 0], "b": table[:, 1]}, 20)
    assert np.array_equal(scores, model.predict_proba(scaler.transform(table)))


def test_image_is_one_column(loaded):
    pixels = np.random.default_rng(0).random((60, 64))
    model = LogisticRegression(max_iter=500).fit(pixels, np.arange(60) % 3)
    child = loaded(model)
    # Laid out in memory as columns, which some processors sum in another order.
    assert np.abs(predicted(child, {"image": pixels}, 60) - model.predict_proba(pixels)).max() < 1e-12
    graph = child.call("convert", {"image": [64]}, deadline=60)
    feed = {graph["inputs"]["image"]["name"]: pixels.astype(graph["inputs"]["image"]["t"])}
    assert np.abs(run(graph["onnx"], feed) - model.predict_proba(pixels)).max() < 1e-6


def run(graph, feed):
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(None, feed)[0]


def answered(graph, columns):
    """By the runtime that serves."""
    runtime = OnnxRuntime(graph["onnx"], inputs=graph["inputs"], scores=graph["scores"])
    return runtime.predict(columns, len(next(iter(columns.values()))))


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "histogram"])
def test_graph_agrees_also_at_tree_thresholds(child_of, name):
    child = child_of(name)
    graph = child.call("convert", {"features": FEATURES}, deadline=60)
    columns = pipelines.columns()
    edges = child.call("edges", {"features": list(columns)}, deadline=60)["edges"]
    for feature, values in edges.items():
        columns[feature] = np.resize(values, pipelines.ROWS)
    difference = answered(graph, columns) - predicted(child, columns, pipelines.ROWS)
    assert np.abs(difference).max() < 1e-9


def test_graph_in_single_precision_disagrees_at_tree_thresholds(monkeypatch):
    """The edges find what ordinary rows do not: else the test above would prove nothing."""
    from registry.importer.child import conversion, conversion_skl2onnx
    from registry.importer.child.edges import edges
    from registry.importer.child.serving import Model

    def not_by_our_own(*_arguments):
        raise conversion.Unsupported("Not in this test.")

    monkeypatch.setattr(conversion, "written", not_by_our_own)
    monkeypatch.setattr(conversion_skl2onnx, "DoubleTensorType", conversion_skl2onnx.FloatTensorType)
    model = Model(pipelines.fitted("boosting"), [])
    graph = conversion.convert(model, {"features": FEATURES})
    for each in graph["inputs"].values():
        each["t"] = each["t"].replace("f8", "f4")
    columns = pipelines.columns()
    for feature, values in edges(model.estimator, list(columns)).items():
        columns[feature] = np.resize(values, pipelines.ROWS)
    assert np.abs(answered(graph, columns) - model.predict(columns)).max() > 1e-3


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (make_pipeline(RBFSampler(random_state=0), LogisticRegression()), "RBFSampler has no exact form .* Nor by skl"),
        (OutputCodeClassifier(LogisticRegression(), random_state=0), "gives labels by a rule of its own"),
    ],
)
def test_not_convertible_says_why(loaded, estimator, reason):
    table = np.random.default_rng(0).random((60, 2))
    child = loaded(estimator.fit(table, np.arange(60) % 3))
    with pytest.raises(RuntimeFailed, match=reason) as caught:
        child.call("convert", {"features": [{"name": name, "t": "f8"} for name in "ab"]}, deadline=60)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("name", ["forest", "histogram"])
def test_edges_lie_on_both_sides_of_thresholds(child_of, name):
    child = child_of(name)
    found = child.call("edges", {"features": list(pipelines.columns())}, deadline=60)["edges"]
    assert set(found) == {"age", "income"}
    ages = np.array(found["age"])
    assert len(ages) <= 200
    assert ((ages > 40) & (ages < 40.5)).any() or (np.abs(ages - 40.5) < 1e-3).any()


def test_missing_text_means_what_it_meant_in_training(loaded):
    table = pipelines.employees()[["department", "age"]].copy()
    table.loc[::3, "department"] = np.nan
    model = make_pipeline(pipelines.text_imputation(), LogisticRegression()).fit(table, pipelines.left())
    texts = np.where(table.department.isna(), None, table.department.astype(object))
    columns = {"department": texts[:1], "age": table.age.to_numpy(float)[:1]}
    assert np.array_equal(predicted(loaded(model), columns, 1), model.predict_proba(table[:1]))


def test_error_of_a_prediction_holds_no_value(child_of):
    child = child_of("logistic")
    columns = pipelines.columns(0, 1) | {"age": np.array(["Ms Lovelace"], dtype=object)}
    with pytest.raises(RuntimeFailed) as caught:
        predicted(child, columns, 1)
    assert (caught.value.kind, str(caught.value)) == ("model", "The model raised ValueError.")
    assert predicted(child, pipelines.columns(0, 1), 1).shape == (1, 2)
