from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry import hub
from registry.hub import HubError
from registry.management.commands import check_model


class Command(BaseCommand):
    help = "Check a model folder and upload it to a Hub repository."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--repo", required=True, metavar="NAMESPACE/NAME")
        parser.add_argument("--endpoint", default="huggingface", help="A name in HUB_ENDPOINTS.")
        parser.add_argument("--tag", help="Also name the commit with this tag.")
        parser.add_argument("--message", default="Publish model")
        parser.add_argument("--trusted", action="store_true", help="The folder's own code may run in the jailed child.")
        parser.add_argument(
            "--no-check", action="store_true", help="Upload without checking; the import checks anyway."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        address = settings.HUB_ENDPOINTS.get(options["endpoint"])
        if address is None:
            raise CommandError(f"“{options['endpoint']}” is no Hub of this instance.")
        if not directory.is_dir():
            raise CommandError(f"{directory} is no folder.")
        if not options["no_check"]:
            check_model.check(directory, trusted=options["trusted"], command=self)
        try:
            commit = hub.publish(
                endpoint=address,
                repo_id=options["repo"],
                directory=directory,
                token=settings.HUB_TOKENS.get(options["endpoint"]) or None,
                tag=options["tag"],
                message=options["message"],
                files=list(published(directory)),
            )
        except HubError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['repo']} is at {commit}.")


def published(directory: Path) -> Iterator[str]:
    """Every file but hidden ones, where .git and secrets lie, and what Python left behind."""
    for path in sorted(directory.rglob("*")):
        inside = path.relative_to(directory)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden:
            yield inside.as_posix()
