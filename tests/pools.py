"""A PgBouncer in transaction mode before the test's database, started by deploy/pgbouncer/start as in compose.scale.yaml."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from benchmarks.services import free_port
from tests.images import other_user
from tests.worlds import ROOT

# With one caller at a time it would lend the same session again and again, and what is kept in it would be found.
RESTLESS = "server_round_robin = 1\nmin_pool_size = 5\n"


class Pool:
    """Runs until `stop`; `url` is that of the application's role through it."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        place = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.port, self._log = free_port(), folder / "pgbouncer.log"
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        self.url = f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{self.port}{parts.path}"
        own = {"PGUSER": user, "PGPASSWORD": password, "PGDATABASE": unquote(parts.path.strip("/"))}
        own |= {"PGHOST": place["host"], "PGPORT": place.get("port", "5432")}
        own |= {"LISTEN": "127.0.0.1", "LISTEN_PORT": str(self.port), "PATH": "/usr/sbin:/usr/bin:/bin"}
        self._own = Path(tempfile.mkdtemp(prefix="futurisys-pool-"))
        self._own.chmod(0o755)
        for name in ("start", "pgbouncer.ini"):
            shutil.copy(ROOT / "deploy" / "pgbouncer" / name, self._own)
        with (self._own / "pgbouncer.ini").open("a") as file:
            file.write(RESTLESS)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._own / "start"],
                cwd="/",
                env=own,
                stdout=log,
                stderr=log,
                **other_user(),  # PgBouncer refuses root
            )

    def until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.05)
            else:
                return

    def until_restless(self) -> None:
        """Until one connection is given parts of several sessions: the pool grows by itself."""
        deadline = time.monotonic() + 20
        with psycopg.connect(self.url, autocommit=True, prepare_threshold=None) as connection:
            while len({connection.execute("SELECT pg_backend_pid()").fetchone() for _ in range(20)}) < 3:
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.1)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._own)
