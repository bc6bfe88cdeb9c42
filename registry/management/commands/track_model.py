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
        parser.add_argument(
            "--high-risk",
            action="store_true",
            help="Its answers weigh on people's lives: a promotion takes two people.",
        )
        parser.add_argument(
            "--poll-minutes", type=int, metavar="N", help="Ask the Hub this often; 0 is never, 15 the default."
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
                high_risk=options["high_risk"],
                poll_minutes=options["poll_minutes"],
            )
        except RegistryError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{model} follows {model.repo_id} ({model.tracked_ref}) on {model.endpoint}.")
