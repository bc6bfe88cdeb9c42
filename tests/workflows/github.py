"""The workflows as GitHub reads them: their jobs and steps, and a step run here."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.worlds import ROOT

WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/*/.github/workflows/*.yml")])
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")


@dataclass(frozen=True)
class Step:
    """One step of a job."""

    workflow: Path
    job: str
    about: dict[str, Any]

    @property
    def command(self) -> str:
        """What it runs, or nothing."""
        return str(self.about.get("run", ""))

    @property
    def uses(self) -> str:
        """The action it uses, or nothing."""
        return str(self.about.get("uses", ""))

    def __str__(self) -> str:
        return f"{self.workflow.parents[2].name}/{self.workflow.name}, {self.job}: {self.command or self.uses}"

    def run(self, folder: Path, known: Mapping[str, str], **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run it in `folder` as GitHub does with `shell: bash`; `known` answers its expressions, by their text."""
        given = {name: filled(str(value), known) for name, value in self.about.get("env", {}).items()}
        base = {"PATH": os.environ["PATH"], "HOME": str(folder), "MPLCONFIGDIR": str(folder / ".matplotlib")}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.command]
        return subprocess.run(
            command,
            cwd=folder,
            env=base | environment | given,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def filled(text: str, known: Mapping[str, str]) -> str:
    """Text with its expressions answered."""
    return EXPRESSION.sub(lambda found: known[found[1]], text)


def read(workflow: Path) -> dict[str, Any]:
    """A workflow; its `on` is not the truth value that YAML 1.1 makes of it."""
    found: dict[Any, Any] = yaml.safe_load(workflow.read_text("utf-8"))
    return {"on" if name is True else str(name): value for name, value in found.items()}


def steps(workflow: Path) -> Iterator[Step]:
    """Every step of a workflow."""
    for name, job in read(workflow)["jobs"].items():
        for about in job["steps"]:
            yield Step(workflow, name, about)


def step_named(workflow: Path, name: str) -> Step:
    """The one step with that name."""
    (found,) = [step for step in steps(workflow) if step.about.get("name") == name]
    return found
