"""Questions of the Open Inference Protocol, put together by hand."""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from django.http import HttpResponse

IRIS_INFER = "/v2/models/iris/infer"
OCTETS = "application/octet-stream"


def tensor(
    name: str, datatype: str, data: Any, shape: Sequence[int] | None = None, **parameters: Any
) -> dict[str, Any]:
    """An input with its data in JSON."""
    told = {"name": name, "shape": [len(data), 1] if shape is None else list(shape), "datatype": datatype, "data": data}
    return told | ({"parameters": parameters} if parameters else {})


def question(columns: Mapping[str, Sequence[float]], datatype: str = "FP64", **more: Any) -> dict[str, Any]:
    """A question of numbers."""
    return {"inputs": [tensor(name, datatype, list(values)) for name, values in columns.items()], **more}


def flowers(*changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns of irises: one row for each of these changes to the first."""
    from tests.worlds import IRIS

    return {name: [change.get(name, value) for change in changes or ({},)] for name, value in IRIS.items()}


def raw(values: Any, datatype: str) -> bytes:
    """The bytes of a tensor, written down as the extension says and not as the product does it."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(item)) + item for item in values)
    kinds = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
    kinds |= {
        f"{sign}INT{8 * size}": f"<{letter}{size}" for sign, letter in (("", "i"), ("U", "u")) for size in (1, 2, 4, 8)
    }
    return np.asarray(values, kinds[datatype]).tobytes()


def packed(inputs: Sequence[tuple[str, str, Any, Sequence[int]]], **more: Any) -> tuple[bytes, int]:
    """The body of a binary question, and how long its JSON is."""
    parts = [raw(values, datatype) for _name, datatype, values, _shape in inputs]
    told = [
        {"name": name, "shape": list(shape), "datatype": datatype, "parameters": {"binary_data_size": len(part)}}
        for (name, datatype, _values, shape), part in zip(inputs, parts, strict=True)
    ]
    text = json.dumps({"inputs": told, **more}).encode()
    return b"".join([text, *parts]), len(text)


def send_packed(call: Callable[..., HttpResponse], path: str, inputs: Any, **more: Any) -> HttpResponse:
    """A binary question, sent."""
    body, size = packed(inputs, **more)
    return call(body, path, OCTETS, Inference_Header_Content_Length=str(size))


def output(response: HttpResponse, name: str) -> dict[str, Any]:
    """One output of a JSON answer."""
    assert response.status_code == 200, response.content[:500]
    (found,) = [item for item in response.json()["outputs"] if item["name"] == name]
    return dict(found)


def said(response: HttpResponse, status: int) -> str:
    """The sentence of an error, after checking its shape."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/json"), response.content[:500]
    body: dict[str, str] = response.json()
    assert set(body) == {"error"}
    return body["error"]
