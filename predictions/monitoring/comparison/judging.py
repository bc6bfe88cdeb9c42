"""How right each version would have been: the replayed answers whose outcome is known, counted as roll-ups count.

So the measures and their intervals are those of the quality page. Only answers that every version gave one to count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from predictions.models import Outcome, ReplayedAnswer, Source
from predictions.monitoring.comparison.counted import stretches
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.counting import VersionCounts
from predictions.monitoring.rollups.facts import Piece
from predictions.monitoring.rollups.layout import Layout
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion

AT_ONCE = 5_000
DOOR = str(Source.API)  # any one: counts are kept by door


class Case(NamedTuple):
    """What happened, as a label or a value, and what each version answers."""

    label: str
    value: float | None
    labels: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass
class Judged:
    """A tally for each version, over the same cases; of two that answer differently, how often each was right."""

    tallies: list[Tally]
    won: list[list[int]]  # per version: [known and changed, only the base was right, only this one was]


def judged(comparison: UUID, versions: Sequence[ModelVersion]) -> Judged:
    """What is known of a comparison's answers. A few thousand of them are in memory at once."""
    layouts = [_answers_alone(one) for one in versions]
    counts = [VersionCounts(one) for one in layouts]
    won = [[0, 0, 0] for _one in versions]
    for cases in _cases(comparison, len(versions)):
        for place, one in enumerate(counts):
            one.add(piece(cases, place))
        _count_won(won, cases)
    keys = [(one.version, DOOR, "", 0) for one in layouts]
    tallies = [
        one.tallies().get(key) or Tally.empty(made) for one, key, made in zip(counts, keys, layouts, strict=True)
    ]
    return Judged(tallies, won)


def stored(found: Judged) -> dict[str, Any]:
    """As numbers alone: what they mean is said in the language of each reader."""
    return {
        "tallies": [
            {"counts": one.counts.tolist(), "sums": one.sums.tolist(), "scores": one.scores.tolist()}
            for one in found.tallies
        ],
        "won": found.won,
    }


def tally_of(version: ModelVersion, numbers: Mapping[str, Any]) -> Tally:
    """The tally of a version, from what `stored` made of it."""
    found = Tally.empty(_answers_alone(version))
    found.counts[:], found.sums[:] = numbers["counts"], numbers["sums"]
    found.scores[:] = np.array(numbers["scores"], np.int64).reshape(found.scores.shape)
    return found


def piece(cases: Sequence[Case], place: int) -> Piece:
    """What one version answers to some cases, as the facts of recorded answers are read."""
    rows = len(cases)
    return Piece(
        sources=[DOOR] * rows,
        inputs={},
        labels=[case.labels[place] for case in cases],
        scores=np.array([case.scores[place] for case in cases], np.float64),
        durations=np.zeros(rows),
        is_call=np.zeros(rows, np.bool_),
        is_fallback=np.zeros(rows, np.bool_),
        is_warned=np.zeros(rows, np.bool_),
        outcomes={row: (case.label, case.value) for row, case in enumerate(cases)},
    )


def _answers_alone(version: ModelVersion) -> Layout:
    """A layout that counts answers and no inputs."""
    return replace(layout.of(version), score=None, fields=(), segments=())


def _count_won(won: list[list[int]], cases: Sequence[Case]) -> None:
    for case in cases:
        for place in range(1, len(case.labels)):
            if case.labels[place] != case.labels[0]:
                counts = won[place]
                counts[0] += 1
                counts[1] += case.labels[0] == case.label
                counts[2] += case.labels[place] == case.label


def _cases(comparison: UUID, versions: int) -> Iterator[list[Case]]:
    """The answers with an outcome that every version gave an answer to, some thousand at a time.

    Facts and replayed answers are put together here and not by the database: of rows that were written just now its
    planner knows nothing, and it would join them row by row.
    """
    for numbers in stretches(comparison, AT_ONCE):
        known = Outcome.objects.latest_only().filter(prediction__in=numbers, is_withdrawn=False)
        outcomes = {
            number: (label, value) for number, label, value in known.values_list("prediction", "label", "value")
        }
        answers: dict[UUID, list[Any]] = {number: [] for number in outcomes}
        replayed = ReplayedAnswer.objects.filter(
            comparison=comparison, place__in=range(versions), prediction__in=list(outcomes), score__isnull=False
        )
        for number, label, score in replayed.order_by("place").values_list("prediction", "label", "score"):
            answers[number].append((label, score))
        cases = [_case(*outcomes[number], found) for number, found in answers.items() if len(found) == versions]
        if cases:
            yield cases


def _case(label: str, value: float | None, answers: Sequence[Any]) -> Case:
    labels, scores = zip(*answers, strict=True)
    return Case(label, value, labels, scores)
