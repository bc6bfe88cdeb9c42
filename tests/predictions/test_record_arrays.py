"""The arrays of the column index: what they keep, find and order."""

from typing import Any

import numpy as np
import pytest

from predictions.listing import arrays
from predictions.listing.arrays import IDS, KEYS, SEARCH, Column


def kept(kind: str, values: list[Any]) -> Column:
    """A column as it comes back from where it is kept."""
    return arrays.unpack(arrays.pack(arrays.column(kind, values)))


def order(column: Column, *, is_descending: bool = False, values: tuple[str, ...] = ()) -> list[int]:
    found = np.arange(len(column.data))
    return list(arrays.ordered(found, arrays.compared(column, values), is_descending=is_descending))


@pytest.mark.parametrize("numbers", [[1, 2.5, -3], [0.1, 2], [2**24 + 1, 2**53], [-1, 0], [1e-300, 1e300], []])
def test_numbers_keep_all_their_digits(numbers: list[float]) -> None:
    assert kept("number", numbers).data.tolist() == numbers


@pytest.mark.parametrize("numbers", [[5, 127], [5, 128], [5, 2**31], [5, 2**62]])
def test_small_numbers_of_records_take_few_bytes_and_large_ones_fit(numbers: list[int]) -> None:
    assert kept(IDS, numbers).data.tolist() == numbers


ODD = [3, None, "unknown", 10**400, -(10**400), True, [1], {"a": 1}, 2]


def test_what_is_no_number_is_in_no_range() -> None:
    column = kept("number", ODD)
    found = [np.flatnonzero(arrays.between(column, *ends)).tolist() for ends in ((None, None), (None, 2), (2.5, None))]
    assert found == [[0, 3, 4, 8], [4, 8], [0, 3]]


def test_a_bound_is_compared_with_all_its_digits() -> None:
    column = kept("number", [2**24, 5])
    assert arrays.between(column, 2**24 + 0.5, None).tolist() == [False, False]


def test_what_is_no_number_comes_first_and_what_is_missing_last() -> None:
    assert order(kept("number", ODD)) == [2, 5, 6, 7, 4, 8, 0, 3, 1]


def test_against_the_order_equals_are_turned_and_missing_ones_stay_last() -> None:
    for kind, values in {"number": [-1, None, 2, 2, None], "text": ["a", None, "b", "b", None]}.items():
        assert (order(kept(kind, values)), order(kept(kind, values), is_descending=True)) == (
            [0, 2, 3, 1, 4],
            [3, 2, 0, 4, 1],
        )


def test_categories_are_found_as_text_and_ordered_as_said() -> None:
    column = kept("category", ["low", None, 1, "high", True, "odd"])
    assert np.flatnonzero(arrays.one_of(column, ["1", "true", "none"])).tolist() == [2, 4]
    assert order(column, values=("high", "low", "high", "true")) == [3, 0, 4, 1, 2, 5]


def test_files_may_say_true_in_words() -> None:
    column = kept("boolean", [True, "Oui", 1, False, "no", "perhaps", None, [True]])
    found = [np.flatnonzero(arrays.one_of(column, [word])).tolist() for word in ("true", "false", "perhaps")]
    assert found == [[0, 1, 2], [3, 4], []]


def test_accents_follow_their_letter() -> None:
    assert order(kept("text", ["F", "Éva", "eva", "Ez", ""])) == [4, 2, 3, 1, 0]


@pytest.mark.parametrize(
    ("keys", "wanted"), [(["10", "9", "100", "09"], [1, 3, 0, 2]), (["E-10", "e-9", "E-1"], [2, 0, 1]), ([], [])]
)
def test_keys_are_ordered_by_size_if_they_all_are_numbers(keys: list[str], wanted: list[int]) -> None:
    assert order(kept(KEYS, keys)) == wanted


TEXTS = ["ana 12", "", "banana", "12 12", "é 人"]


@pytest.mark.parametrize(
    ("word", "wanted"), [("ana", [0, 2]), ("12", [0, 3]), ("", [0, 1, 2, 3, 4]), ("2  b", []), ("人", [4])]
)
def test_words_are_found_inside_a_text_and_never_across_two(word: str, wanted: list[int]) -> None:
    assert np.flatnonzero(arrays.containing(kept(SEARCH, TEXTS), word)).tolist() == wanted


def test_of_no_records_nothing_is_found() -> None:
    assert arrays.containing(kept(SEARCH, []), "x").tolist() == []
    assert arrays.one_of(kept("category", []), ["x"]).tolist() == []
