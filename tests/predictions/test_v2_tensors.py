"""Tensors and columns: whatever way a column is written down, it is the same column."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from predictions.api.inference_protocol import binary, tensors
from predictions.api.parsers import loads
from tests.predictions.tensors import raw, tensor

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "BOOL": st.booleans(),
    **{f"INT{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"UINT{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32)},
    "INT64": st.integers(1 - 2**63, 2**63 - 1),  # the smallest has no place in the JSON of this API
    "UINT64": st.integers(0, 2**63 - 1),
    "FP32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "FP64": st.floats(allow_nan=False, allow_infinity=False),
    "BYTES": TEXT,
}
columns = st.sampled_from(sorted(ELEMENTS)).flatmap(
    lambda datatype: st.tuples(st.just(datatype), st.lists(ELEMENTS[datatype], min_size=1, max_size=8))
)


def read(item: dict[str, Any], tail: bytes = b"") -> list[Any]:
    """One tensor, through the text that it is sent as."""
    found, rows = tensors.columns_of(tensors.read(loads(json.dumps([item]).encode()), tail))
    (values,) = found.values()
    assert rows == len(values)
    return values


def packed(datatype: str, values: list[Any], shape: list[int]) -> list[Any]:
    sent = raw([value.encode() for value in values] if datatype == "BYTES" else values, datatype)
    told = {"name": "a", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": len(sent)}}
    return read(told, sent)


@given(columns)
def test_a_column_is_the_same_however_it_is_written(column: tuple[str, list[Any]]) -> None:
    datatype, values = column
    rows = len(values)
    found = [
        read(tensor("a", datatype, values, [rows])),
        read(tensor("a", datatype, values, [rows, 1])),
        read(tensor("a", datatype, [[value] for value in values], [rows, 1])),
        packed(datatype, values, [rows]),
        packed(datatype, values, [rows, 1]),
    ]
    assert all(repr(other) == repr(found[0]) for other in found)
    if datatype == "FP32":
        assert [np.float32(value) for value in found[0]] == [np.float32(value) for value in values]
    else:
        assert found[0] == values


@given(st.floats(width=16, allow_nan=False, allow_infinity=False))
def test_half_precision_survives(value: float) -> None:
    (found,) = packed("FP16", [value], [1])
    assert np.float16(found) == np.float16(value)


@given(columns)
def test_what_goes_out_can_be_read_by_the_extensions_rules(column: tuple[str, list[Any]]) -> None:
    datatype, values = column
    sent = [value.encode() for value in values] if datatype == "BYTES" else values
    assert binary.packed(datatype, values) == raw(sent, datatype)


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_texts_in_base64_are_the_texts(values: list[str]) -> None:
    import base64

    sent = [base64.b64encode(value.encode()).decode() for value in values]
    assert read(tensor("a", "BYTES", sent, content_type="base64")) == values


@given(st.lists(st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | TEXT, min_size=1, max_size=5))
def test_mixed_columns_of_mlserver_are_their_values(values: list[Any]) -> None:
    sent = [json.dumps(value) for value in values]
    assert repr(read(tensor("a", "BYTES", sent, content_type="pd_json"))) == repr(values)


@pytest.mark.parametrize("datatype", sorted(ELEMENTS))
def test_null_stays(datatype: str) -> None:
    assert read(tensor("a", datatype, [None, None])) == [None, None]


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_stays_what_it_is_for_the_model_to_refuse(value: float) -> None:
    assert packed("FP32", [value], [1]) == [value]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert repr(read(tensor("a", "INT64", [2.0]))) == "[2]"
    assert repr(read(tensor("a", "FP64", [2]))) == "[2.0]"
    assert repr(read(tensor("a", "BOOL", [1, 0]))) == "[True, False]"


def test_several_tensors_take_their_bytes_in_order() -> None:
    told = [
        {"name": "a", "shape": [2], "datatype": "INT16", "parameters": {"binary_data_size": 4}},
        tensor("b", "FP64", [0.5, 1.5]),
        {"name": "c", "shape": [2, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 9}},
    ]
    found, rows = tensors.columns_of(tensors.read(told, b"\1\0\2\0" + b"\1\0\0\0x\0\0\0\0"))
    assert (found, rows) == ({"a": [1, 2], "b": [0.5, 1.5], "c": ["x", ""]}, 2)


@given(st.binary(max_size=30), st.integers(0, 4))
def test_odd_bytes_are_no_texts_or_just_these(sent: bytes, count: int) -> None:
    try:
        found = binary.texts(sent, count)
    except ValueError:
        return
    assert raw(found, "BYTES") == sent
    assert len(found) == count


def test_a_nested_tensor_must_be_even() -> None:
    for data in ([[1], [2, 3]], [[1], 2], [1, [2]], [[1]], [[[1]], [[2]]], [[], []]):
        with pytest.raises(ParseError, match="does not have its shape"):
            read(tensor("a", "INT64", data, [2, 1]))
