"""Each model's graph answers as the model does, by the product's own comparison; a damaged one is found out."""

from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from registry.importer.child import conversion
from registry.importer.child.converters import Unsupported
from registry.importer.child.serving import Model
from registry.importer.comparison import TOLERANCE
from registry.runtimes.onnx import OnnxRuntime
from tests.registry.conversions import (
    FEATURES,
    NUMBERS,
    TEXTS,
    column,
    compared,
    converted,
    leaves,
    numbers_of,
    rating,
    salary,
    signature,
    table,
    wire,
)

SMALL: dict[str, Any] = {"n_estimators": 12, "random_state": 0}
FORESTS = {"min_samples_leaf": 3, **SMALL}


def prepared(*, scaled: bool = True) -> Any:
    """Everything a mixed table needs."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler() if scaled else "passthrough")
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return make_column_transformer((numbers, NUMBERS), (texts, TEXTS), remainder="passthrough")


def codes() -> Any:
    """Categories as codes, in front; missing values stay."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return make_column_transformer(
        (encoder, [*TEXTS, "level"]), remainder="passthrough", verbose_feature_names_out=False
    )


def small_boosting(**how: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=12, random_state=0, **how)


def isotonic(cv: int = 3) -> CalibratedClassifierCV:
    return CalibratedClassifierCV(RandomForestClassifier(**FORESTS), method="isotonic", cv=cv)


TWO: dict[str, Any] = {
    "logistic": LogisticRegression(),
    "discriminant": LinearDiscriminantAnalysis(),
    "stochastic": SGDClassifier(loss="log_loss", random_state=0),
    "bayes": GaussianNB(),
    "bayes of truths": BernoulliNB(),
    "neighbours": KNeighborsClassifier(5),
    "near neighbours": KNeighborsClassifier(5, weights="distance"),
    "network": MLPClassifier(8, max_iter=40, random_state=0),
    "network of hyperbolic tangents": MLPClassifier(6, activation="tanh", solver="lbfgs", max_iter=30, random_state=0),
    "tree": DecisionTreeClassifier(min_samples_leaf=5, random_state=0),
    "forest": RandomForestClassifier(**FORESTS),
    "extra trees": ExtraTreesClassifier(**FORESTS),
    "boosting": GradientBoostingClassifier(**SMALL),
    "boosting of exponentials": GradientBoostingClassifier(loss="exponential", **SMALL),
    "boosting from zero": GradientBoostingClassifier(init="zero", **SMALL),
    "histograms": small_boosting(),
    "weighted trees": AdaBoostClassifier(**SMALL),
    "bag": BaggingClassifier(max_features=0.6, **SMALL),
    "bag of machines": BaggingClassifier(LinearSVC(random_state=0), n_estimators=4, random_state=0),
    "vote": VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft", weights=[3, 1]),
    "stack": StackingClassifier([("a", RandomForestClassifier(**FORESTS)), ("b", LinearSVC(random_state=0))], cv=3),
    "stack with the columns": StackingClassifier([("a", small_boosting())], passthrough=True, cv=3),
    "calibrated forest": isotonic(),
    "calibrated machine": CalibratedClassifierCV(LinearSVC(random_state=0), cv=3),
    "calibrated kernel": CalibratedClassifierCV(SVC(), cv=3, ensemble=False),
    "calibrated by temperature": CalibratedClassifierCV(SVC(), cv=3, method="temperature"),
    "calibrated bayes": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2, ensemble=False),
    "one against the rest": OneVsRestClassifier(LogisticRegression()),
    "threshold": FixedThresholdClassifier(LogisticRegression(), threshold=0.3, pos_label="stays"),
    "tuned threshold": TunedThresholdClassifierCV(GradientBoostingClassifier(**SMALL), cv=3),
    "search": GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=3),
    "kernel with probabilities": SVC(probability=True, random_state=0),
    "constant": DummyClassifier(),
    # without probabilities: one for the class that is answered
    "machine's label": LinearSVC(random_state=0),
    "kernel's label": SVC(),
    "polynomial kernel's label": SVC(kernel="poly", degree=2, coef0=1.0),
    "other kernel's label": NuSVC(kernel="sigmoid", gamma=0.05),
    "ridge's label": RidgeClassifier(),
}
THREE: dict[str, Any] = {
    "logistic": LogisticRegression(),
    "discriminant": LinearDiscriminantAnalysis(),
    "stochastic": SGDClassifier(loss="log_loss", random_state=0),
    "bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(5, weights="distance"),
    "network": MLPClassifier(8, max_iter=40, random_state=0),
    "forest": RandomForestClassifier(**FORESTS),
    "boosting": GradientBoostingClassifier(n_estimators=5, random_state=0),
    "histograms": small_boosting(),
    "weighted trees": AdaBoostClassifier(**SMALL),
    "calibrated forest": isotonic(),
    "calibrated kernel": CalibratedClassifierCV(SVC(), cv=3),
    "one against the rest": OneVsRestClassifier(LogisticRegression()),
    "stack": StackingClassifier([("a", RandomForestClassifier(**FORESTS)), ("b", LinearSVC(random_state=0))], cv=3),
    "machine's label": LinearSVC(random_state=0),
}
NUMBER: dict[str, Any] = {
    "linear": LinearRegression(),
    "ridge": Ridge(),
    "gamma": GammaRegressor(),
    "Poisson": PoissonRegressor(),
    "neighbours": KNeighborsRegressor(5, weights="distance"),
    "network": MLPRegressor(hidden_layer_sizes=8, max_iter=40, random_state=0),
    "tree": DecisionTreeRegressor(min_samples_leaf=5, random_state=0),
    "forest": RandomForestRegressor(**FORESTS),
    "extra trees": ExtraTreesRegressor(**FORESTS),
    "boosting": GradientBoostingRegressor(**SMALL),
    "histograms": HistGradientBoostingRegressor(max_iter=12),
    "histograms of counts": HistGradientBoostingRegressor(max_iter=12, loss="poisson"),
    "kernel": SVR(C=100.0),
    "bag": BaggingRegressor(**SMALL),
    "vote": VotingRegressor([("a", Ridge()), ("b", RandomForestRegressor(**FORESTS))]),
    "stack": StackingRegressor([("a", Ridge()), ("b", RandomForestRegressor(**FORESTS))], cv=3),
    "constant": DummyRegressor(strategy="median"),
    "logarithm": TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    "scaled": TransformedTargetRegressor(SVR(), transformer=StandardScaler()),
    "scaled twice": TransformedTargetRegressor(
        Ridge(), transformer=make_pipeline(FunctionTransformer(np.log, np.exp), MinMaxScaler())
    ),
}


