"""What Django imports for the ENGINE futurisys.postgresql."""

import select
import time
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg import IsolationLevel
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout as WaitTimeout

from futurisys.postgresql import patience

Result = TypeVar("Result")
PROBE_SECONDS = 2.0  # for the question whether a connection that failed still works


class Connection(psycopg.Connection[Any]):
    """A connection that is given up when the server takes longer than patience allows."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "Connection":
        """Raises psycopg.OperationalError, after connect_timeout at the latest, and at once when patience has run out.

        Django connects anew to leave a transaction whose connection was given up.
        """
        if patience.is_spent():
            raise psycopg.OperationalError("There is no time left to connect to the database.")
        begun = time.monotonic()
        try:
            return super().connect(conninfo, **options)
        finally:
            patience.spend(time.monotonic() - begun)

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Raises psycopg.OperationalError when it took too long; the connection is closed then.

        Nobody knows what the server still does with the statement, so nobody may send another one after it.
        """
        if timeout is not None:  # who says how long knows what to do after it
            return super().wait(gen, interval, timeout)
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, patience.next_wait())
        except WaitTimeout:
            self.pgconn.finish()
            waited = time.monotonic() - begun
            raise psycopg.OperationalError(f"The database gave no answer within {waited:.1f} s.") from None
        finally:
            patience.spend(time.monotonic() - begun)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, whose connections are patient and who notices that one has ended before it is used."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """As Django's, without its pool and its choice of isolation levels, which nobody uses here."""
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return Connection.connect(**conn_params)

    def is_usable(self) -> bool:
        """Asked before a request begins: it must not take longer than the request may."""
        with patience.at_most(PROBE_SECONDS):
            return bool(super().is_usable())

    def close_if_unusable_or_obsolete(self) -> None:
        """Between two requests the server sends nothing, unless it is to say goodbye.

        So a restart of the database costs no request its answer, and no question is asked for it.
        """
        if self.connection is not None and not self.in_atomic_block and _has_said(self.connection):
            self.close()
        super().close_if_unusable_or_obsolete()


def _has_said(connection: Any) -> bool:
    """Whether there is something to read on an idle connection, the end of it included."""
    try:
        poll = select.poll()
        poll.register(connection.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))
    except psycopg.Error:  # it is closed
        return True
