"""How far a file is, as a word with its colour."""

from predictions.models import Batch
from registry.presenters.states import State

Status = Batch.Status
_TONES = {
    Status.MAPPING: "wait",
    Status.CHECKED: "wait",
    Status.DONE: "good",
    Status.INCOMPLETE: "error",
    Status.REFUSED: "error",
}


def state_of(batch: Batch) -> State:
    """The state of a file; what neither waits nor went well or badly is quiet."""
    status = Status(batch.status)
    if status == Status.RUNNING and batch.is_cancelled:
        status = Status.CANCELLED
    return State(status.label, _TONES.get(status, "quiet"))
