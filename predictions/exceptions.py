"""What the waist may refuse besides what the registry refuses. Each text is a sentence without personal data."""

from uuid import UUID

from registry.exceptions import ModelSuspended, UnknownModel
from registry.runtimes.base import RuntimeFailed
from registry.signature import InvalidInput


class KeyReused(Exception):
    """The idempotency key was sent before with another request."""


class KeyInUse(Exception):
    """A call with the same idempotency key is still running."""


class NotAnswered(Exception):
    """The runtime failed; `failure_id` is the number of the recorded failure, `kind` its cause."""

    def __init__(self, text: str, *, kind: str, failure_id: UUID) -> None:
        super().__init__(text)
        self.kind = kind
        self.failure_id = failure_id


__all__ = ["InvalidInput", "KeyInUse", "KeyReused", "ModelSuspended", "NotAnswered", "RuntimeFailed", "UnknownModel"]
