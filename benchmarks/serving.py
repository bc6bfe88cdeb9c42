"""Futurisys against a plain FastAPI service and a bare floor: requests per second, latency, memory, start, explanation.

    python benchmarks/serving.py [--json] [--connections 1 16] [--rows 1 100] [--seconds 10] [--rounds 5]

All store every answer in the same PostgreSQL server before they give it, and are asked in turn within one run.
Everything lies under var/benchmarks; see README.md.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg

from benchmarks import load, machine, models, report
from benchmarks.load import BadRun, Run, Target
from benchmarks.services import PROCESSES, ROOT, Bare, Ours, Peer, Service
from futurisys.embedded import Cluster
from futurisys.supervisor import Failed, Stopped, Supervisor

FOLDER = ROOT / "var" / "benchmarks"
LOCK = ROOT / "benchmarks" / "requirements.lock"
EXPLAINED = ("linear", "forest")  # the isolated runtime explains within a time budget, not as fast as it can
Say = Callable[[str], None]


def peer_python(say: Say) -> Path:
    """The Python of the peer's own virtual environment, which is made when it is missing or its lock has changed."""
    venv, digest = FOLDER / "venv", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = venv / "lock.sha256"
    if not stamp.exists() or stamp.read_text() != digest:
        say("installing the peer's requirements")
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "-q"]
        subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
        stamp.write_text(digest)
    return venv / "bin" / "python"


class Benchmark:
    """The services, ready to be asked."""

    def __init__(self, ours: Ours, peer: Peer, bare: Bare, options: argparse.Namespace, say: Say) -> None:
        self.ours, self.peer, self.bare, self.say = ours, peer, bare, say
        self.connections: list[int] = options.connections
        self.seconds: int = options.seconds
        self.rounds: int = options.rounds
        self.at_once: list[int] = options.rows
        self.rows = models.questions(max(200, 2 * max(self.at_once)))

    @property
    def services(self) -> tuple[Service, ...]:
        return self.ours, self.peer, self.bare

    def asked(self, model: str, at_once: int) -> list[Service]:
        """Who can be asked this: the peer takes one row, and the floor has graphs alone."""
        can = [(self.ours, True), (self.peer, at_once == 1), (self.bare, model in models.CONVERTED)]
        return [service for service, is_able in can if is_able]

    def entries(self) -> Iterator[report.Entry]:
        """Every measurement; all services run afterwards."""
        yield from self.starts()
        found = [
            entry
            for at_once in self.at_once
            for model in (models.NAMES if at_once == 1 else models.CONVERTED)
            for each in self.connections
            for entry in self.throughput(model, each, at_once)
        ]
        yield from found
        yield from report.ratios(found, self.ours.name, self.peer.name, self.bare.name)
        yield from self.memory()
        yield from self.explanations()

    def starts(self) -> Iterator[report.Entry]:
        """From the start of the process to its first answer."""
        seconds: dict[str, list[float]] = {service.name: [] for service in self.services}
        for number in range(self.rounds):
            self.say(f"starting all, round {number + 1}")
            for service in self.services:
                service.stop()
                seconds[service.name].append(service.start(service.target("linear", self.rows)))
        for name, values in seconds.items():
            yield report.value("start to first prediction", name, values, "s")

    def throughput(self, model: str, connections: int, at_once: int) -> list[report.Entry]:
        """Rounds of one after the other, so that what disturbs the machine disturbs all."""
        self.say(f"asking {model} over {connections} connections, {at_once} rows a call")
        targets = {service: service.target(model, self.rows, at_once) for service in self.asked(model, at_once)}
        runs: dict[Service, list[Run]] = {service: [] for service in targets}
        for target in targets.values():
            load.warm_up(target)
        for _ in range(self.rounds):
            for service, target in targets.items():
                runs[service].append(self.measured(service, target, connections, at_once))
        return [report.throughput(service.name, model, connections, each, at_once) for service, each in runs.items()]

    def measured(self, service: Service, target: Target, connections: int, at_once: int = 1) -> Run:
        """One round, and the rows it left counted. Raises BadRun."""
        before = service.rows()
        run = load.ask(target, connections=connections, seconds=self.seconds)
        report.check_stored(run, before=before, after=service.rows(), connections=connections, rows=at_once)
        return run

    def memory(self) -> Iterator[report.Entry]:
        """After all models were asked; the jailed children of the isolated runtime are told apart."""
        for service in self.services:
            held = [machine.megabytes(pid) for pid in service.web_processes()]
            yield report.value("memory per web process", service.name, held, "MB")
        if jailed := [machine.megabytes(pid) for pid in self.ours.jailed_children()]:
            yield report.value("memory per jailed child", self.ours.name, jailed, "MB", model="isolated")

    def explanations(self) -> Iterator[report.Entry]:
        """A prediction with its explanation, one at a time."""
        for model in EXPLAINED:
            self.say(f"asking {model} for explanations")
            target = self.ours.explaining(model, self.rows)
            values = [self.measured(self.ours, target, 1).p50_ms for _ in range(self.rounds)]
            yield report.value("explained prediction, p50", self.ours.name, values, "ms", model=model)


