"""The bundled PostgreSQL, where it is the one that is meant: started for a backup, unless it runs."""

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.db import connections

from futurisys import embedded
from futurisys.backup.programs import BackupError
from futurisys.database_url import connection_settings


@contextlib.contextmanager
def running() -> Iterator[None]:
    """The database answers, if it is the bundled one; it is left as it was found. Raises BackupError."""
    cluster = embedded.Cluster(settings.VAR_DIR / "postgres")
    if not settings.BUNDLED_DATABASE or connections["owner"].settings_dict["HOST"] != str(cluster.sockets):
        yield
        return
    try:
        cluster.start()
    except embedded.Error as error:
        raise BackupError(str(error)) from None
    try:
        _use(cluster)
        yield
    finally:
        connections.close_all()
        cluster.stop()


def _use(cluster: embedded.Cluster) -> None:
    """Its first start made the passwords up, which was after the settings were read."""
    for alias, url in (("default", cluster.app_url), ("owner", cluster.owner_url)):
        found = connection_settings(url)
        wanted = {key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        connections[alias].settings_dict.update(wanted)
