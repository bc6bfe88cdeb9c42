"""What must not change an answer, and what must change it one way: measured on rows the models were not trained on."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from registry.signature import InvalidInput, columns_of
from tests.model_validation.conftest import Row, Served

pytestmark = pytest.mark.django_db
SAME = 1e-9
# Fields of the company in which a greater value makes leaving likelier, or less likely, whoever is asked about. In both
# companies; what the field is called comes from the extracts.
LIKELIER = {"heure_supplementaires": "Oui", "distance_domicile_travail": 29, "nombre_experiences_precedentes": 9}
LESS_LIKELY = {
    "revenu_mensuel": 19_000,
    "satisfaction_employee_environnement": 4,
    "satisfaction_employee_nature_travail": 4,
    "satisfaction_employee_equipe": 4,
    "satisfaction_employee_equilibre_pro_perso": 4,
}
LEAST = {"heure_supplementaires": "Non", "revenu_mensuel": 1_100, "nombre_experiences_precedentes": 0}


def with_value(rows: Sequence[Row], name: str, value: object) -> list[Row]:
    """The rows, all with this value."""
    return [row | {name: value} for row in rows]


def test_the_order_of_rows_does_not_matter(tabular: Served) -> None:
    order = np.random.default_rng(0).permutation(len(tabular.rows))
    shuffled = tabular.scores([tabular.rows[place] for place in order])
    assert np.abs(shuffled - tabular.scores(tabular.rows)[order]).max() <= SAME


def test_a_row_alone_is_answered_as_among_others(tabular: Served) -> None:
    together = tabular.scores(tabular.rows)[:20]
    alone = np.vstack([tabular.scores([row]) for row in tabular.rows[:20]])
    assert np.abs(alone - together).max() <= SAME


def test_the_order_of_columns_does_not_matter(tabular: Served) -> None:
    columns, rows = columns_of(tabular.rows), len(tabular.rows)
    backwards = dict(reversed(columns.items()))
    assert list(backwards) != list(columns)
    assert np.array_equal(tabular.columns(backwards, rows), tabular.columns(columns, rows))


def test_a_text_is_the_number_it_spells(tabular: Served) -> None:
    numbers = {feature.name for feature in tabular.signature.features if feature.dtype in {"number", "integer"}}
    typed = [{name: float(value) if name in numbers else value for name, value in row.items()} for row in tabular.rows]
    assert np.array_equal(tabular.scores(typed), tabular.scores(tabular.rows))


def test_a_column_that_is_no_input_is_refused_and_shifts_nothing(tabular: Served) -> None:
    columns = {"id_employee": ["7"] * len(tabular.rows), **columns_of(tabular.rows)}
    with pytest.raises(InvalidInput) as refused:
        tabular.columns(columns, len(tabular.rows))
    assert {(error["field"], error["code"]) for error in refused.value.errors} == {("id_employee", "unknown_field")}


def test_a_field_moves_everybody_one_way(attrition: Served) -> None:
    for name, most in (LIKELIER | LESS_LIKELY).items():
        least = attrition.positive(with_value(attrition.rows, name, LEAST.get(name, 1)))
        change = attrition.positive(with_value(attrition.rows, name, most)) - least
        assert (change > 0).all() if name in LIKELIER else (change < 0).all(), name


def test_a_longer_petal_is_never_more_of_a_setosa(served: Callable[[str], Served]) -> None:
    model = served("iris")
    lengths = [length / 10 for length in range(10, 70, 5)]
    setosa = model.signature.class_names.index("setosa")
    by_length = [model.scores(with_value(model.rows, "petal_length", length))[:, setosa] for length in lengths]
    assert (np.diff(by_length, axis=0) < 0).all()
