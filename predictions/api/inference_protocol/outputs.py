"""Tensors of an answer: which there are, which a caller wants and how, and what goes beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from predictions.actions import Answer
from predictions.api.inference_protocol import binary
from predictions.api.inference_protocol.tensors import parameters_of
from predictions.models import Prediction
from registry import serving
from registry.signature import Signature, printable


@dataclass(frozen=True)
class Wanted:
    """An output that the caller wants, and whether as raw bytes behind the JSON."""

    name: str
    is_binary: bool


def named(signature: Signature) -> dict[str, dict[str, Any]]:
    """The outputs of a model: name -> its datatype, shape and parameters as the metadata say them."""
    if signature.is_regression:
        return {"value": {"datatype": "FP64", "shape": [-1], "parameters": {"content_type": "np"}}}
    classes = json.dumps(signature.class_names, ensure_ascii=False)
    each = len(signature.class_names)
    return {
        "label": {"datatype": "BYTES", "shape": [-1], "parameters": {"content_type": "str"}},
        "score": {"datatype": "FP64", "shape": [-1], "parameters": {"content_type": "np"}},
        "probabilities": {
            "datatype": "FP64",
            "shape": [-1, each],
            "parameters": {"content_type": "np", "classes": classes},
        },
    }


def wanted(document: Mapping[str, Any], signature: Signature) -> list[Wanted]:
    """The outputs that the caller names, or all. Raises ParseError."""
    names, rest = list(named(signature)), parameters_of(document).get("binary_data_output")
    asked = document.get("outputs")
    if asked is None or asked == []:
        return [Wanted(name, _flag(rest, default=False)) for name in names]
    if not isinstance(asked, list) or not all(isinstance(item, dict) for item in asked):
        raise ParseError(_("“outputs” must be a list of objects with a “name”."))
    found: dict[str, Wanted] = {}
    for item in asked:
        name, parameters = item.get("name"), parameters_of(item)
        told = {"name": printable(str(name)), "names": ", ".join(names)}
        if name not in names or not set(item) <= {"name", "parameters"}:
            raise ParseError(_("There is no output “%(name)s”. This model has %(names)s.") % told)
        if name in found:
            raise ParseError(_("The output “%(name)s” is there twice. Ask for it once.") % told)
        if "classification" in parameters or "shared_memory_region" in parameters:
            text = _("The output “%(name)s” comes as it is: there is neither classification nor shared memory.")
            raise ParseError(text % told)
        found[name] = Wanted(name, _flag(parameters.get("binary_data"), default=_flag(rest, default=False)))
    return list(found.values())


def _flag(value: Any, *, default: bool) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ParseError(_("“binary_data” and “binary_data_output” must be true or false."))
    return default if value is None else value


def body(
    answer: Answer, asked: Sequence[Wanted], *, number: str | None, more: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """The JSON object of an answer, and the bytes behind it. `number`: the caller's `id`; `more`: other parameters."""
    signature, rows = serving.signature_of(answer.version), answer.predictions
    known, outputs, tail = named(signature), [], []
    for item in asked:
        if item.name not in known:  # a replay of an answer that another kind of version gave
            continue
        values, about = _values(item.name, rows, signature), known[item.name]
        told = {"name": item.name, **about, "shape": [len(rows), *about["shape"][1:]]}
        if item.is_binary:
            tail.append(binary.packed(about["datatype"], values))
            told["parameters"] = about["parameters"] | {"binary_data_size": len(tail[-1])}
        else:
            told["data"] = values
        outputs.append(told)
    found: dict[str, Any] = {"model_name": answer.version.model.name, "model_version": str(answer.version.number)}
    found |= {} if number is None else {"id": number}
    return found | {"parameters": _parameters(answer, rows) | dict(more), "outputs": outputs}, b"".join(tail)


def _values(name: str, rows: Sequence[Prediction], signature: Signature) -> list[Any]:
    """Flat, row by row."""
    if name == "probabilities":
        return [row.outputs[name][item] for row in rows for item in signature.class_names]
    return [row.outputs[name] for row in rows]


def _parameters(answer: Answer, rows: Sequence[Prediction]) -> dict[str, Any]:
    """What the protocol has no place for. A parameter is a text, a number or a truth value: lists are JSON texts."""
    first = rows[0]
    found: dict[str, Any] = {
        "request_id": str(answer.request_id),
        "version": answer.version.number,
        "commit": answer.version.commit,
        "replayed": answer.replayed,
        "prediction_ids": _text([str(row.id) for row in rows]),
        "warnings": _text([{"row": row.row, **warning} for row in rows for warning in row.warnings]),
    }
    if first.fallback_from is not None:
        found["fallback_from"] = first.fallback_from.number
    if "threshold" in first.outputs:
        found["threshold"] = first.outputs["threshold"]
    if any(row.explanation for row in rows):
        found["explanations"] = _text([row.explanation and row.explanation["contributions"] for row in rows])
    return found


def _text(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
