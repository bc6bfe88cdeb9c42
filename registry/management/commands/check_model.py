from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.contract import ContractError
from registry.exceptions import ImportRejected
from registry.importer import examine, run
from registry.importer.package import Package
from registry.runtimes.base import RuntimeFailed


class Command(BaseCommand):
    help = (
        "Check a model folder exactly as the import would: contract, jail, golden rows, conversion. Needs no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--trusted", action="store_true", help="The folder's own code may run in the jailed child.")

    def handle(self, *args: Any, **options: Any) -> None:
        package = check(options["directory"], trusted=options["trusted"], command=self)
        cases = package.report.get("golden", {}).get("cases", 0)
        first = "Once somebody confirms its draft signature, " if package.is_draft else ""
        self.stdout.write(
            f"{first}{options['directory']} can be served: runtime {package.runtime}, {cases} golden rows replayed."
        )
        for text in [*package.report.get("warnings", []), package.why_isolated]:
            if text:
                self.stdout.write(f"  {text}")


def check(directory: Path, *, trusted: bool, command: BaseCommand) -> Package:
    """The examined folder. Raises CommandError with the reason a version of it would be rejected for."""
    if not directory.is_dir():
        raise CommandError(f"{directory} is no folder.")
    try:
        package = run.read_package(directory, trusted=trusted)
        examine.examine(package, progress=lambda message: command.stdout.write(f"  {message} ..."))
    except ContractError as error:
        raise CommandError("\n".join(error.problems)) from error
    except (ImportRejected, RuntimeFailed) as error:
        raise CommandError(str(error)) from error
    return package
