from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from registry import actions, promotions
from registry.exceptions import RegistryError


class Command(BaseCommand):
    help = "Put a version of a model in charge; the reason goes into the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--number", type=int, help="The version; the newest ready one when left out.")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--by", required=True, metavar="USERNAME")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if by is None:
            raise CommandError(f"There is no active user “{options['by']}”.")
        try:
            model = actions.get_model(options["name"])
            numbered = {"number": options["number"]} if options["number"] else {}
            versions = model.versions.filter(**numbered) if numbered else model.versions.ready()
            version = versions.order_by("-number").first()
            if version is None:
                raise CommandError(f"{model} has no such version. See sync_models.")
            wanted = promotions.request(model=model, version=version, by=by, reason=options["reason"])
        except RegistryError as error:
            raise CommandError(str(error)) from error
        said = "answers now." if wanted.entry else "waits for a second person's approval."
        self.stdout.write(f"{version} ({version.commit[:8]}) {said}")
