"""From a push to a served version, under load: `python benchmarks/switch.py [--json] [--requests 5000]`.

`make run`, as a newcomer starts it, in a copy of this tree. Then a changed train.py is published to its Hub and nothing
else is done: the candidate must appear by webhook. While clients loop on the API, a person clicks it into service in
the browser; later on stops the model and lets it go again. Told for each click: when the first answer of the new state
came, and when the last of the old one; how many requests failed; and whether each record names the ledger entry that
its version was in charge by.
"""

import argparse
import http.client
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg
from playwright.sync_api import Error, Page, sync_playwright

from benchmarks import machine
from benchmarks.instance import Instance
from benchmarks.load import BadRun
from benchmarks.services import HOST

MODEL = "iris"
ROW = {"sepal_length": 5.9, "sepal_width": 3.0, "petal_length": 4.9, "petal_width": 1.8}
CLIENTS = 4
CANDIDATE_SECONDS, RUN_SECONDS = 120, 300
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the quickest first
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """One request: when it was sent and answered (seconds), its status, and who answered, by version number."""

    sent: float
    answered: float
    status: int
    version: int | None
    record: str | None


class Clients:
    """Threads that ask without a pause, each over one connection, in a process of their own.

    There they do not take the interpreter from the browser's driver, whose clicks are timed. Both processes read the
    same clock.
    """

    def __init__(self, port: int, token: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop, self._count = context.Event(), context.Value("l", 0)
        self._results, sending = context.Pipe(duplex=False)
        self._process = context.Process(target=ask_until, args=(port, token, self._stop, self._count, sending))
        self.seen: list[Seen] = []
        self.broken: list[str] = []

    def __enter__(self) -> "Clients":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._results.poll(60):
            self.seen, self.broken = self._results.recv()
        self._process.join(30)

    def wait_for(self, count: int) -> None:
        """Until so many answers came in all. Raises BadRun."""
        deadline = time.monotonic() + RUN_SECONDS
        while self._count.value < count:
            if not self._process.is_alive() or time.monotonic() > deadline:
                raise BadRun(f"{self._count.value} of {count} answers came.")
            time.sleep(0.01)


def ask_until(port: int, token: str, stop: Any, count: Any, results: Any) -> None:
    """The clients' process: ask until `stop` is set, then send what was seen."""
    seen: list[Seen] = []
    broken: list[str] = []
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def ask() -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=30)
        body = json.dumps({"model": MODEL, "inputs": ROW})
        while not stop.is_set():
            sent = time.monotonic()
            try:
                connection.request("POST", "/api/v1/predict", body, headers)
                answer = connection.getresponse()
                content = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                broken.append(repr(error))
                connection.close()
                continue
            record = content["predictions"][0]["id"] if answer.status == 200 else None
            seen.append(Seen(sent, time.monotonic(), answer.status, content.get("version"), record))
            count.value = len(seen)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.send((seen, broken))


# --- the candidate ---------------------------------------------------------------------------------------


def publish_a_change(instance: Instance) -> float:
    """Change train.py, train, publish. When the commit was made."""
    source = instance.folder / "examples" / MODEL / "train.py"
    text = source.read_text()
    changed = text.replace("LogisticRegression(max_iter=1000)", "LogisticRegression(max_iter=1000, C=0.5)")
    changed = changed.replace('"version": "1.0.0"', '"version": "1.1.0"')
    if changed.count("1.1.0") != 1 or "C=0.5" not in changed:
        raise BadRun(f"{source} is not what this benchmark knows how to change.")
    source.write_text(changed)
    out = instance.folder / "candidate"
    environment = machine.clean_environment() | {"MPLCONFIGDIR": str(instance.folder / "var" / "matplotlib")}
    command = [sys.executable, str(source), "--out", str(out)]
    subprocess.run(command, cwd=instance.folder, env=environment, check=True, capture_output=True)
    instance.manage("publish_model", str(out), "--repo", f"demo/{MODEL}", "--endpoint", "loopback", "--no-check")
    return time.monotonic()


