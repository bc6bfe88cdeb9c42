import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry import actions, promotions, runtimes
from registry.environments import builds
from registry.exceptions import ImportRejected, RegistryError
from registry.models import ModelVersion, RegisteredModel
from registry.runtimes.base import RuntimeFailed


class Command(BaseCommand):
    help = (
        "Build the environments that this machine needs to serve: those of champions, so that no question waits. "
        "Each is rebuilt from the lock that its import stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="One model: its champion, or --number, or --all of it.")
        parser.add_argument("--number", type=int, help="The version.")
        parser.add_argument("--all", action="store_true", help="All ready versions, not champions alone.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["number"] and not options["name"]:
            raise CommandError("Name the model that the number belongs to.")
        versions = self._versions(options)
        needing = [version for version in versions if needs_environment(version)]
        failed = [version for version in needing if not self._built(version)]
        own = len(versions) - len(needing)
        self.stdout.write(f"{len(needing) - len(failed)} ready; {own} need none but the server's own.")
        if failed:
            raise CommandError(f"Not built: {', '.join(map(str, failed))}.")

    def _versions(self, options: dict[str, Any]) -> list[ModelVersion]:
        try:
            models = [actions.get_model(options["name"])] if options["name"] else list(RegisteredModel.objects.all())
        except RegistryError as error:
            raise CommandError(str(error)) from error
        ready = ModelVersion.objects.ready().filter(model__in=models).select_related("model").order_by("pk")
        if options["number"]:
            chosen = list(ready.filter(number=options["number"]))
            if not chosen:
                raise CommandError(f"{options['name']} has no ready version {options['number']}.")
            return chosen
        if options["all"]:
            return list(ready)
        entries = [promotions.latest(model) for model in models]
        return [entry.to_version for entry in entries if entry is not None]

    def _built(self, version: ModelVersion) -> bool:
        began = time.monotonic()
        try:
            lock = runtimes.lock_of(version)
            already = builds.find(lock) is not None
            builds.build(lock, ends=began + settings.ENVIRONMENT_BUILD_SECONDS)
        except (ImportRejected, RuntimeFailed) as error:
            self.stderr.write(f"{version}: {error}")
            return False
        took = "is there" if already else f"built in {time.monotonic() - began:.0f} s"
        self.stdout.write(f"{version}: {took}.")
        return True


def needs_environment(version: ModelVersion) -> bool:
    """Whether serving this version takes libraries of its own: a graph takes none."""
    return version.runtime == "isolated" and bool(version.report.get("serving", {}).get("environment"))
