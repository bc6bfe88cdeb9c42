"""Lists by cursor: 50 at a time, 200 at most, never counted."""

import base64
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, IntegerField
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from registry.api.base import wrong

PARAMETERS = ("cursor", "page_size")
LARGEST = 2**63 - 1
_BASE64 = re.compile(r"[A-Za-z0-9_-]{2,2000}")


@dataclass(frozen=True)
class Cursor:
    """Beside which item a page lies; `back`: before it in the order of the list, else behind it."""

    position: Any
    back: bool = False

    def __str__(self) -> str:
        text = f"{'-' if self.back else '+'}{self.position}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class Pages(BasePagination):
    """Newest first by the id, or by another `ordering` that no two items share.

    DRF's own CursorPagination hands a forged position to the database, and counts offsets: here a cursor is a
    position that the field can hold, and nothing else. `next` and `previous` are addresses, null at the ends.
    """

    page_size = 50
    max_page_size = 200
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page. Raises InvalidInput for a cursor or a size that is none."""
        name = self.ordering.removeprefix("-")
        field = queryset.model._meta.get_field(name)

        def window(cursor: Cursor | None, most: int) -> Sequence[Any]:
            found, falls = queryset, self.ordering.startswith("-") != bool(cursor and cursor.back)
            if cursor is not None:
                found = found.filter(**{f"{name}__{'lt' if falls else 'gt'}": cursor.position})
            return list(found.order_by(f"-{name}" if falls else name)[:most])

        return self.walk(request, window, read=lambda text: _read(field, text), at=lambda item: getattr(item, name))

    def walk(
        self,
        request: Request,
        window: Callable[[Cursor | None, int], Sequence[Any]],
        *,
        read: Callable[[str], Any],
        at: Callable[[Any], Any],
    ) -> list[Any]:
        """One page of a list that is no queryset.

        `window(cursor, most)`: so many items beside a cursor, the nearest first. `read`: a position from its text, or
        ValueError; `at`: the position of an item. Raises InvalidInput.
        """
        size, cursor = self.size(request), _cursor(request, read)
        found = list(window(cursor, size + 1))
        page, more = found[:size], len(found) > size
        back = cursor is not None and cursor.back
        if back:
            page.reverse()
        self._address = request.build_absolute_uri()
        self._next = Cursor(at(page[-1])) if page and (more or back) else None
        self._previous = Cursor(at(page[0]), back=True) if page and (more if back else cursor) else None
        self._begins_again = back and not page  # nothing newer came: the list begins where it began
        return page

    def size(self, request: Request) -> int:
        """How many items were asked for. Raises InvalidInput for what is no number from 1 to 200."""
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= self.max_page_size):
            message = _("“page_size” must be a number from 1 to %(most)d.") % {"most": self.max_page_size}
            raise wrong("page_size", "bad_page_size", message)
        return int(text)

    def links(self) -> dict[str, str | None]:
        """The addresses of the pages before and behind the one that was made."""
        following = self._to(self._next)
        if self._begins_again:
            following = remove_query_param(self._address, "cursor")
        return {"next": following, "previous": self._to(self._previous)}

    def _to(self, cursor: Cursor | None) -> str | None:
        return str(replace_query_param(self._address, "cursor", str(cursor))) if cursor else None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({**self.links(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        members = {"next": address, "previous": address, "results": schema}
        return {"type": "object", "required": list(members), "properties": members}


def _cursor(request: Request, read: Callable[[str], Any]) -> Cursor | None:
    if (text := request.query_params.get("cursor")) is None:
        return None
    plain = _decoded(text)
    if plain[:1] in {"+", "-"}:
        with suppress(ValueError):
            return Cursor(read(plain[1:]), back=plain[0] == "-")
    raise wrong("cursor", "bad_cursor", _("“cursor” must come from an earlier page."))


def _decoded(text: str) -> str:
    """What `Cursor` wrote; "" for what it cannot have written."""
    if not _BASE64.fullmatch(text):
        return ""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:  # of a text that is no base64, or no UTF-8
        return ""


def _read(field: "Field[Any, Any]", text: str) -> Any:
    """The value of a field. Raises ValueError for a text that is none, or that no database can hold."""
    if isinstance(field, IntegerField):
        if not re.fullmatch(r"-?\d{1,19}", text, re.ASCII) or abs(int(text)) > LARGEST:
            raise ValueError("no number of the database")
        return int(text)
    if "\x00" in text:
        raise ValueError("no text of the database")
    try:
        return field.to_python(text)
    except ValidationError:
        raise ValueError("nothing that this field holds") from None
