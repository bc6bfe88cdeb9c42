"""From requirements to a lock: every package with its version and hashes, resolved once and kept with the version."""

import hashlib
import importlib.metadata
import platform
import re
import sys
import sysconfig
import tempfile
from pathlib import Path

from registry.environments import uv
from registry.environments.requirements import OVERRIDES, Choice
from registry.environments.uv import EnvironmentFailed, UvFailed

LOCK = "environment.lock"  # the path under which it is kept among a version's files
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
UNREACHABLE = re.compile(r"[Ff]ailed to fetch|error sending request|Request failed|dns error")
MANIFEST_HELPS = "name another version under runtime.packages in model_manifest.json"


def resolve(choice: Choice, *, ends: float) -> tuple[str, list[str]]:
    """The lock of a choice, and what had to be left out of it. Raises EnvironmentFailed with a person's next step."""
    try:
        return _compile([*choice.needed, *choice.tools], ends), []
    except UvFailed as failed:
        try:
            lock = _compile([*choice.needed], ends)
        except UvFailed:
            raise explained(str(failed), choice.needed) from failed
    left_out = ", ".join(choice.tools)
    return lock, [f"The model's libraries leave no room for what converts it to ONNX ({left_out})."]


def _compile(requirements: list[str], ends: float) -> str:
    try:
        return _compiled(requirements, _servers_versions(), ends)
    except UvFailed as failed:
        if UNREACHABLE.search(uv.plain(str(failed))):
            raise
        # What is only preferred can make uv give up: of two indexes it asks the first one that has that version, also
        # when its builds are for other Pythons.
        return _compiled(requirements, "", ends)


def _compiled(requirements: list[str], preferred: str, ends: float) -> str:
    with tempfile.TemporaryDirectory(prefix="futurisys-lock-") as name:
        folder = Path(name)
        (folder / "wanted.txt").write_text("\n".join(requirements) + "\n")
        (folder / "overrides.txt").write_text("\n".join(OVERRIDES) + "\n")
        # uv prefers what the output file names: the server's versions, where the model allows them
        (folder / "lock.txt").write_text(preferred)
        options = ["--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--only-binary", ":all:"]
        options += ["--python", sys.executable, "--overrides", str(folder / "overrides.txt")]
        uv.run(
            ["pip", "compile", *options, "--output-file", str(folder / "lock.txt"), str(folder / "wanted.txt")],
            ends=ends,
        )
        return (folder / "lock.txt").read_text()


def _servers_versions() -> str:
    found = {each.name: each.version for each in importlib.metadata.distributions() if each.name}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def pins(lock: str) -> dict[str, str]:
    """Package and version of every line of a lock."""
    return dict(PINNED.findall(lock))


def digest(lock: str) -> str:
    """SHA-256 of a lock, in hexadecimal digits."""
    return hashlib.sha256(lock.encode()).hexdigest()


def key(lock: str) -> str:
    """The name of a lock's environment on this machine: another Python or platform makes another one of it."""
    parts = [digest(lock), platform.python_implementation(), platform.python_version(), sysconfig.get_platform()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


# --- why it failed --------------------------------------------------------------------------------------


def explained(said: str, requirements: tuple[str, ...]) -> EnvironmentFailed:
    """The error for what uv said: which package and version, and the command that would help."""
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    text = uv.plain(said)
    for name, version in PINNED.findall("\n".join(requirements)):
        exact = re.escape(f"{name}=={version}")
        if re.search(rf"{exact} has no (usable )?wheels", text):
            why = f"{name} {version} has no ready-made build for {python} here; building it from source is refused"
        elif re.search(rf"no versions? of {exact}|{re.escape(name)} was not found", text):
            why = f"The package index has no {name} {version} for {python}"
        else:
            continue
        return EnvironmentFailed(f"{why}. `{command(name, version)}` shows what there is; or {MANIFEST_HELPS}.")
    if UNREACHABLE.search(text):
        text = "The package index did not answer, so the model's environment could not be resolved. Sync again later."
        return EnvironmentFailed(text, temporary=True)
    return EnvironmentFailed(
        f"The model's libraries cannot be installed together: {text} {MANIFEST_HELPS.capitalize()}."
    )


def command(name: str, version: str) -> str:
    """What a person may type to see it for themselves: it asks the index that was asked here."""
    return f"python scripts/with_uv.py pip install --dry-run '{name}=={version}'"
