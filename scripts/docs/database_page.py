"""docs/reference/database.md: our tables and their columns from the models, and which are append-only."""

import ast
import inspect
import textwrap
import tokenize
from io import StringIO
from typing import Any

from django.apps import apps
from django.db import connection, models

from registry.facts import Fact

OURS = ("registry", "predictions", "futurisys")


def page() -> str:
    """The page's Markdown."""
    found = tables()
    facts = [model for model in found if issubclass(model, Fact)]
    parts = [TOP, "| Table | What a row is | Kind |", "|---|---|---|"]
    parts += [f"| [`{_table(model)}`](#{_table(model)}) | {_title(model)} | {_kind(model)} |" for model in found]
    parts.append(f"\n{len(facts)} of {len(found)} tables are append-only.\n")
    parts += [_section(model) for model in found]
    return "\n".join(parts)


def tables() -> list[type[models.Model]]:
    """Our models with a table of their own, in the order of the apps."""
    return [
        model
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if model._meta.managed and not model._meta.proxy
    ]


def _section(model: type[models.Model]) -> str:
    comments = _comments(model)
    lines = [f"## {_table(model)}\n", f"{_paragraph(model)}{_protection(model)}\n"]
    lines += ["| Column | Type | Notes | Name | Meaning |", "|---|---|---|---|---|"]
    for field in model._meta.local_concrete_fields:
        meaning = str(field.help_text) or comments.get(field.name, "")
        kind = f"`{field.db_type(connection)}`"
        empty = "may be empty" if field.null else ""
        lines.append(f"| `{field.column}` | {kind} | {_mark(field) or empty} | {_name(field)} | {_cell(meaning)} |")
    lines.append("")
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            lines.append(f"- unique: {', '.join(f'`{name}`' for name in constraint.fields)} (`{constraint.name}`)")
        else:
            lines.append(f"- checked: `{constraint.name}`")
    return "\n".join(lines) + "\n"


def _mark(field: Any) -> str:
    if field.primary_key:
        return "primary key"
    if field.is_relation:
        table = field.related_model._meta.db_table
        label = field.related_model._meta.app_label
        empty = ", may be empty" if field.null else ""
        return (f"→ [`{table}`](#{table})" if label in OURS else f"→ `{table}`") + empty
    return ""


def _kind(model: type[models.Model]) -> str:
    return "append-only" if issubclass(model, Fact) else "state"


def _protection(model: type[models.Model]) -> str:
    if not issubclass(model, Fact):
        return ""
    return " **Append-only**: UPDATE, DELETE and TRUNCATE are refused, by right and by trigger."


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table


def _title(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name)


def _name(field: Any) -> str:
    return str(field.verbose_name)


def _paragraph(model: type[models.Model]) -> str:
    text = inspect.getdoc(model) or ""
    return " ".join(text.split()).replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _comments(model: type[models.Model]) -> dict[str, str]:
    """What is written beside or above each field, in the class itself and in the abstract ones it is made of."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not isinstance(one, models.base.ModelBase) or one is models.Model:
            continue
        source = textwrap.dedent(inspect.getsource(one))
        said = {
            token.start[0]: token.string.removeprefix("#").strip()
            for token in tokenize.generate_tokens(StringIO(source).readline)
            if token.type == tokenize.COMMENT and not token.string.startswith(("# type:", "# noqa"))
        }
        for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]  # it is a class
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                found[getattr(target, "id", "")] = said.get(node.end_lineno or 0) or _above(said, node.lineno)
    return found


def _above(said: dict[int, str], line: int) -> str:
    lines: list[str] = []
    while (line := line - 1) in said:
        lines.insert(0, said[line])
    return " ".join(lines)


TOP = """# Database

<!-- Written by `make docs` from the models. -->

PostgreSQL 15 or newer. The owner's role migrates; the application's role reads and writes, and on append-only tables it
may only read and insert ([ADR 2](../adr/0002-append-only.md)). Tables of Django and of other libraries (users, groups,
sessions, tokens, failed logins) and the queue's schema `pgmq` are not listed.
"""
