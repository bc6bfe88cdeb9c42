"""JSON as the API writes it."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


class JSONRenderer(BaseRenderer):
    """UTF-8 JSON; problem+json for errors."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=str)
        except orjson.JSONEncodeError:  # JSON of PostgreSQL turns 1e22 into a whole number of more than 64 bits
            return orjson.dumps(_with_floats(data), default=str)


def _with_floats(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {name: _with_floats(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_with_floats(value) for value in data]
    return float(data) if type(data) is int and abs(data) >= 2**63 else data
