"""A folder without a manifest: which of its files is the model, if that can be known without guessing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from registry import contract_checks
from registry.contract_card import CARD, card
from registry.contract_checks import MANIFEST
from registry.contract_files import MAX_TEXT, ContractError, plain_size, read_file

FORMATS = {".onnx": "onnx", ".skops": "skops", ".joblib": "joblib", ".pkl": "pickle", ".pickle": "pickle"}
# What model files are also called: taken only when config.json or the card names them.
NAMED_ENDINGS = frozenset({*FORMATS, "", ".bin", ".model", ".p", ".pk", ".sav"})
WHOLE_MODELS = frozenset({"model", "sklearn_model"})  # names nobody gives to a part of a model


@dataclass(frozen=True)
class ModelFile:
    """Where the model of a folder is, in which format, what said so, and which model files beside it are not used."""

    path: Path
    format: str
    found_by: str
    unused: tuple[str, ...] = ()


def discover(directory: Path) -> ModelFile:
    """The model file of a folder without a manifest.

    Order: config.json, the card's `model_file`, then the usual names. Raises ContractError when there is no
    candidate, or when a file beside it may be the model too or prepare its inputs: guessing could serve the
    wrong model.
    """
    names = sorted(path.name for path in directory.iterdir() if path.is_file() and not path.is_symlink())
    models = [name for name in names if PurePosixPath(name).suffix in FORMATS]
    for found_by, name, declared in declared_models(directory):
        if model_format := _usable(directory, name, declared):
            unused = tuple(_beside(name, models))
            return ModelFile(path=directory / name, format=model_format, found_by=found_by, unused=unused)
    for candidates in _ranks(models):
        if candidates:
            if others := [*candidates[1:], *_beside(candidates[0], models)]:
                raise ContractError([_several(models, candidates[0], others[0])])
            suffix = PurePosixPath(candidates[0]).suffix
            return ModelFile(directory / candidates[0], FORMATS[suffix], found_by="file name")
    endings = ", ".join(FORMATS)
    raise ContractError([f"There is no model file: none of the files ends in {endings}."])


def _several(names: list[str], model: str, other: str) -> str:
    step = {"file": other, "format": FORMATS[PurePosixPath(other).suffix]}
    return (
        f"Several files may be the model: {', '.join(names)}. If one of them answers by itself, name it in the front "
        f"matter of {CARD} (model_file: {model}). If one prepares the inputs of another, add a {MANIFEST} that lists "
        f"it in model.steps: {json.dumps(step)}."
    )


def _beside(chosen: str, names: list[str]) -> list[str]:
    """Model files that are no other form of the chosen one, and are not named like a whole model."""
    stems = {PurePosixPath(chosen).stem, *WHOLE_MODELS}
    return [name for name in names if name != chosen and PurePosixPath(name).stem not in stems]


def _ranks(names: list[str]) -> Iterator[list[str]]:
    def ending(*suffixes: str) -> list[str]:
        return [name for name in names if PurePosixPath(name).suffix in suffixes]

    yield [name for name in names if name == "sklearn_model.joblib"]
    yield [name for name in names if name == "model.skops"]
    yield ending(".skops")
    yield [name for name in names if name in {"model.joblib", "model.pkl", "model.pickle"}]
    yield [name for name in names if name == "model.onnx"]
    yield ending(".joblib", ".pkl", ".pickle")
    yield ending(".onnx")


def declared_models(directory: Path) -> Iterator[tuple[str, str, Any]]:
    """(where, path, format) of the model files that config.json and the card name.

    The path is a plain relative one with an ending that model files have; whether it is there is not looked at,
    and the format is as others wrote it.
    """
    for found_by, name, declared in _declared(directory):
        if isinstance(name, str) and is_model_path(name):
            yield found_by, name, declared


def is_model_path(name: str) -> bool:
    """Whether a file of this name may be declared as the model."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return contract_checks.is_safe_path(name) and not hidden and path.suffix in NAMED_ENDINGS


def _declared(directory: Path) -> Iterator[tuple[str, Any, Any]]:
    """As others wrote them; nothing here may be trusted to have the right type."""
    try:
        block = json.loads(read_file(directory, "config.json", MAX_TEXT))["sklearn"]
        yield "config.json", block["model"]["file"], block.get("model_format")
    except (ContractError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # absent or odd: real ones vary too much to insist
    metadata = card(directory).metadata
    yield CARD, metadata.get("model_file"), metadata.get("model_format")


def _usable(directory: Path, name: str, declared: Any) -> str | None:
    """The format of a declared model, if it is there."""
    try:
        plain_size(directory, name)
        with (directory / name).open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
    except (OSError, ValueError):
        return None
    told = declared if declared in ("skops", "pickle") else None
    return FORMATS.get(PurePosixPath(name).suffix, told or ("skops" if zipped else "pickle"))
