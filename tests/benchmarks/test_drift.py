"""What the drift benchmark draws and counts; the whole of it runs by `make drift`."""

import numpy as np
import pytest

from benchmarks import drift as benchmark
from predictions.monitoring.drift import straying


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(straying, "DRAWS", 1_000)


def test_a_field_is_drawn_as_it_is_published() -> None:
    field = benchmark.number(100, 20, np.random.default_rng(1))
    assert field.reference.counts.tolist() == [10] * 10 + [0]
    assert field.windows(0).sum(1).tolist() == [100] * 20
    moved = field.windows(1)
    assert moved[:, 9].mean() > 2 * moved[:, :1].mean()


def test_a_value_grows_to_more_than_a_third() -> None:
    shares = benchmark.SHARES[3]
    assert (shares[0], benchmark.GROWN[0]) == (0.2, 0.35)
    assert sum(benchmark.GROWN) == pytest.approx(1)
    rest = np.array(benchmark.GROWN[1:]) / np.array(shares[1:])
    assert rest == pytest.approx(rest[0])


def test_the_plain_rule_is_the_one_that_others_use() -> None:
    field = benchmark.number(100, 1, np.random.default_rng(1))
    counts = np.array([[0, 20, 10, 10, 10, 10, 10, 10, 10, 10, 0]])
    expected = (0.0001 - 0.1) * np.log(0.001) + 0.1 * np.log(2)
    assert benchmark.plain(field, counts)[0] == pytest.approx(expected)


def test_the_table_has_a_line_for_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "FIELDS", 12)
    found = benchmark.measured(1000, trainings=1, windows=20, chance=np.random.default_rng(1))
    assert found["mean + 1 sd"] == 1
    assert found["ours"] < 0.5
    lines = list(benchmark.table([found]))
    assert lines[0].startswith("| rows a side | plain, 0.1 |")
    assert lines[2].startswith("| 1 000 | ")
