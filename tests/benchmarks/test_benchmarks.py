"""The benchmark's arithmetic, and what it prints; nothing is timed here."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import load, models, report, services, serving
from benchmarks.load import BadRun, Run, Target

ROOT = Path(__file__).resolve().parents[2]
SIDES = {"ours": {"django": "5.2"}, "peer": {"fastapi": "1.0"}}
MACHINE = {
    "metric": "machine",
    "cpu": "CPU",
    "cores": 2,
    "memory_gb": 8,
    "kernel": "6",
    "python": "3",
    "postgresql": "18",
}
MACHINE |= {"processes": 2, "rounds": 3, "seconds": 1, "load": 0.5, **SIDES}


def a_run(requests: int, p50: float = 1.0) -> Run:
    return Run(requests=requests, seconds=2.0, p50_ms=p50, p99_ms=9.0, refused=0, broken=0)


def entries() -> list[dict[str, Any]]:
    ours = report.throughput("futurisys", "linear", 16, [a_run(200), a_run(1000), a_run(4000)])
    peer = report.throughput("peer", "linear", 16, [a_run(100), a_run(200), a_run(300)])
    hundred = report.throughput("bare", "linear", 16, [a_run(250)], rows=100)
    return [MACHINE, ours, peer, hundred, *report.ratios([ours, peer, hundred], "futurisys", "peer", "bare")]


def script(name: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / name), *options]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


def test_a_ratio_is_that_of_the_medians() -> None:
    assert [entry["ratio"] for entry in entries() if entry["metric"] == "ratio"] == [5.0]


def test_the_table_shows_each_service_and_the_ratio() -> None:
    text = report.table(entries())
    assert "5.00x peer" in text
    assert "x bare" not in text  # what was asked a hundred at once is not compared with single ones
    assert text.count("linear") == 3


@pytest.mark.parametrize("grown", [100, 116])
def test_an_answer_that_wrk_dropped_at_the_end_may_be_stored(grown: int) -> None:
    report.check_stored(a_run(100), before=7, after=7 + grown, connections=16)


@pytest.mark.parametrize(("grown", "good"), [(1000, True), (1200, True), (1300, False), (1150, False), (900, False)])
def test_a_call_of_many_rows_leaves_all_of_them(grown: int, good: bool) -> None:
    with contextlib.nullcontext() if good else pytest.raises(BadRun):
        report.check_stored(a_run(10), before=0, after=grown, connections=2, rows=100)


def test_a_call_asks_for_so_many_rows() -> None:
    bodies = services.calls([{"a": n} for n in range(5)], 2)
    assert [[row["a"] for row in body["inputs"]] for body in bodies] == [[0, 1], [2, 3], [4]]
    assert services.calls([{"a": 1}], 1) == [{"inputs": {"a": 1}}]


@pytest.mark.parametrize("grown", [99, 117])
def test_an_answer_without_a_row_or_a_row_without_a_question_is_no_result(grown: int) -> None:
    with pytest.raises(BadRun):
        report.check_stored(a_run(100), before=7, after=7 + grown, connections=16)


def test_the_last_line_of_wrk_is_the_run() -> None:
    line = 'RESULT {"requests": 3, "seconds": 2.0, "p50_ms": 1.0, "p99_ms": 2.0, "refused": 0, "broken": 0}'
    assert load.parse(f"Running 2s test\n{line}\n").requests_per_second == 1.5


def test_a_body_keeps_its_quotes_in_the_script() -> None:
    target = Target("http://127.0.0.1:1", "/predict", [{"name": 'a "b"'}], {"X-Key": "k"})
    assert r'"{\"name\":\"a \\\"b\\\"\"}"' in load.script(target)


def test_models_are_written_and_listed_as_json(tmp_path: Path) -> None:
    done = script("models.py", "--out", str(tmp_path), "--rows", "120", "--trees", "3", "--json")
    listed = json.loads(done.stdout)
    assert [entry["model"] for entry in listed] == list(models.NAMES)
    assert all(Path(entry["folder"], "model_manifest.json").exists() for entry in listed)


def test_the_peer_takes_every_column() -> None:
    source = (ROOT / "benchmarks" / "peer" / "app.py").read_text()
    assert [name for name in models.COLUMNS if f"    {name}: " not in source] == []


def test_json_is_a_list_of_objects() -> None:
    listed = json.loads(serving.printed(entries(), as_json=True))
    assert [entry["metric"] for entry in listed] == ["machine", *["throughput"] * 3, "ratio"]


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_without_wrk_it_says_how_to_get_it_and_ci_fails(tmp_path: Path, ci: str, code: int) -> None:
    done = script("serving.py", "--json", PATH=str(tmp_path), CI=ci)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (code, "[]\n", load.HOW_TO_GET_WRK)


def test_wrk_counts_refusals(live_server: Any, needs: Any) -> None:
    needs(load.wrk(), "Install wrk (apt-get install wrk).")
    target = Target(live_server.url, "/api/v1/predict", [{"inputs": {}}], {})
    with pytest.raises(BadRun, match=r"[1-9]\d* refused"):
        load.ask(target, connections=1, seconds=1)
