"""What executes a version: the protocol that both runtimes keep, and the one error they raise."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[np.generic]]


class RuntimeFailed(Exception):
    """A runtime could not answer; `kind` names the cause, the text is for a person and holds no input value.

    Kinds: deadline, memory, cpu, signal, exit, refused, protocol, answer, model, load, busy, stopped.
    """

    def __init__(self, text: str, *, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class Runtime(Protocol):
    """Loaded once per process and version; `predict` may be called from several threads."""

    name: str

    def predict(self, columns: Columns, rows: int) -> NDArray[np.float64]:
        """Scores of cleaned columns: shape (rows, classes), each row a distribution; (rows, 1) for a value.

        Raises RuntimeFailed.
        """

    def close(self) -> None:
        """Give back processes and memory; the runtime is not used afterwards."""
