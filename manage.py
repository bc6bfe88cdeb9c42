#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "futurisys.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
    from environs import EnvError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(f"Settings: {error}")
    except OperationalError as error:
        first = str(error).splitlines()[0]
        sys.exit(f"The database does not answer. Start make run in another terminal, or set DATABASE_URL. ({first})")


if __name__ == "__main__":
    main()
