"""The process that reads a spreadsheet: `python -I -B sheet_child.py JAIL PARENT MEMORY CPU ROWS COLUMNS`.

The file is its standard input, CSV its standard output; what is wrong is its exit status. Nothing of the project is
imported but the jail, which is entered before a byte of the file is read. Row by row: memory does not grow with the sheet.
"""

import csv
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

MANY_ROWS, MANY_COLUMNS, NOTHING, MUCH = 10, 11, 12, 13
LAST_ROW = 1_048_576  # of any spreadsheet
EXACT = 2**53  # integers below are exact as floats


def cell_text(value: Any) -> str:
    """A cell as it stands in the CSV file: numbers as spreadsheets show them, with 15 digits."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else format(value, ".15g")
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else str(value)


def texts(rows: Iterable[Iterable[Any]]) -> Iterator[list[str]]:
    """The rows without empty cells and rows at their ends; empty ones between stay, for their numbers."""
    waiting = 0
    for number, row in enumerate(rows):
        cells = [cell_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if number >= LAST_ROW:
            sys.exit(MANY_ROWS)
        if not cells:
            waiting += 1
            continue
        yield from [[]] * waiting
        waiting = 0
        yield cells


def write(rows: Iterator[list[str]], out: Any, *, most_rows: int, most_columns: int) -> bool:
    """Whether there was any row. All are as wide as the first one that holds something, or wider. Exits at a limit."""
    writer, width, filled = csv.writer(out, lineterminator="\n"), 0, 0
    for cells in rows:
        if len(cells) > most_columns:
            sys.exit(MANY_COLUMNS)
        width, filled = width or len(cells), filled + bool(cells)
        if filled > most_rows + 1:  # one with names
            sys.exit(MANY_ROWS)
        writer.writerow(cells + [""] * (width - len(cells)) if cells else [])
    return filled > 0


def reader() -> Any:
    """What opens a workbook."""
    for name in ("numpy", "PIL", "lxml", "defusedxml"):  # openpyxl would use them, and does not need them here
        sys.modules[name] = None  # type: ignore[assignment]
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    # What a file says of its size may be wrong; when it says nothing, the whole sheet would be read to find out.
    ReadOnlyWorksheet._get_size = lambda _sheet: None
    return load_workbook


def main() -> None:
    """Enter the jail, then write the first sheet that has rows, of those that can be seen first."""
    jail_file, *limits = sys.argv[1:]
    parent, memory, cpu, most_rows, most_columns = map(int, limits)
    spec = importlib.util.spec_from_file_location("jail", jail_file)
    if spec is None or spec.loader is None:
        raise ImportError(jail_file)
    jail = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(jail)
    load_workbook = reader()  # reads files of the system that the jail does not show
    jail.enter(folder=str(Path.cwd()), parent=parent, memory=memory, cpu=cpu)
    content = BytesIO(sys.stdin.buffer.read())
    sheets = load_workbook(content, read_only=True, data_only=True, keep_links=False).worksheets
    out = TextIOWrapper(sys.stdout.buffer, "utf-8", errors="replace", newline="")
    for sheet in sorted(sheets, key=lambda sheet: sheet.sheet_state != "visible"):
        if write(texts(sheet.iter_rows(values_only=True)), out, most_rows=most_rows, most_columns=most_columns):
            out.flush()
            return
    sys.exit(NOTHING)


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit(MUCH)
