"""What workers do with comparisons: score a chunk of recorded inputs on each version, and the next, and add it all up.

The rows of a chunk, the cursor and the count are stored in one transaction under the lease, so that a worker may be
killed at any moment: the next one goes on behind the cursor, and no row is there twice.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import translation

from predictions.exceptions import AWAY
from predictions.models import ComparedVersion, Comparison, ReplayedAnswer
from predictions.monitoring.comparison import reasons, sources, summing, turns
from predictions.monitoring.comparison.replaying import Replayed, is_changed, replay
from predictions.monitoring.comparison.sources import Recorded
from predictions.monitoring.comparison.turns import Status, Taken
from registry import clock, serving
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from registry.signature import Signature

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3  # in a row without a chunk
MOST_FAILED = 500  # rows of one chunk that a version could not answer, where it answered none
CLOCK = "clock"  # in the summary while it runs: place -> [seconds, rows]
_COPY = (
    "COPY predictions_replayedanswer (comparison_id, prediction_id, place, label, score, is_changed, problem) "
    "FROM STDIN"
)


class Hopeless(Exception):
    """The comparison cannot be finished; the text is one of predictions.monitoring.comparison.reasons."""


class Away(Exception):
    """A version cannot be asked at this moment, which says nothing about the rows."""

    def __init__(self, place: int, failed: RuntimeFailed) -> None:
        super().__init__(reasons.of_version(place, str(failed)))
        self.seconds = AWAY[failed.kind]


def work(*, seconds: float) -> bool:
    """Work on what waits for about that long. Whether there may be more."""
    ends = time.monotonic() + seconds
    while comparison := turns.take(clock.now()):
        do(comparison, ends)
        if time.monotonic() > ends:
            return turns.waiting(clock.now()).exists()
    return False


def do(comparison: Comparison, ends: float) -> None:
    """Work on a leased comparison until it is over or the time is up, at least one chunk of it.

    Raises what the database says when it is away. What else goes wrong is counted, and the comparison is tried again
    by somebody; after the third time it has failed.
    """
    with translation.override("en"):  # of refused rows nothing is kept but that they were
        try:
            _work(comparison, ends)
        except Taken:
            logger.info("a comparison was taken over", extra={"comparison": str(comparison.pk)})
        except Hopeless as why:
            _fail(comparison, str(why))
        except Away as away:
            _again(comparison, str(away), away.seconds)
        except (OperationalError, InterfaceError):
            raise  # the lease ends by itself
        except Exception:
            logger.exception("a comparison failed", extra={"comparison": str(comparison.pk)})
            _again(comparison, reasons.FAILED, 0)


def _work(comparison: Comparison, ends: float) -> None:
    if comparison.attempts > MAX_ATTEMPTS:  # who tried before was lost
        raise Hopeless(reasons.LOST)
    if comparison.rows is None:
        turns.change(comparison, rows=sources.count(comparison))
    compared = list(comparison.compared.order_by("place").select_related("version__model"))
    answering = sources.answering(comparison)
    signatures = [serving.signature_of(one.version) for one in compared]
    at_once = sources.rows_at_once(signatures)
    while wanted := min(at_once, (comparison.rows or 0) - comparison.done):
        recorded = sources.chunk(comparison, wanted)
        if not recorded:
            break
        _chunk(comparison, compared, recorded, answering)
        if time.monotonic() > ends and comparison.done < (comparison.rows or 0):
            turns.give_back(comparison, until=clock.now(), attempts=0)
            return
    _finish(comparison, compared)


def _chunk(
    comparison: Comparison,
    compared: Sequence[ComparedVersion],
    recorded: Sequence[Recorded],
    answering: dict[int, ModelVersion],
) -> None:
    """Score a chunk on each version, and store it all. Raises Taken, Hopeless, Away."""
    records = [one.inputs for one in recorded]
    asked: list[Signature] = [serving.signature_of(answering[one.version]) for one in recorded]
    found = []
    for one in compared:
        try:
            replayed = replay(one.version, records, asked)
        except RuntimeFailed as failed:
            raise Away(one.place, failed) from failed
        _refuse_hopeless(one.place, replayed, is_first=comparison.done == 0)
        found.append(replayed)
    with transaction.atomic():
        turns.change(
            comparison,
            cursor=recorded[-1].id,
            done=comparison.done + len(recorded),
            attempts=0,
            leased_until=clock.now() + turns.LEASE,
            summary=comparison.summary | {CLOCK: _clock(comparison, found)},
        )
        _store(comparison, recorded, found)


def _refuse_hopeless(place: int, replayed: Replayed, *, is_first: bool) -> None:
    """A version that answers nothing would take long to fail at everything."""
    if replayed.failed and not replayed.answered and (is_first or replayed.failed >= MOST_FAILED):
        raise Hopeless(reasons.of_version(place, replayed.failure))


def _clock(comparison: Comparison, found: Sequence[Replayed]) -> dict[str, list[float]]:
    known = comparison.summary.get(CLOCK, {})
    before = [known.get(str(place), (0.0, 0)) for place in range(len(found))]
    return {
        str(place): [seconds + one.seconds, asked + one.asked]
        for place, ((seconds, asked), one) in enumerate(zip(before, found, strict=True))
    }


def _store(comparison: Comparison, recorded: Sequence[Recorded], found: Sequence[Replayed]) -> None:
    base = found[0]
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.cursor.copy(_COPY) as copy:
        for place, replayed in enumerate(found):
            for row, one in enumerate(recorded):
                changed = place > 0 and is_changed(base, replayed, row)
                told = (replayed.labels[row], replayed.scores[row], changed, replayed.problems[row])
                copy.write_row((comparison.pk, one.id, place, *told))


def _finish(comparison: Comparison, compared: Sequence[ComparedVersion]) -> None:
    summary = summing.summary(comparison, compared)
    turns.change(
        comparison,
        status=Status.DONE,
        rows=comparison.done,
        summary=summary,
        finished_at=clock.now(),
        lease=None,
        leased_until=None,
    )


def _again(comparison: Comparison, reason: str, seconds: float) -> None:
    """Somebody tries again a little later; after the third time nobody does."""
    if comparison.attempts >= MAX_ATTEMPTS:
        _fail(comparison, reason)
    else:
        until = clock.now() + timedelta(seconds=seconds)
        turns.give_back(comparison, until=until, attempts=comparison.attempts)


def _fail(comparison: Comparison, reason: str) -> None:
    """It is over without a result: what was scored so far is of no use."""
    with transaction.atomic():
        mine = Comparison.objects.filter(pk=comparison.pk, lease=comparison.lease, status=Status.RUNNING)
        ended = {"status": Status.FAILED, "reason": reason, "finished_at": clock.now()}
        if mine.update(**ended, lease=None, leased_until=None):
            ReplayedAnswer.objects.filter(comparison=comparison.pk).delete()
