"""docs/reference/commands.md: our commands of manage.py from their parsers, and make's targets from the Makefile."""

import argparse
import re
from pathlib import Path

from django.apps import apps
from django.core.management import find_commands, load_command_class
from django.core.management.base import DjangoHelpFormatter

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("futurisys", "registry", "predictions")
TARGET = re.compile(r"^(?P<name>[a-z-]+):.*## +(?P<what>.+)$", re.MULTILINE)
ENDS_A_SENTENCE = (".", "!", "?", ":")


def page() -> str:
    """The page's Markdown."""
    parts = [TOP, "## manage.py\n", "Every command takes `--help`.\n"]
    parts += [_command(name, _parser(app, name)) for name, app in sorted(commands().items())]
    parts += ["## make\n", "| Target | What it does |\n|---|---|"]
    parts += [f"| `make {name}` | {_cell(what)} |" for name, what in targets().items()]
    return "\n".join(parts) + "\n"


def commands() -> dict[str, str]:
    """The commands of our own apps, and the app of each."""
    return {name: app for app in OURS for name in find_commands(str(Path(apps.get_app_config(app).path, "management")))}


def targets() -> dict[str, str]:
    """Targets of the Makefile that people call, as `make help` shows them."""
    return {found["name"]: found["what"] for found in TARGET.finditer((ROOT / "Makefile").read_text("utf-8"))}


def _parser(app: str, name: str) -> argparse.ArgumentParser:
    return load_command_class(app, name).create_parser("manage.py", name)


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    own = [
        action
        for action in parser._actions
        if action.help != argparse.SUPPRESS and not DjangoHelpFormatter.show_last & {*action.option_strings}
    ]
    own = [action for action in own if action.dest != "help"]
    usage = " ".join(["manage.py", name, *(_usage(action) for action in own)])
    lines = [f"### {name}\n", f"{_sentence(parser.description or '')}\n", f"```console\n$ {usage}\n```\n"]
    if own:
        lines += ["| Argument | Meaning | Default |", "|---|---|---|"]
        lines += [f"| `{_name(action)}` | {_cell(_meaning(action))} | {_default(action)} |" for action in own]
        lines.append("")
    return "\n".join(lines)


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return action.option_strings[-1] + value


def _usage(action: argparse.Action) -> str:
    name = _name(action)
    if action.option_strings:
        return name if action.required else f"[{name}]"
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(str(action.nargs), name)


def _meaning(action: argparse.Action) -> str:
    said = (action.help or "") % {**vars(action), "prog": "manage.py"} if action.help else ""
    if action.choices:
        said += f" One of: {', '.join(f'`{choice}`' for choice in action.choices)}."
    return said.strip()


def _default(action: argparse.Action) -> str:
    return f"`{action.default}`" if action.default and action.nargs != 0 else ""


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith(ENDS_A_SENTENCE) or not text else f"{text}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


TOP = """# Commands

<!-- Written by `make docs` from the code; change the help texts there. -->

Run them in the folder of the repository as `.venv/bin/python manage.py …`. While `make run` runs, they speak to its
database and its Hub, as they read `var/demo.env`.
"""
