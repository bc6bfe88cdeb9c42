"""The repository contract, version 1: what a folder with a model must hold.

One reader for three callers: the import of a pulled commit, `publish_model` and `check_model`. It reads
`model_manifest.json`, compares every listed file with its digest, and checks the shapes of the companions.
Model files are hashed as bytes and never loaded here.
"""

import csv
import hashlib
import io
import json
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from registry import contract_checks, contract_companions
from registry import strict_json as strict

MANIFEST = "model_manifest.json"
SIGNATURE = "model_manifest.sig"
CARD = "README.md"

MEGABYTE = 1024 * 1024
MAX_TEXT = 4 * MEGABYTE  # manifest, golden, reference, background, card: read into memory
MAX_FILE = 200 * MEGABYTE
MAX_FRONT_MATTER = 64 * 1024
MAX_PROBLEMS = 30

FORMATS = {".onnx": "onnx", ".skops": "skops", ".joblib": "joblib", ".pkl": "pickle", ".pickle": "pickle"}


class ContractError(Exception):
    """The folder breaks the contract; `problems` are sentences that name the file and the field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


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
    def model_file(self) -> "ModelFile":
        model = self.manifest["model"]
        return ModelFile(path=self.directory / model["file"], format=model["format"], found_by=MANIFEST)

    @property
    def needed(self) -> tuple[str, ...]:
        """The listed files that serving needs: the model, its steps and the companions."""
        return needed(self.manifest)


@dataclass(frozen=True)
class ModelFile:
    """Where the model of a folder is, in which format, and what said so."""

    path: Path
    format: str
    found_by: str


@dataclass(frozen=True)
class Card:
    """README.md: the text below the front matter, and the front matter as plain JSON values."""

    text: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def read(directory: Path, *, complete: bool = True, max_file: int = MAX_FILE) -> Contract:
    """Check the folder against the contract and return what it says.

    `complete=False` is for a pull that left out pictures and test sets: listed files that serving does not
    need may then be absent. Raises ContractError with every problem found.
    """
    data = _read_file(directory, MANIFEST, MAX_TEXT)
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
        size = _plain_size(directory, name)
        if size != entry["size"]:
            return f"has {size} bytes; the manifest says {entry['size']}."
        if size > max_file:
            return f"has {size} bytes; more than {max_file} is not accepted."
        if _sha256(directory / name) != entry["sha256"]:
            return "its SHA-256 is not the one in the manifest: the file was changed or damaged."
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return f"cannot be read: {error.strerror or error}."
    return None


def _plain_size(directory: Path, name: str) -> int:
    """The size of a plain file; a link on the way could lead out of the folder, so it raises OSError."""
    path = directory
    parts = PurePosixPath(name).parts
    for depth, part in enumerate(parts, start=1):
        path = path / part
        info = path.lstat()
        wanted = stat.S_ISREG if depth == len(parts) else stat.S_ISDIR
        if not wanted(info.st_mode):
            raise OSError("it is a link or no plain file")
    return info.st_size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_file(directory: Path, name: str, limit: int) -> bytes:
    try:
        size = _plain_size(directory, name)
        if size > limit:
            raise ContractError([f"{name}: has {size} bytes; more than {limit} is not accepted."])
        return (directory / name).read_bytes()
    except FileNotFoundError:
        raise ContractError([f"{name}: is not in the folder."]) from None
    except OSError as error:
        raise ContractError([f"{name}: cannot be read: {error.strerror or error}."]) from None


def _companions(directory: Path, manifest: dict[str, Any]) -> tuple[Any, Any, Table | None]:
    artifacts = manifest.get("artifacts", {})
    data = {kind: _read_file(directory, name, MAX_TEXT) for kind, name in artifacts.items()}
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
    known = {*manifest["files"], MANIFEST, SIGNATURE, CARD}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if not name.startswith(".") and name not in known and not path.is_dir():
            yield f"{name}: is not listed in the manifest, and is not used."


# A folder without a manifest


def discover(directory: Path) -> ModelFile:
    """The model file of a folder without a manifest.

    Order: config.json, the card's `model_file`, then the usual names. Raises ContractError when there is no
    candidate, or several of the same rank: guessing could serve the wrong model.
    """
    for found_by, name, declared in _declared(directory):
        if model_format := _usable(directory, name, declared):
            return ModelFile(path=directory / name, format=model_format, found_by=found_by)
    plain = sorted(path.name for path in directory.iterdir() if path.is_file() and not path.is_symlink())
    for candidates in _ranks(plain):
        if len(candidates) > 1:
            names = ", ".join(candidates)
            raise ContractError([f"Several files may be the model: {names}. Say which one in {MANIFEST}."])
        if candidates:
            suffix = PurePosixPath(candidates[0]).suffix
            return ModelFile(directory / candidates[0], FORMATS[suffix], found_by="file name")
    endings = ", ".join(FORMATS)
    raise ContractError([f"There is no model file: none of the files ends in {endings}."])


def _ranks(names: list[str]) -> Iterator[list[str]]:
    def ending(*suffixes: str) -> list[str]:
        return [name for name in names if PurePosixPath(name).suffix in suffixes]

    yield [name for name in names if name == "sklearn_model.joblib"]
    yield [name for name in names if name == "model.skops"]
    yield ending(".skops")
    yield [name for name in names if name in {"model.joblib", "model.pkl"}]
    yield ending(".joblib", ".pkl", ".pickle")
    yield ending(".onnx")


def _declared(directory: Path) -> Iterator[tuple[str, Any, Any]]:
    """(where, file, format) as others wrote them; nothing here may be trusted to have the right type."""
    try:
        block = json.loads(_read_file(directory, "config.json", MAX_TEXT))["sklearn"]
        yield "config.json", block["model"]["file"], block.get("model_format")
    except (ContractError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass  # absent or odd: real ones vary too much to insist
    metadata = card(directory).metadata
    yield CARD, metadata.get("model_file"), metadata.get("model_format")


def _usable(directory: Path, name: Any, declared: Any) -> str | None:
    if not isinstance(name, str) or not contract_checks.is_safe_path(name):
        return None
    try:
        _plain_size(directory, name)
    except (OSError, ValueError):
        return None
    known = declared if declared in ("skops", "pickle") else None
    return FORMATS.get(PurePosixPath(name).suffix, known)


# The card


def card(directory: Path) -> Card:
    """README.md with its YAML front matter; a missing or unreadable part is empty, never an error."""
    try:
        text = _read_file(directory, CARD, MAX_TEXT).decode("utf-8", errors="replace").replace("\r\n", "\n")
    except ContractError:
        return Card()
    if not text.startswith("---\n"):
        return Card(text=text)
    front, found, body = text[4:].partition("\n---\n")
    if not found or len(front) > MAX_FRONT_MATTER:
        return Card(text=text)
    return Card(text=body.lstrip("\n"), metadata=_front_matter(front))


def _front_matter(text: str) -> dict[str, Any]:
    import yaml  # comes with huggingface_hub

    try:
        # An alias lets a few lines grow into gigabytes when the value is written again.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            return {}
        value = _plain(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.replace("\x00", "") if isinstance(value, str) else value if _is_scalar(value) else str(value)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float))
