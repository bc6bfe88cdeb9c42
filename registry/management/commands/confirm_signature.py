import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from registry import actions, strict_json
from registry.exceptions import RegistryError
from registry.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Vouch for an inferred signature, or describe a ready version anew: makes a version of the same commit that can "
        "be promoted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--number", type=int, help="The version; the newest ready one when left out.")
        parser.add_argument("--signature", type=Path, metavar="FILE", help="The edited signature; else its own.")
        parser.add_argument("--show", action="store_true", help="Print the signature as JSON, to be edited, and stop.")
        parser.add_argument("--by", metavar="USERNAME", help="Who vouches for it; not needed with --show.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = _version(options["name"], options["number"])
            if options["show"]:
                self.stdout.write(json.dumps(version.signature, ensure_ascii=False, indent=1))
                return
            by = User.objects.filter(username=options["by"], is_active=True).first()
            if by is None:
                raise CommandError(f"There is no active user “{options['by'] or ''}”: name one with --by.")
            signature = _read(options["signature"]) if options["signature"] else None
            new = actions.confirm_signature(version=version, signature=signature, by=by)
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{new} has the signature of version {version.number}, as described now. Promote it next.")


def _version(name: str, number: int | None) -> ModelVersion:
    model = actions.get_model(name)
    versions = model.versions.ready() if number is None else model.versions.filter(number=number)
    version = versions.order_by("-number").first()
    if version is None:
        raise CommandError(f"{model} has no {'ready version' if number is None else f'version {number}'}.")
    return version


def _read(path: Path) -> Any:
    try:
        return strict_json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path}: {error}.") from error
