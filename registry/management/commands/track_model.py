from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import actions
from registry.exceptions import RegistryError


class Command(BaseCommand):
    help = "Follow a Hub repository under a name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--repo", required=True, metavar="NAMESPACE/NAME")
        parser.add_argument("--endpoint", default="huggingface", help="A name in HUB_ENDPOINTS.")
        parser.add_argument("--ref", default="main", help="The branch or tag to follow.")
        parser.add_argument("--default", action="store_true", help="Answer calls that name no model.")
        parser.add_argument(
            "--trusted", action="store_true", help="Code of this repository may run in the jailed child."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            model = actions.track_model(
                name=options["name"],
                endpoint=options["endpoint"],
                repo_id=options["repo"],
                ref=options["ref"],
                default=options["default"],
                trusted=options["trusted"],
            )
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{model} follows {model.repo_id} ({model.tracked_ref}) on {model.endpoint}.")
