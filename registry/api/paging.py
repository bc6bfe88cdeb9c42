"""Lists by cursor: 50 at a time, 200 at most, never counted."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

PARAMETERS = ("cursor", "page_size")


class Pages(CursorPagination):
    """Newest first by the id; `next` and `previous` are addresses, null at the ends."""

    page_size = 50
    max_page_size = 200
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        """Raises ParseError for what is no number from 1 to 200."""
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= self.max_page_size):
            raise ParseError(_("“page_size” must be a number from 1 to %(most)d.") % {"most": self.max_page_size})
        return int(text)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page. Raises ParseError for a cursor that this server did not give."""
        try:
            return list(super().paginate_queryset(queryset, request, view) or [])
        except NotFound:
            raise ParseError(_("“cursor” must come from an earlier page.")) from None
