"""Recorded answers asked for again on the very versions that gave them: after a restore, an upgrade, or in doubt.

Nothing is written, and no value of a person is told. What is asked meanwhile is newer than where this begins.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from predictions.models import Prediction
from predictions.monitoring.comparison.replaying import Replayed, replay
from predictions.monitoring.comparison.sources import rows_at_once
from registry import serving
from registry.facts import canonical
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed

CLOSE = 1e-6  # a score that differs by less is the same: other processors round other last digits
CHUNK = 500  # rows
MOST_ZEROS = 10  # of a row, each of which may have had a sign
TOLD = 20  # differences that are said one by one
_ZERO = re.compile(rb"(?<=[:,\[])0\.0(?=[,\]}])")
# The rest of a version is large, and read once for each of them.
_VERSION = ("report", "metadata", "progress")


@dataclass
class Found:
    """What came of it. `said`: sentences on the first that differ; `impossible`: why, and how many."""

    asked: int = 0
    equal: int = 0
    different: int = 0
    broken: int = 0
    largest: float = 0.0
    said: list[str] = field(default_factory=list)
    impossible: dict[str, int] = field(default_factory=dict)

    @property
    def is_fine(self) -> bool:
        return not self.different and not self.broken

    def tell(self, sentence: str) -> None:
        """One more that is not as it was."""
        if len(self.said) < TOLD:
            self.said.append(sentence)


def reproduce(most: int) -> Iterator[Found]:
    """Ask the newest `most` answers again (0: all there are); what was found so far, after each chunk."""
    found, versions = Found(), _versions()
    at_once = min(CHUNK, rows_at_once([serving.signature_of(version) for version in versions.values()]))
    before: UUID | None = None
    while wanted := min(at_once, most - found.asked) if most else at_once:
        chunk = _chunk(before, wanted)
        if not chunk:
            return
        before = chunk[-1].pk
        of_version = defaultdict(list)
        for answer in chunk:
            of_version[answer.version_id].append(answer)
        for number, answers in of_version.items():
            _ask(versions[number], answers, found)
        found.asked += len(chunk)
        yield found


def is_sealed(answer: Prediction, version: ModelVersion) -> bool:
    """Whether the stored digest is that of what is stored; predictions/sealing.py made it."""
    entry = answer.ledger_entry_id
    told: list[Any] = [str(answer.pk), str(answer.request_id), answer.source, answer.user_id]
    told += [version.commit, version.number, entry and str(entry)]
    told += [answer.inputs, answer.outputs, answer.warnings, answer.explanation]
    about = {"record": answer.record_id, "key": answer.key, "batch": answer.batch_id and str(answer.batch_id)}
    if said := {name: value for name, value in about.items() if value not in {None, ""}}:
        told.append(said)
    return any(_digest(answer, text) == bytes(answer.digest) for text in _sealed_texts(told))


def _digest(answer: Prediction, text: bytes) -> bytes:
    return hashlib.sha256(bytes(answer.salt) + text).digest()


def _sealed_texts(payload: Any) -> Iterator[bytes]:
    """What may have been sealed: JSONB knows neither 1e16 from a whole number nor -0.0 from 0.0. The likely one first."""
    for told in (payload, _large_as_floats(payload)):
        try:
            text = canonical(told)
        except TypeError:  # a whole number that only PostgreSQL knows
            continue
        yield text
        places = [match.start() for match in _ZERO.finditer(text)][:MOST_ZEROS]
        for negative in range(1, 2 ** len(places)):
            yield _with_signs(text, [place for bit, place in enumerate(places) if negative >> bit & 1])


def _with_signs(text: bytes, places: Sequence[int]) -> bytes:
    ends = [0, *places, len(text)]
    return b"-".join(text[start:end] for start, end in pairwise(ends))


def _large_as_floats(value: Any) -> Any:
    """1e16 is sealed as that, and JSONB returns it, and all above, as a whole number."""
    match value:
        case dict():
            return {name: _large_as_floats(one) for name, one in value.items()}
        case list():
            return [_large_as_floats(one) for one in value]
        case int() if abs(value) >= 10**16:
            return float(value)
    return value


def _versions() -> dict[int, ModelVersion]:
    return {version.pk: version for version in ModelVersion.objects.ready().select_related("model").defer(*_VERSION)}


def _chunk(before: UUID | None, rows: int) -> list[Prediction]:
    answers = Prediction.objects.order_by("-id")
    return list((answers.filter(id__lt=before) if before else answers)[:rows])


def _ask(version: ModelVersion, answers: Sequence[Prediction], found: Found) -> None:
    """All rows of a version at once."""
    for answer in answers:
        if not is_sealed(answer, version):
            found.broken += 1
            found.tell(f"{answer.pk}: it is not as it was sealed.")
    signature = serving.signature_of(version)
    try:
        again = replay(version, [answer.inputs for answer in answers], [signature] * len(answers))
    except RuntimeFailed as failed:
        again = Replayed.none(len(answers))
        again.fail(range(len(answers)), failed)
    for row, answer in enumerate(answers):
        _compare(version, answer, again, row, found)


def _compare(version: ModelVersion, answer: Prediction, again: Replayed, row: int, found: Found) -> None:
    score = again.scores[row]
    if score is None:
        why = f"{version}: {again.failure or again.problems[row]}"
        found.impossible[why] = found.impossible.get(why, 0) + 1
        return
    # Values have no scale of their own: what they differ by is said as a share of them.
    apart = abs(score - answer.score) / max(1.0, abs(answer.score))
    found.largest = max(found.largest, apart)
    if again.labels[row] == answer.label and apart <= CLOSE:
        found.equal += 1
        return
    found.different += 1
    what = f"its score by {apart:.1e}" if again.labels[row] == answer.label else "its answer"
    found.tell(f"{answer.pk}: {version} differs in {what}.")
