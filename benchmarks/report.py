"""From single runs to medians, ratios, a table and a list of objects."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.load import BadRun, Run

Entry = dict[str, Any]
PLACE = ("model", "connections", "rows")  # what services are compared at


def check_stored(run: Run, *, before: int, after: int, connections: int, rows: int = 1) -> None:
    """Every acknowledged answer is `rows` rows, and no row is there that nobody asked for. Raises BadRun.

    When the time is over wrk drops the connections, so that one answer each may be stored that it never counted.
    """
    grown = after - before
    if grown % rows or not run.requests <= grown // rows <= run.requests + connections:
        raise BadRun(f"{run.requests} answers of {rows} rows were acknowledged, and {grown} rows stored")


def throughput(service: str, model: str, connections: int, runs: Sequence[Run], rows: int = 1) -> Entry:
    """The medians of several runs of calls with `rows` rows each."""
    return {
        "metric": "throughput",
        "service": service,
        "model": model,
        "connections": connections,
        "rows": rows,
        "requests_per_second": round(median(run.requests_per_second for run in runs), 1),
        "rows_per_second": round(rows * median(run.requests_per_second for run in runs), 1),
        "p50_ms": round(median(run.p50_ms for run in runs), 2),
        "p99_ms": round(median(run.p99_ms for run in runs), 2),
        "rounds": [round(run.requests_per_second, 1) for run in runs],
        "requests": sum(run.requests for run in runs),
    }


def ratios(entries: Iterable[Entry], ours: str, *others: str) -> list[Entry]:
    """How many times the requests per second of each other service `ours` answers: same model, connections, rows."""
    found = {(e["service"], *_place(e)): e for e in entries if e["metric"] == "throughput"}
    return [
        {
            "metric": "ratio",
            "against": other,
            **{name: entry[name] for name in PLACE},
            "ratio": round(entry["requests_per_second"] / theirs["requests_per_second"], 2),
        }
        for (service, *_rest), entry in found.items()
        if service == ours
        for other in others
        if (theirs := found.get((other, *_place(entry))))
    ]


def _place(entry: Entry) -> tuple[Any, ...]:
    return tuple(entry[name] for name in PLACE)


def value(metric: str, service: str, values: Sequence[float], unit: str, **more: Any) -> Entry:
    """The median of several values of one metric."""
    return {"metric": metric, "service": service, "value": round(median(values), 3), "unit": unit, **more} | {
        "values": [round(each, 3) for each in values]
    }


def table(entries: Sequence[Entry]) -> str:
    """The whole report for a person."""
    machine = next(entry for entry in entries if entry["metric"] == "machine")
    return "\n".join([*_head(machine), "", *_throughput(entries), "", *_values(entries)])


def _head(machine: Entry) -> list[str]:
    versions = {
        side: ", ".join(f"{name} {number}" for name, number in machine[side].items()) for side in ("ours", "peer")
    }
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux {machine['kernel']}"
    what = f"Python {machine['python']}, PostgreSQL {machine['postgresql']}, {machine['processes']} web processes each"
    how = f"medians of {machine['rounds']} rounds of {machine['seconds']} s, taken in turn"
    return [
        where,
        what,
        f"futurisys: {versions['ours']}",
        f"peer: {versions['peer']}",
        f"{how}; load average before: {machine['load']:.1f}",
    ]


def _throughput(entries: Sequence[Entry]) -> list[str]:
    head = f"{'model':<10}{'connections':>12}{'rows':>6}  {'service':<10}{'requests/s':>11}{'rows/s':>9}{'p50 ms':>9}{'p99 ms':>9}"
    lines = [f"{head}  ratios"]
    for entry in entries:
        if entry["metric"] == "throughput":
            found = [e for e in entries if e["metric"] == "ratio" and _place(e) == _place(entry)]
            told = ", ".join(f"{e['ratio']:.2f}x {e['against']}" for e in found if entry["service"] == "futurisys")
            place = f"{entry['model']:<10}{entry['connections']:>12}{entry['rows']:>6}  {entry['service']:<10}"
            speed = f"{entry['requests_per_second']:>11.0f}{entry['rows_per_second']:>9.0f}"
            lines.append(f"{place}{speed}{entry['p50_ms']:>9.1f}{entry['p99_ms']:>9.1f}  {told}".rstrip())
    return lines


def _values(entries: Sequence[Entry]) -> list[str]:
    return [
        f"{entry['metric']:<28}{entry.get('model', ''):<10}{entry['service']:<10}{entry['value']:>9.2f} {entry['unit']}"
        for entry in entries
        if "unit" in entry
    ]
