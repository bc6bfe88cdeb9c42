"""The columns that downloads add to a file: they are the product's own when that file is sent again."""

import re
from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from predictions.imports.wording import alike
from predictions.spreadsheets import plain_quotes

__all__ = ["end_of_own", "first_added"]

_ANY = "\ue000"  # stands for the name of a class
_NUMBER = r"( \d+)?"  # where a heading is taken, the next one gets a number


# What programs get: only all of them in a row, as many a file has a column `label` or `code` at its end.
_ANSWER = rf"value{_NUMBER}|label{_NUMBER}\nscore{_NUMBER}(?:\nprobability.*)*"
_ANSWERED = rf"\nrow{_NUMBER}\nprediction id{_NUMBER}\n(?:{_ANSWER})\nwarnings{_NUMBER}"
_REJECTED = rf"\nrow{_NUMBER}\nfield{_NUMBER}\ncode{_NUMBER}\nreason{_NUMBER}"
_OF_PROGRAMS = re.compile(rf"(?:{_ANSWERED}|{_REJECTED})+\Z")


def first_added(headings: Sequence[str]) -> int:
    """Where the columns begin at the end of a file that came from here; the number of columns where none did."""
    known, end = _known(), len(headings)
    # A file of nothing but such columns is somebody's own.
    while end:
        own = end_of_own(headings[:end])
        if own == end and not known.fullmatch(alike(headings[end - 1])):
            break
        end = own if own < end else end - 1
    return end or len(headings)


def end_of_own(headings: Sequence[str]) -> int:
    """Where the columns begin that a program got from here; the number of columns where none did."""
    words = "".join(f"\n{alike(heading)}" for heading in headings)
    found = _OF_PROGRAMS.search(words)
    return words[: found.start()].count("\n") or len(headings) if found else len(headings)


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
