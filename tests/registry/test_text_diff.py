"""What changed between two texts."""

import random
import time

import pytest

from registry import text_diff
from registry.text_diff import Line, Piece, changes


def told(before: str, after: str) -> list[tuple[str, str]]:
    return [(line.kind, "".join(piece.text for piece in line.pieces)) for line in changes(before, after)]


def test_the_same_text_has_no_changes() -> None:
    assert changes("a\nb", "a\nb\n") == []
    assert changes("a  \r\nb", "a\nb") == [], "nobody sees the end of a line"


def test_words_inside_a_line() -> None:
    line = Line(
        "changed", (Piece("same", "good "), Piece("removed", "old"), Piece("added", "new"), Piece("same", " text"))
    )
    assert changes("good old text", "good new text") == [line]


def test_lines_that_come_and_go() -> None:
    assert told("a\nb\nc", "a\nc\nd\ne") == [
        ("same", "a"),
        ("removed", "b"),
        ("same", "c"),
        ("added", "d"),
        ("added", "e"),
    ]


def test_what_is_far_from_a_change_is_left_out() -> None:
    before = [f"line {number}" for number in range(50)]
    after = [*before[:25], "a new one", *before[25:]]
    kinds = [line.kind for line in changes("\n".join(before), "\n".join(after))]
    assert kinds == ["gap", "same", "same", "added", "same", "same", "gap"]


@pytest.mark.parametrize("line", ["x y " * 25_000, "word\n" * 20_000, "a b\n" * 25_000, "\n" * 100_000])
def test_long_texts_take_no_time(line: str) -> None:
    words = line.split(" ")
    random.Random(0).shuffle(words)
    started = time.perf_counter()
    changes(line, " ".join(words) + " and more")
    changes(line, line.replace("\n", "\n\n") + "end")
    assert time.perf_counter() - started < 2


def test_a_long_line_is_shown_whole() -> None:
    long = "x" * (text_diff.LONGEST_LINE + 1)
    assert told(long, long + "y") == [("removed", long), ("added", long + "y")]
