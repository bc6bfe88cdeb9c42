"""What changed between two texts, line by line and inside a line word by word. Pure."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

CONTEXT = 2  # unchanged lines around a change
# Comparing takes at worst the square of what is compared, and the texts are somebody else's.
MOST_LINES = 1_000
LONGEST_LINE = 600
MOST_BY_WORD = 80
WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A run of characters: "same", "removed" or "added"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """A line of the comparison: "same", "changed", "removed", "added", or "gap" for unchanged lines left out."""

    kind: str
    pieces: tuple[Piece, ...] = ()


def changes(before: str, after: str) -> list[Line]:
    """The changed lines of the first MOST_LINES, each with a little around it; empty when both texts say the same."""
    old, new = _lines(before), _lines(after)
    if old == new:
        return []
    found: list[Line] = []
    end = by_word = 0
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT):
        if group[0][1] > end:
            found.append(Line("gap"))
        for tag, i1, i2, j1, j2 in group:
            by_word += tag != "equal" and i2 - i1
            found += _block(tag, old[i1:i2], new[j1:j2], by_word <= MOST_BY_WORD)
        end = group[-1][2]
    return [*found, Line("gap")] if end < len(old) else found


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()[:MOST_LINES]]


def _block(tag: str, old: list[str], new: list[str], by_word: bool) -> Iterator[Line]:
    if tag == "equal":
        yield from (_whole("same", line) for line in old)
    elif by_word and len(old) == len(new):
        for pair in zip(old, new, strict=True):
            yield from _changed(*pair)
    else:
        yield from (_whole("removed", line) for line in old)
        yield from (_whole("added", line) for line in new)


def _whole(kind: str, line: str) -> Line:
    return Line(kind, (Piece(kind, line),))


def _changed(old: str, new: str) -> Iterator[Line]:
    if max(len(old), len(new)) > LONGEST_LINE:
        yield from (_whole("removed", old), _whole("added", new))
    else:
        yield Line("changed", tuple(_words(old, new)))


def _words(old: str, new: str) -> Iterator[Piece]:
    first, second = WORDS.findall(old), WORDS.findall(new)
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, first, second).get_opcodes():
        removed, added = "".join(first[i1:i2]), "".join(second[j1:j2])
        if tag == "equal":
            yield Piece("same", removed)
            continue
        if removed:
            yield Piece("removed", removed)
        if added:
            yield Piece("added", added)
