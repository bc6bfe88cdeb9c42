"""What tells one request from another under the same idempotency key."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def fingerprint(
    source: str,
    model: str,
    version: int | None,
    columns: Mapping[str, Sequence[Any]],
    rows: int,
    explain: bool,
    records: Sequence[int | None] | None,
    partial: bool,
) -> bytes:
    """SHA-256 of the canonical request: the same key with another request must not find this one's answer."""
    request: list[Any] = [
        source,
        model,
        version,
        {name: list(values) for name, values in columns.items()},
        rows,
        explain,
    ]
    if records is not None:
        request.append(list(records))
    if partial:
        request.append("partial")
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=_digest)
    return hashlib.sha256(text.encode()).digest()


def _digest(value: Any) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)