def wait_for_candidate(instance: Instance, database: str) -> tuple[int, str]:
    """Number and runtime of the version that the webhook brought, once it is ready. Raises BadRun."""
    query = """SELECT v.number, v.runtime, v.status, v.reason FROM registry_modelversion v
               JOIN registry_registeredmodel m ON m.id = v.model_id
               JOIN registry_delivery d ON d.version_id = v.id AND d.kind = 'webhook'
               WHERE m.name = %s AND v.number > 1"""
    found: list[Any] = []

    def there() -> bool:
        with psycopg.connect(database) as connection:
            found[:] = connection.execute(query, [MODEL]).fetchall()
        return bool(found) and found[0][2] != "importing"

    instance.until(there, CANDIDATE_SECONDS, "brought no candidate by webhook")
    number, runtime, status, reason = found[0]
    if status != "ready":
        raise BadRun(f"The candidate is {status}: {reason}")
    return int(number), str(runtime)


# --- the person in the browser --------------------------------------------------------------------------


class Person:
    """Somebody in a browser of the system."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def log_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.address}/login")
        self.page.fill("input[name=username]", name)
        self.page.fill("input[name=password]", password)
        self.page.locator("form:has(input[name=password]) button").first.click()
        self.page.wait_for_url(f"{self.address}/")

    def click(self, path: str, reason: str) -> float:
        """Give a reason on a page and press its one main button; the moment before the click."""
        self.page.goto(self.address + path)
        self.page.fill("textarea[name=reason]", reason)
        button = self.page.locator("form:has(textarea[name=reason]) button").first
        begun = time.monotonic()
        button.click()
        self.page.wait_for_url(f"**/registry/{MODEL}/**")
        return begun


# --- what came of it ------------------------------------------------------------------------------------


def change(
    name: str, seen: Sequence[Seen], clicked: float, until: float, new: Callable[[Seen], bool]
) -> dict[str, Any]:
    """Milliseconds from a click to the first answer of the new state, and to the last of the old one."""
    span = [each for each in seen if clicked <= each.answered < until]
    first = min((each.answered for each in span if new(each)), default=None)
    if first is None:
        raise BadRun(f"{name}: no answer of the new state came.")
    last = max((each.answered for each in span if not new(each)), default=clicked)
    return {
        "change": name,
        "first_new_ms": round(1000 * (first - clicked)),
        "last_old_ms": round(1000 * (last - clicked)),
        "within_a_second": last - clicked <= 1.0,
    }


def committed(database: str, entry: int, clicked: float) -> int:
    """Milliseconds from a click to the ledger entry of that number."""
    query = """SELECT extract(epoch FROM e.created_at)::float FROM registry_ledgerentry e
               JOIN registry_registeredmodel m ON m.id = e.model_id WHERE m.name = %s AND e.number = %s"""
    with psycopg.connect(database) as connection:
        row = connection.execute(query, [MODEL, entry]).fetchone()
    assert row is not None
    return round(1000 * (row[0] - (time.time() - time.monotonic()) - clicked))


def check_records(database: str, seen: Sequence[Seen]) -> int:
    """How many records were checked against the ledger: each names the entry its version was in charge by.

    Raises BadRun for an answer without a record, and for one that names another entry.
    """
    query = """SELECT p.id::text, v.number, e.number, e.kind, t.number FROM predictions_prediction p
               JOIN registry_modelversion v ON v.id = p.version_id
               JOIN registry_ledgerentry e ON e.id = p.ledger_entry_id
               JOIN registry_modelversion t ON t.id = e.to_version_id"""
    with psycopg.connect(database) as connection:
        stored = {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    answered = [each for each in seen if each.status == 200]
    for each in answered:
        version, _entry, kind, in_charge = stored.get(each.record or "", (None, None, None, None))
        if version != each.version or version != in_charge or kind == "suspend":
            raise BadRun(f"Record {each.record} says version {version} under a {kind} of {in_charge}.")
    return len(answered)


def _run(options: argparse.Namespace, say: Say) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="futurisys-switch-")))
        instance = Instance(folder)
        stack.callback(instance.stop)
        say("make run, for the first time in a new folder")
        instance.start()
        database, token = instance.database(), instance.manage("create_token", "business").strip()
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        person = Person(browser.new_page(), f"http://{HOST}:{instance.port}")
        person.log_in("admin", instance.password("admin"))
        say("publishing what a changed train.py trained")
        published = publish_a_change(instance)
        number, runtime = wait_for_candidate(instance, database)
        yield {"push_to_candidate_s": round(time.monotonic() - published, 1), "version": number, "runtime": runtime}
        yield from _under_load(options, say, instance, person, token, database, number)
        browser.close()


def _under_load(
    options: argparse.Namespace, say: Say, instance: Instance, person: Person, token: str, database: str, number: int
) -> Iterator[dict[str, Any]]:
    with Clients(instance.port, token) as clients:
        clients.wait_for(options.requests // 2)
        say("promoting in the page")
        promoted = person.click(f"/registry/{MODEL}/versions/{number}/promote", "Fewer parameters, as good.")
        clients.wait_for(options.requests)
        time.sleep(2)
        calm = time.monotonic()
        say("stopping in the page")
        stopped = person.click(f"/registry/{MODEL}/stop", "A rehearsal.")
        time.sleep(2)
        say("letting it go again")
        resumed = person.click(f"/registry/{MODEL}/stop", "The rehearsal is over.")
        time.sleep(2)
        end = time.monotonic()
    before = [each for each in clients.seen if each.answered < calm]
    yield {
        "requests": len(before),
        "failed": sum(each.status != 200 for each in before) + len(clients.broken),
        "by_version": dict(Counter(str(each.version) for each in before)),
    }
    seen = clients.seen
    for entry, (name, clicked, until, new) in enumerate(
        [
            ("promotion", promoted, calm, lambda each: each.version == number),
            ("stop", stopped, resumed, lambda each: each.status == 503),
            ("resumption", resumed, end, lambda each: each.status == 200),
        ],
        start=2,  # the demo's own promotion is the first
    ):
        found = change(name, seen, clicked, until, new)
        yield {**found, "in_ledger_ms": committed(database, entry, clicked)}
    yield {"records_that_name_their_entry": check_records(database, seen)}


def verdict(entries: Sequence[dict[str, Any]]) -> list[str]:
    """What was promised and not kept."""
    merged = {key: value for entry in entries for key, value in entry.items() if "change" not in entry}
    slow = [entry["change"] for entry in entries if "change" in entry and not entry["within_a_second"]]
    found = [f"The {name} took more than a second." for name in slow]
    if merged["failed"]:
        found.append(f"{merged['failed']} requests failed.")
    if merged["requests"] < 5000:
        found.append("Fewer than 5000 requests were made.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(description="From a push to a served version, under load.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--requests", type=int, default=6000, help="answers to wait for around the promotion")
    options, begun = parser.parse_args(arguments), time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f} s] {what}", file=sys.stderr, flush=True)

    if CHROMIUM is None:
        print("The benchmark clicks with Chromium: install it (on Debian and Ubuntu: apt-get install chromium).")
        return 1
    entries: list[dict[str, Any]] = [{"machine": machine.name(), "clients": CLIENTS}]
    try:
        entries.extend(_run(options, say))
    except (BadRun, Error) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(entries, indent=2) if options.json else "\n".join(map(_line, entries)))
    for broken in verdict(entries):
        print(broken, file=sys.stderr)
    return 1 if verdict(entries) else 0


def _line(entry: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in entry.items())


if __name__ == "__main__":
    sys.exit(main())
