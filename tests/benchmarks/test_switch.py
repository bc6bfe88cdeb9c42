"""What the switch benchmark makes of what its clients saw; the whole of it runs by `make switch`."""

import multiprocessing
from typing import Any

import pytest

from benchmarks import switch
from benchmarks.load import BadRun
from benchmarks.switch import Seen


def seen(*answers: tuple[float, int, int]) -> list[Seen]:
    return [Seen(at - 0.01, at, status, version, f"{at}") for at, status, version in answers]


def test_a_change_is_timed_to_the_last_old_answer() -> None:
    answers = seen((9.9, 200, 2), (10.1, 200, 1), (10.3, 200, 2), (10.4, 200, 1), (10.5, 200, 2), (12.0, 200, 1))
    found = switch.change("promotion", answers, 10.0, 11.0, lambda each: each.version == 2)
    assert found == {"change": "promotion", "first_new_ms": 300, "last_old_ms": 400, "within_a_second": True}


def test_a_straggler_breaks_the_promise() -> None:
    answers = seen((10.3, 200, 2), (11.2, 200, 1))
    found = switch.change("promotion", answers, 10.0, 13.0, lambda each: each.version == 2)
    assert (found["first_new_ms"], found["last_old_ms"], found["within_a_second"]) == (300, 1200, False)
    ran: list[dict[str, Any]] = [{"requests": 5000, "failed": 0}, found]
    assert switch.verdict(ran) == ["The promotion took more than a second."]


def test_a_change_nobody_saw() -> None:
    with pytest.raises(BadRun, match="no answer of the new state came"):
        switch.change("stop", seen((10.1, 200, 1)), 10.0, 11.0, lambda each: each.status == 503)


def test_failed_requests_and_too_few_are_told() -> None:
    assert switch.verdict([{"requests": 4999, "failed": 3}]) == [
        "3 requests failed.",
        "Fewer than 5000 requests were made.",
    ]


def test_clients_count_what_breaks(live_server: Any) -> None:
    """Against a server that does not know their token: every answer is kept with its status, none is a record."""
    context = multiprocessing.get_context("spawn")
    stop, count, (results, sending) = context.Event(), context.Value("l", 0), context.Pipe(duplex=False)
    process = context.Process(
        target=switch.ask_until, args=(live_server.thread.port, "wrong", stop, count, sending), daemon=True
    )
    process.start()
    while count.value < 8 and process.is_alive():
        process.join(0.05)
    stop.set()
    answers, broken = results.recv()
    process.join(10)
    assert {(each.status, each.version, each.record) for each in answers} == {(401, None, None)}
    assert broken == []
