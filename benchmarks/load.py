"""Ask a service with wrk for some seconds: requests, latencies, errors."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HOW_TO_GET_WRK = "The benchmark asks with wrk: install it (on Debian and Ubuntu: apt-get install wrk)."

# Requests are made once and taken in turn. An answer from 400 on is counted in errors.status, and in requests too.
SCRIPT = """
local bodies = {
%s
}
local requests, turn = {}, 0
init = function()
  for i, body in ipairs(bodies) do
    requests[i] = wrk.format("POST", %s, {["Content-Type"] = "application/json", %s}, body)
  end
end
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p99_ms": %%f, "refused": %%d, ' ..
    '"broken": %%d}\\n', summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class BadRun(Exception):
    """A measurement that must not be reported."""


@dataclass(frozen=True)
class Target:
    """Where to ask, and what."""

    address: str  # http://127.0.0.1:8000
    path: str
    bodies: Sequence[dict[str, Any]]
    headers: dict[str, str]


@dataclass(frozen=True)
class Run:
    """What wrk saw in one go."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int  # answers from 400 on
    broken: int  # connections, reads, writes, time-outs

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def wrk() -> str | None:
    """The path of wrk, if it is installed."""
    return shutil.which("wrk")


def script(target: Target) -> str:
    """The Lua script for wrk."""
    bodies = ",\n".join(_lua(json.dumps(body, separators=(",", ":"))) for body in target.bodies)
    headers = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in target.headers.items())
    return SCRIPT % (bodies, _lua(target.path), headers)


def _lua(text: str) -> str:
    """A Lua string; JSON's escapes of ASCII text without control characters are Lua's."""
    return json.dumps(text)


def parse(output: str) -> Run:
    """The run that wrk's output tells of. Raises BadRun."""
    for line in output.splitlines():
        if line.startswith("RESULT "):
            return Run(**json.loads(line.removeprefix("RESULT ")))
    raise BadRun(f"wrk said nothing of its result:\n{output}")


def ask(target: Target, *, connections: int, seconds: int) -> Run:
    """Ask with so many connections for so long, in whole seconds. Raises BadRun when an answer was no success."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(target))
        file.flush()
        size = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
        command = [wrk() or "wrk", *size, "--latency", "-s", file.name, target.address]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode:
        raise BadRun(f"wrk failed: {done.stderr or done.stdout}")
    run = parse(done.stdout)
    if run.refused or run.broken:
        raise BadRun(f"{target.path}: {run.refused} refused and {run.broken} broken of {run.requests} requests")
    return run


def warm_up(target: Target) -> None:
    """Ask until a whole second was answered in, and one more, so that every process has loaded the model.

    Raises BadRun when that takes more than a minute.
    """
    deadline = time.monotonic() + 60
    while not ask(target, connections=16, seconds=1).requests:
        if time.monotonic() > deadline:
            raise BadRun(f"{target.path} did not answer within a minute")
    ask(target, connections=16, seconds=1)
