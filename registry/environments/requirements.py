"""Whether a model needs an environment of its own, and what goes into it. Pure.

Names come from a fixed list; a manifest chooses versions, never names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from registry.exceptions import ImportRejected

# The module a model file names, and the package that brings it.
LIBRARIES = {
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "imblearn": "imbalanced-learn",
    "category_encoders": "category-encoders",
}
PINNABLE = {"scikit-learn", "numpy", "scipy", "pandas", "joblib", "skops", *LIBRARIES.values()}
# Before these, a file could get past the list of allowed names.
FLOORS = {"joblib": "1.6", "skops": "0.13"}
# What turns a model into a graph; a model that leaves no room for them is served as it is.
TOOLS = ("skl2onnx", "onnx", "onnxruntime")
# It sets no upper bounds: what was new when these versions of it were is what they run with.
BEFORE_1_5 = {"numpy": "numpy<2", "pandas": "pandas<3", "scipy": "scipy<1.13"}
# No wheel that needs a graphics card is worth 300 MB here.
OVERRIDES = ("nvidia-nccl-cu12 ; sys_platform == 'never'", "nvidia-nccl-cu13 ; sys_platform == 'never'")

VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.\d{1,6}){0,4}((a|b|rc)\d{1,4})?(\.post\d{1,4})?(\.dev\d{1,4})?")


@dataclass(frozen=True)
class Choice:
    """The requirements of an environment; none of them means the server's own environment serves."""

    why: str
    needed: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What is known of a model before it is loaded.

    `pins`: runtime.packages of the manifest, `python`: runtime.python; `saved_by`: scikit-learn's version as the
    file's bytes tell it; `names`: every global the file names; `form`: joblib, pickle or skops.
    """

    pins: Mapping[str, str]
    python: str
    saved_by: str | None
    names: Iterable[str]
    form: str


def choose(found: Evidence, *, server: Mapping[str, str]) -> Choice:
    """The environment for a model, given what the server's own holds ("python" among it).

    Raises ImportRejected for a pin that is no plain version.
    """
    warnings: list[str] = []
    pins = dict(_pins(found.pins, warnings))
    sklearn = _scikit_learn(found, pins, server, warnings)
    if found.python and not _same_minor(found.python, server["python"]):
        warnings.append(
            f"The manifest names Python {found.python[:20]}; every model runs with {server['python']} here."
        )
    wanted = {LIBRARIES[root] for root in {name.partition(".")[0] for name in found.names} if root in LIBRARIES}
    wanted |= pins.keys() & set(LIBRARIES.values())
    missing = sorted(name for name in wanted if not _has(server, name, pins.get(name)))
    reasons = []
    if not _same_minor(sklearn, server["scikit-learn"]):
        reasons.append(f"The model was trained with scikit-learn {sklearn}; this server has {server['scikit-learn']}.")
    if missing:
        named = ", ".join(f"{name} {pins[name]}" if name in pins else name for name in missing)
        reasons.append(f"The model needs {named}, which the server's own environment does not hold.")
    if not reasons:
        return Choice("The server's own environment fits the model.", warnings=tuple(warnings))
    pins["scikit-learn"] = sklearn
    return Choice(
        " ".join(reasons),
        needed=tuple(_needed(pins, wanted, found.form, warnings)),
        tools=TOOLS,
        warnings=tuple(warnings),
    )


def _pins(manifest: Mapping[str, str], warnings: list[str]) -> Iterator[tuple[str, str]]:
    ignored = []
    for name, value in sorted(manifest.items()):
        package = re.sub(r"[-_.]+", "-", name).lower()
        if package not in PINNABLE:
            ignored.append(name[:60])
            continue
        if not VERSION.fullmatch(value):
            raise ImportRejected(
                f"model_manifest.json: runtime.packages: {name} is pinned to “{value[:40]}”, which is no plain version. "
                "Write one like 1.6.1."
            )
        yield package, value
    if ignored:
        shown = ", ".join(ignored[:10]) + (" and others" if len(ignored) > 10 else "")
        warnings.append(f"Named in the manifest, and not installed for models here: {shown}.")


def _scikit_learn(found: Evidence, pins: Mapping[str, str], server: Mapping[str, str], warnings: list[str]) -> str:
    """The file's own word, then the manifest's, then the server's version."""
    pinned = pins.get("scikit-learn")
    saved_by = found.saved_by if found.saved_by and VERSION.fullmatch(found.saved_by) else None
    if saved_by and pinned and saved_by != pinned:
        warnings.append(f"The manifest names scikit-learn {pinned}; the file was saved by {saved_by}, which counts.")
    return saved_by or pinned or server["scikit-learn"]


def _has(server: Mapping[str, str], package: str, version: str | None) -> bool:
    return package in server and version in (None, server[package])


def _needed(pins: Mapping[str, str], wanted: set[str], form: str, warnings: list[str]) -> Iterator[str]:
    for name, floor in FLOORS.items():
        if name == "skops" and form != "skops":
            continue
        if name in pins and _release(pins[name]) >= _release(floor):
            yield f"{name}=={pins[name]}"
            continue
        if name in pins:
            warnings.append(f"The manifest pins {name} {pins[name]}; {floor} is the oldest that may load a model here.")
        yield f"{name}>={floor}"
    for name in sorted(pins.keys() - FLOORS.keys()):
        yield f"{name}=={pins[name]}"
    yield from sorted(wanted - pins.keys())
    yield "msgpack>=1.1"
    bounds = BEFORE_1_5 if _release(pins["scikit-learn"]) < (1, 5) else {}
    for name in ("numpy", "pandas", "scipy"):
        if name not in pins:
            yield bounds.get(name, name)


def _same_minor(left: str, right: str) -> bool:
    return left.split(".")[:2] == right.split(".")[:2]


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"[\d.]+", version)[0].strip(".").split("."))  # type: ignore[index]
