"""Django's migrate, as the owner of the tables, followed by the grants of the application's role."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate

from futurisys import health, roles


class Command(migrate.Command):
    help = "Migrate as the owner role (DATABASE_OWNER_URL), then grant the application's role its rights."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        for problem in health.encoding_problems(options["database"]):
            raise CommandError(problem)
        super().handle(*args, **options)
        role = roles.grant()
        if role and options["verbosity"]:
            self.stdout.write(f"Rights granted to {role}.")
