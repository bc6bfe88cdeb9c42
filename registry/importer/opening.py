"""Open a package's model: look at the file, choose the environment that fits it, load it there in a jailed child."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from registry.actions import Progress
from registry.environments import builds, locks
from registry.environments.builds import Environment
from registry.environments.requirements import LIBRARIES, Choice, Evidence, choose
from registry.exceptions import ImportRejected
from registry.folders import Folder
from registry.importer.package import Package
from registry.importer.process import JailedChild, limits, may_load, memory_to_import

CPU_SECONDS = 120
WALL_SECONDS = 180.0
SHOWN = ("scikit-learn", "numpy", "pandas", *LIBRARIES.values())


@contextlib.contextmanager
def opened(package: Package, progress: Progress) -> Iterator[JailedChild]:
    """A child that has loaded the model; the report says what it names, who wrote it and where it runs.

    Raises ImportRejected, RuntimeFailed.
    """
    with Folder("child") as folder, contextlib.ExitStack() as stack:
        for path in package.model_paths:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((package.directory / path).read_bytes())
        progress("looking at the model file in the jailed child")
        child = stack.enter_context(_child(package, folder, None))
        scanned = child.call("scan", _request(package), deadline=WALL_SECONDS)
        environment = _environment(package, scanned, progress)
        if environment is not None:
            child.close()
            child = stack.enter_context(_child(package, folder, environment))
        progress("opening the model in the jailed child")
        answer = child.call("load", _request(package), deadline=WALL_SECONDS)
        package.report |= {key: answer.get(key) for key in ("globals", "trained_with", "versions")}
        yield child


def _request(package: Package) -> dict[str, Any]:
    return {
        "file": package.model_path,
        "format": package.model_file.format,
        "trusted": package.trusted,
        "steps": package.step_requests,
    }


@contextlib.contextmanager
def _child(package: Package, folder: Path, environment: Environment | None) -> Iterator[JailedChild]:
    python = {} if environment is None else {"python": environment.python}
    child = JailedChild(folder=folder, memory=memory_to_import(package.size), cpu=CPU_SECONDS, **python)
    with contextlib.closing(child):
        package.report["jail"] = {"in_force": child.jail, "limits": limits(child.jail)}
        may_load(child.jail, package.model_file.format, package.trusted)
        yield child


def _environment(package: Package, scanned: dict[str, Any], progress: Progress) -> Environment | None:
    """The environment of its own that the model needs, built now; None where the server's own serves."""
    evidence = Evidence(
        pins=package.report.get("packages") or {},
        python=package.report.get("python") or "",
        saved_by=scanned.get("trained_with"),
        names=scanned["globals"],
        form=package.model_file.format,
    )
    server = scanned["versions"]
    choice = choose(evidence, server=server)
    if not choice.needed:
        package.report["environment"] = _described("", choice, server, server)
        return None
    if locks.LOCK in package.model_paths:
        raise ImportRejected(f"{locks.LOCK}: this name is taken for the version's own use. Rename the file.")
    ends = time.monotonic() + settings.ENVIRONMENT_BUILD_SECONDS
    progress("resolving the model's environment")
    lock, left_out = locks.resolve(choice, ends=ends)
    installed = locks.pins(lock)
    package.lock = lock.encode()
    package.report["environment"] = _described(locks.key(lock), choice, installed, server)
    package.report["environment"]["warnings"] += left_out
    named = ", ".join(f"{name} {installed[name]}" for name in SHOWN if name in installed)
    progress(f"building the model's environment: {named}")
    return builds.build(lock, ends=ends)


def _described(key: str, choice: Choice, packages: dict[str, str], server: dict[str, str]) -> dict[str, Any]:
    return {
        "key": key,
        "why": choice.why,
        "packages": {name: version for name, version in packages.items() if name != "python"},
        "python": server["python"],
        "server": server,
        "warnings": list(choice.warnings),
    }
