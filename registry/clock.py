"""The clock that all hosts share."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's clock: hosts whose own clocks differ agree on which leases have run out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at
