"""Every setting of Futurisys as rows: read from the code, with the meanings of settings.toml beside it.

How to call it, from the folder of the repository:

    from scripts.docs.settings_table import markdown, rows
    rows()                # a Setting for each: name, type, default, meaning, section; in the order of settings.toml
    markdown(rows())      # a table in Markdown, or one with a heading for each section: markdown_by_section()

or `python scripts/docs/settings_table.py`, which prints the table. Nothing of Django is started: the calls are found in
the text of the code, so that a setting counts as soon as somebody reads it.

A new setting needs a line in settings.toml, `NAME = "what it is for"`, or `NAME = { meaning = "...", default = "..." }`
where the code computes the default. Without one, and with one that no code reads any more, `rows` raises `Undocumented`.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MEANINGS = Path(__file__).with_name("settings.toml")
KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "yes or no",
    "list": "list, with commas between",
}
# What other programs say, or the surroundings of a process, is no setting of ours.
NOT_OURS = {"PATH", "HOME", "DJANGO_SETTINGS_MODULE"}
IN_A_SCRIPT = re.compile(r"\$\{(?P<name>[A-Z][A-Z_]+):?[-?](?P<default>[^}]*)\}")


class Undocumented(Exception):
    """A setting of the code has no meaning in settings.toml, or a meaning there has no setting."""


@dataclass(frozen=True)
class Setting:
    name: str
    type: str
    default: str  # "" where there is none
    meaning: str
    section: str


@dataclass(frozen=True)
class Read:
    """One place of the code that reads a setting; `default` is None where it is computed."""

    name: str
    type: str
    default: str | None


def rows() -> list[Setting]:
    """All settings, in the order of settings.toml. Raises Undocumented, which names those that don't fit."""
    found = reads()
    told = tomllib.loads(MEANINGS.read_text("utf-8"))
    written = {name for section in told.values() for name in section}
    if missing := sorted(found.keys() - written):
        raise Undocumented(f"No meaning in scripts/docs/settings.toml: {', '.join(missing)}.")
    if gone := sorted(written - found.keys()):
        raise Undocumented(f"Read by no code any more, take it out of scripts/docs/settings.toml: {', '.join(gone)}.")
    return [
        _setting(found[name], entry, section) for section, entries in told.items() for name, entry in entries.items()
    ]


def markdown(settings: list[Setting]) -> str:
    """A table of these settings."""
    lines = ["| Variable | Type | Default | Meaning |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.type} | {row.default or 'none'} | {row.meaning} |" for row in settings]
    return "\n".join(lines) + "\n"


def markdown_by_section(heading: str = "##") -> str:
    """A heading and a table for each section of settings.toml."""
    settings = rows()
    sections = dict.fromkeys(row.section for row in settings)
    return "\n".join(
        f"{heading} {section}\n\n{markdown([row for row in settings if row.section == section])}"
        for section in sections
    )


@cache
def reads() -> dict[str, Read]:
    """Every variable of the environment that the code reads as a setting; the first place that tells most counts."""
    found: dict[str, Read] = {}
    for path in _programs():
        text = path.read_text("utf-8")
        if not re.search(r"\benv\.|\benviron\b", text):
            continue  # parsing all of them takes seconds
        tree = ast.parse(text)
        for read in [*_parsed(tree), *_plain(tree)]:
            found.setdefault(read.name, read)
    for match in IN_A_SCRIPT.finditer((ROOT / "scripts" / "serve").read_text("utf-8")):
        kind = KINDS["int"] if match["default"].isdigit() else KINDS["str"]
        found.setdefault(match["name"], Read(match["name"], kind, match["default"]))
    return {name: read for name, read in found.items() if name not in NOT_OURS}


def _programs() -> list[Path]:
    first = ROOT / "futurisys" / "settings.py"
    rest = [path for app in ("futurisys", "registry", "predictions") for path in sorted((ROOT / app).rglob("*.py"))]
    return [first, *(path for path in rest if path != first)]


def _parsed(tree: ast.Module) -> Iterator[Read]:
    """Calls like `env.int("NAME", 3, validate=...)`."""
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=kind), args=[ast.Constant(value=str(name)), *rest]
            ) if kind in KINDS:
                limits = [names.get(getattr(word.value, "id", ""), word.value) for word in node.keywords]
                allowed = "".join(_limits(limit) for limit in limits)
                yield Read(name, KINDS[kind] + allowed, _literal(rest[0]) if rest else "")


def _plain(tree: ast.Module) -> Iterator[Read]:
    """Calls like `os.environ.get("NAME", "3")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *rest],
            ):
                yield Read(name, "text", _literal(rest[0]) if rest else "")


def _limits(node: ast.expr) -> str:
    """What a validator of environs allows, in words."""
    if not isinstance(node, ast.Call):
        return ""
    given = {word.arg: _literal(word.value) for word in node.keywords}
    match getattr(node.func, "attr", ""):
        case "Range" if "max" in given:
            return f", {given['min']} to {given['max']}"
        case "Range":
            return f", {given['min']} or more"
        case "OneOf":
            choices = ast.literal_eval(node.args[0])
            return ": " + ", ".join(f"`{choice}`" for choice in choices)
    return ""


def _literal(node: ast.expr) -> str | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None  # computed
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:_}".replace("_", " ") if value >= 10_000 else str(value)
        case list():
            return ", ".join(f"`{one}`" for one in value)
        case _:
            return str(value)


def _setting(read: Read, entry: str | dict[str, str], section: str) -> Setting:
    told = {"meaning": entry} if isinstance(entry, str) else entry
    default = told.get("default", read.default)
    if default is None:
        raise Undocumented(f"{read.name}: the code computes its default; say it in scripts/docs/settings.toml.")
    if default and "default" not in told and read.type.startswith("text"):
        default = f"`{default}`"
    plain = Setting(read.name, told.get("type", read.type), default, told["meaning"], section)
    return replace(plain, meaning=plain.meaning.replace("|", "\\|"))


if __name__ == "__main__":
    print(markdown(rows()), end="")  # noqa: T201
