import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from registry import actions, strict_json
from registry.exceptions import RegistryError


class Command(BaseCommand):
    help = "Vouch for an inferred signature: makes a version of the same commit that can be promoted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("number", type=int, help="The version with the draft.")
        parser.add_argument(
            "--signature", type=Path, metavar="FILE", help="The edited signature; else the draft's own."
        )
        parser.add_argument("--show", action="store_true", help="Print the draft as JSON, to be edited, and stop.")
        parser.add_argument("--by", required=True, metavar="USERNAME")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if by is None:
            raise CommandError(f"There is no active user “{options['by']}”.")
        try:
            model = actions.get_model(options["name"])
            draft = model.versions.filter(number=options["number"]).first()
            if draft is None:
                raise CommandError(f"{model} has no version {options['number']}.")
            if options["show"]:
                self.stdout.write(json.dumps(draft.signature, ensure_ascii=False, indent=1))
                return
            signature = _read(options["signature"]) if options["signature"] else None
            version = actions.confirm_signature(version=draft, signature=signature, by=by)
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version} has the confirmed signature of version {draft.number}. Promote it next.")


def _read(path: Path) -> Any:
    try:
        return strict_json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path}: {error}.") from error
