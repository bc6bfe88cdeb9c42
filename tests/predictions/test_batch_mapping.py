"""Which column of a file means which field: proposed by headings in any language, remembered whatever their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictions.batches import columns_form, mapping
from predictions.batches.columns_form import NOT_THERE, ColumnsForm
from registry.models import ModelVersion
from registry.signature import Feature, Signature

SIGNATURE = Signature(
    task="tabular-classification",
    features=(
        Feature(name="age", dtype="integer", label={"en": "Age", "fr": "Âge"}),
        Feature(name="revenu_mensuel", dtype="number", label={"en": "Monthly income", "fr": "Revenu mensuel"}),
        Feature(name="note", dtype="number", nullable=True),
    ),
)


def form(headings: list[str], sent: dict[str, str] | None = None) -> ColumnsForm:
    return ColumnsForm(
        SIGNATURE,
        sent,
        titles=headings,
        samples=[[] for _heading in headings],
        digest="d",
        twins=mapping.twins(headings, SIGNATURE),
        datasets=[],
    )


def sent(**chosen: str) -> dict[str, str]:
    return {"headings": "d", "key": "", "dataset": ""} | {f"x-{name}": value for name, value in chosen.items()}


def test_headings_in_any_language_are_proposed() -> None:
    found = mapping.suggest(["Matricule", "âge", "MONTHLY INCOME", "colour"], SIGNATURE)
    assert found == {"fields": {"age": 1, "revenu_mensuel": 2}, "key": 0}


def test_no_key_is_proposed_where_nothing_is_called_so() -> None:
    assert mapping.suggest(["age", "colour"], SIGNATURE)["key"] is None


def test_the_key_of_a_sample_is_found() -> None:
    for heading in ("Key of the record", "Clé de la fiche"):
        assert mapping.suggest([heading, "age"], SIGNATURE)["key"] == 0


def test_two_columns_of_one_field_are_not_guessed() -> None:
    headings = ["age", "Âge", "note", "note"]
    assert mapping.suggest(headings, SIGNATURE)["fields"] == {}
    assert mapping.twins(headings, SIGNATURE) == {"age", "note"}


def test_what_was_chosen_comes_back_for_the_same_headings_in_another_order(iris: ModelVersion) -> None:
    mapping.remember(iris.model, ["b", "a", "c"], {"fields": {"x": 0, "y": 2, "z": None}, "key": 1})
    found = mapping.remembered(iris.model, ["c", "b", "a"])
    assert found == {"fields": {"x": 1, "y": 0, "z": None}, "key": 2}


def test_other_headings_remember_nothing(iris: ModelVersion) -> None:
    mapping.remember(iris.model, ["a", "b"], {"fields": {}, "key": None})
    assert mapping.remembered(iris.model, ["a", "b", "b"]) is None


@pytest.mark.parametrize(
    "added",
    [
        ["Reason", "Field"],
        ["Motif", "Champ 2"],
        ["Réponse", 'Score pour "Départ"', "En un mot", "Avertissements", "Numéro de la réponse", "Motif", "Champ"],
    ],
)
def test_columns_that_a_download_added_do_not_count(iris: ModelVersion, added: list[str]) -> None:
    known = {"fields": {"x": 0, "y": 2, "z": None}, "key": 1}
    mapping.remember(iris.model, ["b", "a", "c"], known)
    assert mapping.remembered(iris.model, ["b", "a", "c", *added]) == known
    mapping.remember(iris.model, ["b", "a", "c", *added], other := known | {"key": None})
    assert mapping.remembered(iris.model, ["b", "a", "c"]) == other


def test_a_used_column_counts_whatever_it_is_called(iris: ModelVersion) -> None:
    mapping.remember(iris.model, ["a", "Field"], known := {"fields": {"x": 1}, "key": 0})
    assert mapping.remembered(iris.model, ["a", "Field"]) == known
    assert mapping.remembered(iris.model, ["a"]) is None


@pytest.mark.django_db
def test_the_last_choice_counts(iris: ModelVersion) -> None:
    for index in (0, 1):
        mapping.remember(iris.model, ["a", "a"], {"fields": {"x": index}, "key": None})
    assert mapping.remembered(iris.model, ["a", "a"]) == {"fields": {"x": 1}, "key": None}


@given(st.permutations(["a", "b", "c", "c", ""]), st.lists(st.none() | st.integers(0, 4), min_size=3, max_size=3))
def test_places_in_any_order_lead_back(headings: list[str], indexes: list[int | None]) -> None:
    order = mapping._order(headings)
    place = {index: number for number, index in enumerate(order)}
    known = {"fields": dict(zip("xyz", indexes, strict=True)), "key": indexes[0]}
    assert mapping._moved(mapping._moved(known, place.__getitem__), order.__getitem__) == known


def test_the_engine_hears_only_of_columns() -> None:
    assert mapping.chosen({"fields": {"a": 0, "b": None}, "key": None}) == {"fields": {"a": 0}, "key": None}


# The form


def test_a_complete_choice_is_taken() -> None:
    chosen = form(["a", "b", "c"], sent(age="1", revenu_mensuel="0", note=NOT_THERE) | {"key": "2"})
    assert chosen.is_valid(), chosen.errors
    assert chosen.said(chosen.data) == {"fields": {"age": 1, "revenu_mensuel": 0, "note": None}, "key": 2}


@pytest.mark.parametrize(
    ("chosen", "field", "sentence"),
    [
        ({"age": ""}, "x-age", "Choose the column of “Age”: the model needs it."),
        ({"age": NOT_THERE}, "x-age", "Choose a column that is in the list."),
        ({"age": "9"}, "x-age", "Choose a column that is in the list."),
        ({"age": "1"}, "x-age", "“b” is chosen for “Age”, “Monthly income”."),
        ({"note": ""}, "x-note", "Choose the column of “note”, or “Not in the file”."),
    ],
)
def test_what_is_wrong_is_said_by_the_field(chosen: dict[str, str], field: str, sentence: str) -> None:
    bound = form(["a", "b"], sent(age="0", revenu_mensuel="1", note=NOT_THERE) | sent(**chosen))
    assert sentence in str(bound.errors[field])


def test_records_need_a_key() -> None:
    bound = form(["a", "b"], sent(age="0", revenu_mensuel="1", note=NOT_THERE) | {"dataset": "x"})
    assert "in the list" in str(bound.errors["dataset"])


def test_a_choice_for_other_headings_is_refused() -> None:
    bound = form(["a", "b"], sent(age="0", revenu_mensuel="1", note=NOT_THERE) | {"headings": "other"})
    assert "read anew" in str(bound.non_field_errors())


def test_fields_that_the_model_needs_come_first() -> None:
    assert [bound.is_optional for bound in form(["a", "b"]).lines()] == [False, False, True]


def test_a_field_of_two_columns_begins_without_a_choice() -> None:
    headings = ["note", "note", "age"]
    begun = columns_form.start(mapping.suggest(headings, SIGNATURE), SIGNATURE, mapping.twins(headings, SIGNATURE))
    assert begun == {"x-age": "2", "x-revenu_mensuel": "", "x-note": "", "key": ""}


def test_an_optional_field_without_a_column_is_not_in_the_file() -> None:
    begun = columns_form.start(mapping.suggest(["age"], SIGNATURE), SIGNATURE, set())
    assert begun["x-note"] == NOT_THERE


def test_headings_are_no_markup() -> None:
    assert "<b>" not in str(form(["<b>&", "b"])["x-age"])