def right(report: dict[str, Any], rows: int = 2_050) -> bool:
    """Not one miss, and far nearer than the comparison asks for."""
    return report["rows"] == rows and report["misses"] == 0 and report["largest_difference"] < TOLERANCE / 10


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TWO)
def test_two_classes(name: str, settings: Any) -> None:
    assert right(compared(make_pipeline(prepared(), TWO[name]).fit(table(), leaves(table())), settings))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", THREE)
def test_three_classes(name: str, settings: Any) -> None:
    assert right(compared(make_pipeline(prepared(), THREE[name]).fit(table(), rating(table())), settings))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NUMBER)
def test_numbers(name: str, settings: Any) -> None:
    report = compared(make_pipeline(prepared(), NUMBER[name]).fit(table(), salary(table())), settings)
    assert report["misses"] == 0
    assert report["largest_difference"] < 1e-4  # of thousands


@pytest.mark.parametrize("kind", [small_boosting, lambda **how: RandomForestClassifier(**FORESTS)])
def test_trees_that_see_missing_values(kind: Any, settings: Any) -> None:
    assert right(compared(make_pipeline(codes(), kind()).fit(table(), leaves(table())), settings))


@pytest.mark.parametrize("target", [leaves, rating])
def test_histograms_that_split_categories_by_sets(target: Any, settings: Any) -> None:
    chosen = [True, True, True, False, False, False, False]
    estimator = make_pipeline(codes(), small_boosting(categorical_features=chosen)).fit(table(), target(table()))
    splits = [each for stage in estimator[-1]._predictors for tree in stage for each in tree.nodes["is_categorical"]]
    assert sum(splits) > 5
    assert right(compared(estimator, settings))


def test_counts_of_words_that_are_none(settings: Any) -> None:
    estimator = make_pipeline(MinMaxScaler(clip=True), MultinomialNB()).fit(table()[["age", "level"]], leaves(table()))
    features = [each for each in FEATURES if each["name"] in {"age", "level"}]
    assert right(compared(estimator, settings, features=features))


@pytest.mark.parametrize("chosen", [None, TEXTS])
def test_steps_before_the_model(chosen: list[str] | None) -> None:
    """A companion that transforms everything, or some columns in their place."""
    seen = table().drop(columns=["income", "score"])
    step = TargetEncoder(cv=3).fit(seen if chosen is None else seen[chosen], leaves(table()))
    made = step.transform(seen if chosen is None else seen[chosen])
    prepared = made if chosen is None else seen.assign(**dict(zip(chosen, made.T, strict=True)))
    model = Model(LogisticRegression(max_iter=500).fit(prepared, leaves(table())), [step], [chosen])
    features = [each for each in FEATURES if each["name"] not in {"income", "score"}]
    answer = conversion.convert(model, wire(signature(["leaves", "stays"], features=features)))
    asked = table(200, seed=4)
    columns = {name: column(name, asked[name]) for name in seen}
    found = OnnxRuntime(answer["onnx"], inputs=answer["inputs"], scores=answer["scores"]).predict(columns, 200)
    assert np.abs(found - model.predict(columns)).max() < 1e-12


# -- nothing but the comparison stands between a wrong conversion and people