def run(options: argparse.Namespace, say: Say) -> list[report.Entry]:
    """The whole benchmark, from nothing to its entries. Raises BadRun, futurisys.supervisor.Failed."""
    with alone(FOLDER / "lock"):
        return _run(options, say)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One benchmark per folder: the next would delete the database of the first. Raises BadRun."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadRun("A benchmark is running in this folder already.") from None
        yield


def _run(options: argparse.Namespace, say: Say) -> list[report.Entry]:
    python = peer_python(say)
    say("training the models")
    models.write(FOLDER / "models")
    for leftover in ("hub", "huggingface", "artifacts", "graphs"):
        shutil.rmtree(FOLDER / leftover, ignore_errors=True)
    cluster = Cluster(FOLDER / "postgres")
    cluster.remove()
    with ExitStack() as stack:
        stack.callback(cluster.remove)
        supervisor = stack.enter_context(Supervisor(FOLDER / "log", cwd=ROOT))
        say("starting PostgreSQL")
        cluster.start()
        postgresql, peer_url = second_database(cluster.owner_url)
        ours = Ours(supervisor, folder=FOLDER, app_url=cluster.app_url, owner_url=cluster.owner_url)
        peer = Peer(supervisor, python=python, models=FOLDER / "models", database=peer_url)
        about = machine.describe(python) | {"postgresql": postgresql, "processes": PROCESSES}
        about |= {"rounds": options.rounds, "seconds": options.seconds, "load": os.getloadavg()[0]}
        say("migrating, then publishing, importing and promoting the models")
        ours.prepare()
        peer.prepare()
        check_runtimes(ours.put_in_charge(FOLDER / "models"))
        bare = Bare(supervisor, python=python, graphs=FOLDER / "graphs", ours=ours)
        bare.prepare()
        return [{"metric": "machine", **about}, *Benchmark(ours, peer, bare, options, say).entries()]


def second_database(owner_url: str) -> tuple[str, str]:
    """PostgreSQL's version, and the URL of a database of the peer's own."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
        name = connection.info.dbname
        version = connection.execute("SHOW server_version").fetchone()
    assert version is not None
    return version[0].split()[0], owner_url.replace(f"/{name}?", "/peer?")


def check_runtimes(found: dict[str, str]) -> None:
    """Raises BadRun when a model is not served as the report will say it is."""
    expected = {name: "isolated" if name == "isolated" else "onnx" for name in models.NAMES}
    if found != expected:
        raise BadRun(f"The models are served by {found}, not by {expected}.")


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Futurisys against a plain FastAPI service and a bare floor.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100], help="rows in a call")
    parser.add_argument("--seconds", type=int, default=10, help="length of a round")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args(arguments)


def printed(entries: list[report.Entry], *, as_json: bool) -> str:
    """What goes to standard output."""
    return json.dumps(entries, indent=2) if as_json else report.table(entries)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. Without wrk a sentence says how to get it; that is a failure only where CI=true."""
    options, begun = parsed(arguments), time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f} s] {what}", file=sys.stderr, flush=True)

    if load.wrk() is None:
        print(load.HOW_TO_GET_WRK, file=sys.stderr)
        if options.json:
            print("[]")
        return 1 if os.environ.get("CI") == "true" else 0
    try:
        print(printed(run(options, say), as_json=options.json))
    except (BadRun, Failed) as error:
        print(error, file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
