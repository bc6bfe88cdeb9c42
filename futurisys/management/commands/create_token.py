from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from futurisys.accounts import tokens
from futurisys.accounts.models import ApiTokenName

LONGEST = 3_650  # days


class Command(BaseCommand):
    help = (
        "Print a new API token of a user, and nothing else. It is stored hashed and cannot be shown again. "
        "With --list: the user's tokens; with --revoke: end one of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="What the token is for, as its owner reads it.")
        parser.add_argument("--days", type=int, default=365, help="How long it is valid.")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--list", action="store_true", help="Print number, first characters, end and name of each.")
        other.add_argument("--revoke", metavar="NUMBER", help="From the next call on this one opens nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if options["list"] or options["revoke"]:  # also of who has left
            if user is None:
                raise CommandError(f"There is no user “{options['username']}”.")
            return self._list(user) if options["list"] else self._revoke(user, options["revoke"])
        if user is None or not user.is_active:
            raise CommandError(f"There is no active user “{options['username']}”.")
        if not 1 <= options["days"] <= LONGEST:
            raise CommandError(f"A token is valid for 1 to {LONGEST} days.")
        longest = ApiTokenName._meta.get_field("name").max_length or 0
        if len(options["name"]) > longest:
            raise CommandError(f"A name has at most {longest} characters.")
        self.stdout.write(tokens.hand_out(to=user, name=options["name"], days=options["days"]))
        return None

    def _list(self, user: User) -> None:
        for row in tokens.listed(of=user, at=timezone.now()):
            end = "never" if row.expiry is None else f"{row.expiry:%Y-%m-%d}"
            self.stdout.write(
                f"{row.number}  {row.begins}…  {'expired' if row.is_expired else end}  {row.name}".rstrip()
            )

    def _revoke(self, user: User, number: str) -> None:
        if not tokens.take_back(of=user, number=number):
            raise CommandError("This user has no token of that number. --list shows their numbers.")
