"""The repository contract, version 1: what a folder with a model must hold.

One reader for three callers: the import of a pulled commit, `publish_model` and `check_model`. It reads
`model_manifest.json`, compares every listed file with its digest, and checks the shapes of the companions.
Model files are hashed as bytes and never loaded here.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from registry import card_pictures, contract_checks, contract_companions
from registry import strict_json as strict
from registry.contract_card import CARD, Card, card
from registry.contract_checks import MANIFEST
from registry.contract_discovery import ModelFile, discover
from registry.contract_files import MAX_TEXT, MEGABYTE, ContractError, plain_size, read_file, sha256_of

__all__ = ["CARD", "MANIFEST", "Card", "Contract", "ContractError", "ModelFile", "card", "discover", "read"]

SIGNATURE = "model_manifest.sig"
MAX_FILE = 200 * MEGABYTE
MAX_PROBLEMS = 30


@dataclass(frozen=True)
class Table:
    """A CSV file as it was written: names of the columns, and rows of texts ("" = missing)."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Contract:
    """A folder that keeps the contract. Everything here was checked against the manifest's digests."""

    directory: Path
    manifest: dict[str, Any]
    manifest_sha256: str
    golden: dict[str, Any] | None = None
    reference: dict[str, Any] | None = None
    background: Table | None = None
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """Listed path -> {"sha256", "size"}."""
        files: dict[str, dict[str, Any]] = self.manifest["files"]
        return files

    @property
    def model_file(self) -> ModelFile:
        model = self.manifest["model"]
        return ModelFile(path=self.directory / model["file"], format=model["format"], found_by=MANIFEST)

    @property
    def needed(self) -> tuple[str, ...]:
        """The listed files that serving needs: the model, its steps and the companions."""
        return needed(self.manifest)


def read(directory: Path, *, complete: bool = True, max_file: int = MAX_FILE) -> Contract:
    """Check the folder against the contract and return what it says.

    `complete=False` is for a pull that left out pictures and test sets: listed files that serving does not
    need may then be absent. Raises ContractError with every problem found.
    """
    data = read_file(directory, MANIFEST, MAX_TEXT)
    manifest = strict_json(data, MANIFEST)
    _stop_on(schema_problems(manifest))
    _stop_on(contract_checks.manifest_problems(manifest))
    _stop_on(_file_problems(directory, manifest, complete=complete, max_file=max_file))
    golden, reference, background = _companions(directory, manifest)
    problems = [
        *(contract_companions.golden_problems(golden, manifest) if golden is not None else ()),
        *(contract_companions.reference_problems(reference, manifest) if reference is not None else ()),
        *(contract_companions.background_problems(background, manifest) if background is not None else ()),
    ]
    _stop_on(problems)
    return Contract(
        directory=directory,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(data).hexdigest(),
        golden=golden,
        reference=reference,
        background=background,
        warnings=tuple(_warnings(directory, manifest)),
    )


def has_manifest(directory: Path) -> bool:
    """Whether the folder claims to keep the contract."""
    return os.path.lexists(directory / MANIFEST)


def needed(manifest: dict[str, Any]) -> tuple[str, ...]:
    """The files a valid manifest says serving needs: the model, its steps and the companions."""
    model = manifest["model"]
    steps = [step["file"] for step in model.get("steps", [])]
    return tuple(dict.fromkeys([model["file"], *steps, *manifest.get("artifacts", {}).values()]))


def strict_json(data: bytes, name: str) -> Any:
    """Parse a file of the repository; raises ContractError naming it `name`."""
    try:
        return strict.loads(data)
    except ValueError as error:
        raise ContractError([f"{name}: {error}."]) from None


# Schema


def _is_integer(_checker: TypeChecker, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # the standard also takes 8.0 for one


_Strict: Any = extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
)


@cache
def _validator() -> Any:
    text = Path(__file__).with_name("contract_schema.json").read_text(encoding="utf-8")
    return _Strict(json.loads(text))


def schema_problems(manifest: Any) -> list[str]:
    """Sentences about every place where the manifest leaves the JSON Schema."""
    errors = sorted(_validator().iter_errors(manifest), key=lambda error: error.json_path)
    return [_schema_sentence(error) for error in errors[: MAX_PROBLEMS + 1]]


def _schema_sentence(error: ValidationError) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".")
    return f"{MANIFEST}: {place + ': ' if place else ''}{_short(error.message)}."


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _stop_on(problems: list[str]) -> None:
    if len(problems) > MAX_PROBLEMS:
        problems = [*problems[:MAX_PROBLEMS], "There are more problems; these are the first ones."]
    if problems:
        raise ContractError(problems)


# Files


def _file_problems(directory: Path, manifest: dict[str, Any], *, complete: bool, max_file: int) -> list[str]:
    files: dict[str, dict[str, Any]] = manifest["files"]
    must = set(files) if complete else set(needed(manifest))
    checks = [(name, _file_problem(directory, name, entry, max_file)) for name, entry in files.items()]
    return [f"{name}: {text}" for name, text in checks if text and not (text == _MISSING and name not in must)]


_MISSING = "is listed in the manifest, and is not in the folder."


def _file_problem(directory: Path, name: str, entry: dict[str, Any], max_file: int) -> str | None:
    try:
        size = plain_size(directory, name)
        if size != entry["size"]:
            return f"has {size} bytes; the manifest says {entry['size']}."
        if size > max_file:
            return f"has {size} bytes; more than {max_file} is not accepted."
        if sha256_of(directory / name) != entry["sha256"]:
            return "its SHA-256 is not the one in the manifest: the file was changed or damaged."
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return f"cannot be read: {error.strerror or error}."
    return None


def _companions(directory: Path, manifest: dict[str, Any]) -> tuple[Any, Any, Table | None]:
    artifacts = manifest.get("artifacts", {})
    data = {kind: read_file(directory, name, MAX_TEXT) for kind, name in artifacts.items()}
    golden = strict_json(data["golden"], artifacts["golden"]) if "golden" in data else None
    reference = strict_json(data["reference"], artifacts["reference"]) if "reference" in data else None
    background = _table(data["background"], artifacts["background"]) if "background" in data else None
    return golden, reference, background


def _table(data: bytes, name: str) -> Table:
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise ContractError([f"{name}: is not UTF-8 text."]) from None
    except csv.Error as error:
        raise ContractError([f"{name}: is not a CSV file: {error}."]) from None
    if len(rows) < 2:
        raise ContractError([f"{name}: needs a line with the names of the columns and at least one row."])
    return Table(columns=tuple(rows[0]), rows=[tuple(row) for row in rows[1:]])


def _warnings(directory: Path, manifest: dict[str, Any]) -> Iterator[str]:
    if "golden" not in manifest.get("artifacts", {}):
        yield "There is no golden.json: nothing shows that the model answers as it did after training."
    known = {*manifest["files"], MANIFEST, SIGNATURE, CARD, *card_pictures.named_in(card(directory).text)}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if not name.startswith(".") and name not in known and not path.is_dir():
            yield f"{name}: is not listed in the manifest, and is not used."
