"""The columns that downloads add to a file: they are the product's own when that file is sent again."""

import re
from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from predictions.imports.wording import alike
from predictions.spreadsheets import plain_quotes

_ANY = "\ue000"  # stands for the name of a class
_NUMBER = r"( \d+)?"  # where a heading is taken, the next one gets a number


def first_added(headings: Sequence[str]) -> int:
    """Where the columns begin at the end of a file that came from here; the number of columns where none did."""
    known, end = _known(), len(headings)
    # A file of nothing but such columns is somebody's own.
    while end and known.fullmatch(alike(headings[end - 1])):
        end -= 1
    return end or len(headings)


@cache
def _known() -> re.Pattern[str]:
    """What downloads call them, in any language: of rejected rows downloads.py, of answers answers/downloads.py."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with override(code):
            found |= {_("Reason"), _("Field")}
            found |= {_("Answer"), _("Score for “%(answer)s”") % {"answer": _ANY}, _("In a word"), _("Probability")}
            found |= {_("Warnings"), _("Number of the answer")}
    words = sorted(re.escape(alike(plain_quotes(text))).replace(_ANY, ".+") for text in found)
    return re.compile(f"(?:{'|'.join(words)}){_NUMBER}")
