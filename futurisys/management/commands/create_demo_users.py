"""`manage.py create_demo_users`: one person per role, with random passwords kept in var/demo-users.json."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError

from futurisys.accounts import roles

# One person per role, and an administrator who may do anything.
USERS: dict[str, dict[str, Any]] = {
    "admin": {"first_name": "Ada", "last_name": "Martin", "is_staff": True, "is_superuser": True},
    "business": {"first_name": "Béatrice", "last_name": "Petit"},
    "decider": {"first_name": "Fatou", "last_name": "Bernard"},
    "auditor": {"first_name": "Charles", "last_name": "Durand", "is_staff": True},
    "manager": {"first_name": "Diane", "last_name": "Moreau"},
    "approver": {"first_name": "Émile", "last_name": "Laurent"},
}
GROUPS = {
    "admin": roles.ADMINISTRATOR,
    "business": roles.BUSINESS_USER,
    "decider": roles.DECISION_MAKER,
    "auditor": roles.AUDITOR,
    "manager": roles.MODEL_MANAGER,
    "approver": roles.APPROVER,
}


class Command(BaseCommand):
    help = "Create one person per role, with random passwords."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo users have no place in production.")
        passwords = self._create(settings.VAR_DIR / "demo-users.json")
        for name, role in GROUPS.items():
            User.objects.get(username=name).groups.add(Group.objects.get(name=role))
        for name, password in passwords.items():
            self.stdout.write(f"{name:<10} {password}")

    def _create(self, path: Path) -> dict[str, str]:
        """Passwords are kept before a user gets one; a user who is there is left as he is."""
        known = json.loads(path.read_text()) if path.exists() else {}
        there = set(User.objects.filter(username__in=USERS).values_list("username", flat=True))
        missing = [name for name in USERS if name not in there]
        known |= {name: secrets.token_urlsafe(12) for name in missing if name not in known}
        known |= {name: "(as it was before)" for name in there if name not in known}
        write_private(path, json.dumps(known, indent=2) + "\n")
        for name in missing:
            User.objects.create_user(name, f"{name}@demo.invalid", known[name], **USERS[name])
        return {name: known[name] for name in USERS}


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner alone."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
