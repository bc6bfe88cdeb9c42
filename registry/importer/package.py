"""A folder on its way to becoming a version: what it holds, and what the import found out about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from registry import background, card_pictures
from registry.contract import CARD, MANIFEST, Card, Contract, ContractError, ModelFile
from registry.environments.locks import LOCK
from registry.runtimes.base import Columns
from registry.signature import InvalidInput, Signature

MAX_CARD = 100_000
COMPANIONS = {"golden": "golden.json", "reference": "reference.json", "background": background.FILE}


@dataclass(kw_only=True)
class Package:
    """Filled step by step by registry.importer.examine; `report` is what the version page shows."""

    directory: Path
    model_file: ModelFile
    trusted: bool
    report: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)
    signature_json: dict[str, Any] = field(default_factory=dict)
    manifest_digest: str = ""
    steps: list[dict[str, Any]] | None = None
    golden: dict[str, Any] | None = None
    companions: dict[str, str] = field(default_factory=dict)
    background: Columns | None = None
    is_draft: bool = False
    runtime: str = ""
    why_isolated: str = ""
    graph: bytes | None = None
    graph_path: str = ""
    lock: bytes | None = None
    pictures: tuple[str, ...] = ()  # that the card shows

    @classmethod
    def managed(cls, found: Contract, *, card: Card, trusted: bool, report: dict[str, Any]) -> Self:
        """A folder with a manifest that was checked."""
        manifest = found.manifest
        package = cls(
            directory=found.directory,
            model_file=found.model_file,
            trusted=trusted,
            report={**report, "warnings": list(found.warnings), **_trained_in(manifest)},
            metadata={
                **{key: manifest["model"].get(key) for key in ("version", "description")},
                "name": manifest["model"].get("title") or manifest["model"]["name"],
                "metrics": manifest.get("metrics", []),
                "provenance": manifest.get("provenance", {}),
                "limits": manifest.get("limits", []),
                "card": _card_text(card),
            },
            signature_json={
                "task": manifest["model"]["task"],
                "inputs": manifest["inputs"],
                "outputs": manifest.get("outputs", {}),
            },
            manifest_digest=found.manifest_sha256,
            steps=manifest["model"].get("steps"),
            golden=found.golden,
            companions=dict(manifest.get("artifacts", {})),
        )
        if found.background is not None:
            package.background = _background(package, package.companions["background"])
        package._keep_pictures(card)
        return package

    @classmethod
    def bare(cls, directory: Path, model_file: ModelFile, *, card: Card, trusted: bool, report: dict[str, Any]) -> Self:
        """A folder without a manifest: its signature will be inferred, as a draft."""
        metadata = {"metrics": [], "card": _card_text(card)}
        unused = [f"{name} lies beside the model and is not used." for name in model_file.unused]
        package = cls(
            directory=directory,
            model_file=model_file,
            trusted=trusted,
            report={**report, "warnings": ["There is no manifest.", *unused]},
            metadata=metadata,
            is_draft=True,
        )
        package._keep_pictures(card)
        return package

    def _keep_pictures(self, card: Card) -> None:
        """Note the card's pictures that are there; what a stranger calls a picture is looked at first."""
        self.report["pictures"], left_out = card_pictures.collect(self.directory, card.text)
        self.report["warnings"] += left_out
        self.pictures = tuple(self.report["pictures"])

    @property
    def signature(self) -> Signature:
        """The signature as it stands."""
        return Signature.parse(self.signature_json)

    @property
    def model_path(self) -> str:
        """The model file's path in the repository."""
        return self.model_file.path.relative_to(self.directory).as_posix()

    @property
    def step_files(self) -> list[str]:
        """Companion transformers, in the order in which they come before the model."""
        return [step["file"] for step in self.steps or []]

    @property
    def step_requests(self) -> list[Any]:
        """The same for the child: a path, or {"file", "columns"} where a step transforms some columns in their place."""
        return [
            {"file": step["file"], "columns": step["columns"]} if step.get("columns") else step["file"]
            for step in self.steps or []
        ]

    @property
    def model_paths(self) -> list[str]:
        """The files the child opens."""
        return list(dict.fromkeys([self.model_path, *self.step_files]))

    @property
    def size(self) -> int:
        """Bytes of the files the child opens."""
        return sum((self.directory / path).stat().st_size for path in self.model_paths)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of every file that is kept; companions under their usual names."""
        kept = {path: path for path in [*self.model_paths, MANIFEST, CARD, *self.pictures]}
        kept |= {COMPANIONS[kind]: path for kind, path in self.companions.items()}
        for name, path in kept.items():
            if (self.directory / path).is_file():
                yield name, (self.directory / path).read_bytes()
        if self.graph is not None and self.graph_path not in kept:
            yield self.graph_path, self.graph
        if self.lock is not None:
            yield LOCK, self.lock


def _trained_in(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: manifest["runtime"][key] for key in ("packages", "python")}


def _card_text(card: Card) -> str:
    return card.text[:MAX_CARD].replace("\x00", "")  # which PostgreSQL cannot store


def _background(package: Package, path: str) -> Columns:
    try:
        return background.parse((package.directory / path).read_bytes(), package.signature)
    except InvalidInput as error:
        first = error.errors[0]
        problem = f"{path}: line {first['row'] + 2}, {first['field']}: {first['message']}"
        raise ContractError([problem]) from error
    except ValueError as error:
        raise ContractError([f"{path}: {error}"]) from error
