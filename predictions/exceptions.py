"""What the waist may refuse besides what the registry refuses. Each text is a sentence without personal data."""

from typing import Any
from uuid import UUID

from registry.exceptions import ModelSuspended, NotAllowed, UnknownModel
from registry.runtimes.base import RuntimeFailed
from registry.signature import InvalidInput

# Kinds of failures that say nothing about the question, and the seconds until it is worth asking again.
AWAY = {"load": 60, "stopped": 5, "busy": 5}


class KeyReused(Exception):
    """The idempotency key was sent before with another request."""


class KeyInUse(Exception):
    """A call with the same idempotency key is still running."""


class ChunkTaken(Exception):
    """Somebody else answered this part of a file meanwhile: nothing was stored."""


class NotNow(Exception):
    """That cannot be done with the file as it is; the text is a sentence for a person."""


class Changed(NotNow):
    """Another version answers by now: the file is checked for it again."""


class Unconfirmed(Exception):
    """Values that the model never saw, which the door wants confirmed first; `warnings`: {field, code, message}."""

    def __init__(self, warnings: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(warnings)} warnings")
        self.warnings = warnings


class NotAnswered(Exception):
    """The runtime failed; `failure_id` is the number of the recorded failure, `kind` its cause."""

    def __init__(self, text: str, *, kind: str, failure_id: UUID) -> None:
        super().__init__(text)
        self.kind = kind
        self.failure_id = failure_id


__all__ = [
    "AWAY",
    "Changed",
    "ChunkTaken",
    "InvalidInput",
    "KeyInUse",
    "KeyReused",
    "ModelSuspended",
    "NotAllowed",
    "NotAnswered",
    "NotNow",
    "RuntimeFailed",
    "Unconfirmed",
    "UnknownModel",
]
