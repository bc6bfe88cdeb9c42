"""`manage.py import_records FILE`: the records of a CSV file, as the page of the same name imports them."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from predictions import masking
from predictions.exceptions import NotAllowed
from predictions.imports import column_kinds, csv_files, verbs, wording
from predictions.imports.csv_files import DECIMALS, DELIMITERS, ENCODINGS, Dialect, FileRefused, Problem
from predictions.imports.verbs import SetInUse
from predictions.models import Dataset
from registry.models import RegisteredModel


class Command(BaseCommand):
    help = "Import the records of a CSV file into a set; how the file is written is guessed, and said."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dataset", required=True, help="Name of the set, as in its address; made if there is none."
        )
        parser.add_argument(
            "--title", default="", help="Title of the set; that of a set that exists stays without one."
        )
        parser.add_argument("--key", default="", help="Column that tells the records apart; guessed for a new set.")
        parser.add_argument("--model", default="", help="Model that is asked about them first.")
        parser.add_argument(
            "--example", action="store_true", help="Visitors of the demo may see the set; without this they may not."
        )
        parser.add_argument("--by", required=True, help="User who imports; needs the right to add records.")
        parser.add_argument("--delimiter", choices=list(DELIMITERS))
        parser.add_argument("--encoding", choices=list(ENCODINGS))
        parser.add_argument("--decimal", choices=list(DECIMALS))
        parser.add_argument("--no-header", action="store_false", dest="header", default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        content, model, by = _content(options["file"]), _model(options["model"]), _user(options["by"])
        said = {name: options[name] for name in ("delimiter", "encoding", "decimal", "header")}
        try:
            csv_files.refuse_other_kinds(content, most=settings.MAX_UPLOAD_BYTES)
            dialect = replace(csv_files.guess(content), **{k: v for k, v in said.items() if v is not None})
            key = options["key"] or _key(options["dataset"], content, dialect, model)
            self._say(dialect, key)
            done = verbs.import_records(
                name=options["dataset"],
                title=options["title"],
                content=content,
                dialect=dialect,
                key_column=key,
                model=model,
                by=by,
                is_example=options["example"],
            )
        except FileRefused as refused:
            raise CommandError("\n".join(str(problem) for problem in refused.problems)) from refused
        except (NotAllowed, SetInUse) as refused:
            raise CommandError(str(refused)) from refused
        stay = done.dataset.size - done.created - done.changed - done.unchanged
        self.stdout.write(
            f"{done.created} new, {done.changed} changed, {done.unchanged} unchanged, {stay} not in the file."
        )

    def _say(self, dialect: Dialect, key: str) -> None:
        first = "names in the first row" if dialect.header else "no names in the first row"
        self.stdout.write(
            f"Read with {dialect.delimiter}s between cells, a decimal {dialect.decimal}, {dialect.encoding}, {first}, key {key}."
        )


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > settings.MAX_UPLOAD_BYTES:
            raise CommandError(f"{path} is larger than {settings.MAX_UPLOAD_BYTES // 1_000_000} MB.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _model(name: str) -> RegisteredModel | None:
    model = RegisteredModel.objects.filter(name=name).first()
    if name and model is None:
        raise CommandError(f"There is no model “{name}”.")
    return model


def _user(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user “{name}”.")
    return user


def _key(dataset: str, content: bytes, dialect: Dialect, model: RegisteredModel | None) -> str:
    """The key of the set, or a guess. Raises FileRefused."""
    known = Dataset.objects.filter(name=dataset).values_list("key_column", flat=True).first()
    signature = masking.signature_of(Dataset(model=model))
    sheet = wording.renamed(csv_files.read(content, dialect), signature, known or "")
    key = known or column_kinds.guess_key(sheet, signature)
    if not key:
        raise FileRefused(Problem("No column tells the records apart by itself: name one with --key."))
    return key