def first(name: str, change: Any) -> Any:
    """Damage the attribute or constant of that name, in the first node that has it."""

    def damage(model: onnx.ModelProto) -> bool:
        for attribute in (each for node in model.graph.node for each in node.attribute if each.name == name):
            if attribute.type == onnx.AttributeProto.TENSOR:
                numbers_of(attribute.t, change)
            else:
                change(attribute)
            return True
        return False

    return damage


def constant(shape: tuple[int, ...], change: Any) -> Any:
    """Damage the last constant of doubles of that rank, at least as large."""

    def damage(model: onnx.ModelProto) -> bool:
        for tensor in reversed(model.graph.initializer):
            enough = len(tensor.dims) == len(shape) and all(
                have >= want for have, want in zip(tensor.dims, shape, strict=True)
            )
            if tensor.data_type == onnx.TensorProto.DOUBLE and enough:
                numbers_of(tensor, change)
                return True
        return False

    return damage


def swap_rows(values: np.ndarray) -> None:
    values[[0, -1]] = values[[-1, 0]]


def flip_missing(attribute: Any) -> None:
    attribute.ints[:] = [1 - each for each in attribute.ints]


def other_text(model: onnx.ModelProto) -> bool:
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.STRING:
            tensor.string_data[:] = [b"shop", b"maths"]
            return True
    return False


def first_up(values: np.ndarray) -> None:
    values.flat[0] = np.nextafter(values.flat[0], np.inf)


def other_class(values: np.ndarray) -> None:
    values[:] = 1 - values


def middle_off(values: np.ndarray) -> None:
    values[len(values) // 2] += 0.01


def one_set_off(values: np.ndarray) -> None:
    values[:, 0] = 1 - values[:, 0]


SETS = [True, True, True, False, False, False, False]
DAMAGES: dict[str, tuple[Any, Any]] = {
    "text of an imputer": (lambda: make_pipeline(prepared(), LogisticRegression()), other_text),
    "rows of an encoder": (
        lambda: make_pipeline(
            make_column_transformer((OneHotEncoder(handle_unknown="ignore"), TEXTS)), LogisticRegression()
        ),
        constant((9, 7), swap_rows),
    ),
    "way of missing values": (
        lambda: make_pipeline(codes(), small_boosting()),
        first("nodes_missing_value_tracks_true", flip_missing),
    ),
    "last bit of a threshold": (
        lambda: make_pipeline(prepared(), small_boosting()),
        first("nodes_values_as_tensor", first_up),
    ),
    "set of categories": (
        lambda: make_pipeline(codes(), small_boosting(categorical_features=SETS)),
        constant((257, 2), one_set_off),
    ),
    "step of a calibration": (lambda: make_pipeline(prepared(), isotonic(2)), constant((10,), middle_off)),
    "neighbour": (lambda: make_pipeline(prepared(), KNeighborsClassifier(3)), constant((400,), other_class)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_graph_is_found_out(name: str, settings: Any) -> None:
    make, change = DAMAGES[name]
    estimator = make().fit(table(), leaves(table()))
    assert compared(estimator, settings)["misses"] == 0
    assert compared(estimator, settings, change=change)["misses"] > 0


def test_a_forgotten_way_back_is_found_out(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.importer.child.converters import dispatch

    monkeypatch.setattr(dispatch, "inverse", lambda graph, estimator, name: name)
    estimator = make_pipeline(prepared(), NUMBER["logarithm"]).fit(table(), salary(table()))
    assert compared(estimator, settings)["misses"] == 2_050


# -- what is left to others


@pytest.mark.parametrize(
    ("estimator", "target", "said"),
    [
        (SVC(), rating, "breaks ties between votes by a rule of its own"),
        (KNeighborsClassifier(metric="manhattan"), leaves, "a metric or weights of its own"),
        (DummyClassifier(strategy="stratified"), leaves, "the strategy stratified"),
        (SGDClassifier(loss="modified_huber", random_state=0), leaves, "the loss modified_huber"),
        (AdaBoostClassifier(LogisticRegression(), n_estimators=2), leaves, "AdaBoost of LogisticRegression"),
        (GradientBoostingClassifier(init=LogisticRegression(), **SMALL), leaves, "starts from another model"),
        (CalibratedClassifierCV(GaussianNB(), method="temperature"), leaves, "by temperature"),
    ],
)
def test_models_without_a_form(estimator: Any, target: Any, said: str) -> None:
    fitted = make_pipeline(prepared(), estimator).fit(table(), target(table()))
    with pytest.raises(Unsupported, match=said):
        converted(fitted, signature(fitted.classes_))


def test_neighbours_of_too_many_rows() -> None:
    from registry.importer.child.converters import neighbours

    fitted = make_pipeline(prepared(), KNeighborsClassifier()).fit(
        table(neighbours.LARGEST + 1), leaves(table(neighbours.LARGEST + 1))
    )
    with pytest.raises(Unsupported, match="compares with 3001 rows"):
        converted(fitted, signature(fitted.classes_))
