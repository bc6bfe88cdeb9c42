"""Who did it all: people of the demo."""

from dataclasses import dataclass
from typing import Self

from django.contrib.auth.models import User

from predictions.demo_history.versions import Failed


@dataclass(frozen=True)
class Users:
    """Who asks and reports what became of it, who decides, and who puts versions in charge."""

    asks: User
    decides: User
    runs: User

    @classmethod
    def called(cls, asks: str = "business", decides: str = "decider", runs: str = "admin") -> Self:
        """By their names. Raises Failed."""
        names = (asks, decides, runs)
        known = User.objects.in_bulk(names, field_name="username")
        if missing := [name for name in names if name not in known]:
            raise Failed(f"There is no user {', '.join(missing)}: make them with manage.py create_demo_users.")
        return cls(*(known[name] for name in names))
