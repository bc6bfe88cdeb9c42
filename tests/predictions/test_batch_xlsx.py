"""Excel files become CSV files; what is too large, or no Excel file, is refused, and harms nothing."""

import re
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from uuid import uuid4
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from django.contrib.auth.models import User
from openpyxl import Workbook, load_workbook

from predictions.batches import intake, parts, sheet_child, xlsx
from predictions.imports.csv_files import FileRefused
from predictions.models import Batch
from registry.models import RegisteredModel

TABLE = [["id", "pay"], [1, 1234.5], [2, 0.1 + 0.2]]


def saved(*sheets: list[list[Any]], hidden: int = -1) -> bytes:
    book, file = Workbook(), BytesIO()
    book.remove(book.active)
    for index, rows in enumerate(sheets):
        sheet = book.create_sheet()
        sheet.sheet_state = "hidden" if index == hidden else "visible"
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


def changed(content: bytes, member: str, change: Any, kind: int = ZIP_DEFLATED) -> bytes:
    """The same file with another text in one of its members."""
    file = BytesIO()
    with ZipFile(BytesIO(content)) as before, ZipFile(file, "w", kind) as after:
        for name in before.namelist():
            text = before.read(name).decode()
            after.writestr(name, change(text) if name == member else text)
    return file.getvalue()


def sheet(content: bytes, change: Any) -> bytes:
    return changed(content, "xl/worksheets/sheet1.xml", change)


def as_csv(content: bytes) -> str:
    return b"".join(xlsx.as_csv(content)).decode()


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        as_csv(content)
    return str(refused.value)


def test_cells_are_texts_as_people_see_them() -> None:
    when = [date(2024, 5, 1), datetime.combine(date(2024, 5, 1), time(8, 30)), time(8, 30)]
    rows = [["a", "b", "c", "d"], [1, 2.0, 1e15, 0.1 + 0.2], [*when, None], [True, 'é;\n"x"', "007", "=1+1"]]
    assert as_csv(saved(rows)) == (
        'a,b,c,d\n1,2,1000000000000000,0.3\n2024-05-01,2024-05-01T08:30:00,08:30:00,\nTRUE,"é;\n""x""",007,\n'
    )  # nothing has calculated the formula


def test_errors_stay() -> None:
    book = load_workbook(BytesIO(saved([["id", "pay"], [1, "#N/A"]])))
    book.active["B2"].data_type = "e"
    book.save(file := BytesIO())
    assert as_csv(file.getvalue()) == "id,pay\n1,#N/A\n"


def test_rows_keep_their_numbers() -> None:
    assert as_csv(saved([[], ["id", "pay"], [1, 2], [], [3, None], [None]])) == "\nid,pay\n1,2\n\n3,\n"


def test_the_first_sheet_with_rows_is_taken_a_hidden_one_last() -> None:
    assert as_csv(saved([["list"]], [], TABLE, [["other"]], hidden=0)).startswith("id,pay\n")
    assert as_csv(saved([["list"], ["a"]], [], hidden=0)) == "list\na\n"


@pytest.mark.parametrize("claim", ['<dimension ref="A1"/>', "", '<dimension ref="A1:XFD1048576"/>'])
def test_what_a_sheet_says_of_its_size_is_not_believed(claim: str) -> None:
    content = sheet(saved(TABLE), lambda text: re.sub("<dimension[^>]*>", claim, text))
    assert as_csv(content) == "id,pay\n1,1234.5\n2,0.3\n"


# What is refused


def test_a_hundred_thousand_rows_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    assert as_csv(saved(TABLE)).count("\n") == 3
    assert "rows at most. Save it as “CSV UTF-8”" in refusal(saved([*TABLE, [], [4, 5]]))


def test_a_cell_in_the_last_corner_of_the_sheet_is_refused() -> None:
    far = sheet(saved(TABLE), lambda text: text.replace('r="B3"', 'r="XFD3"'))
    assert refusal(far) == "A file may have 200 columns at most."
    far = sheet(saved(TABLE), lambda text: text.replace('<row r="3"', '<row r="9999999999"'))
    assert "rows at most" in refusal(far)


def test_sheets_without_rows_are_refused() -> None:
    assert refusal(saved([], [])) == "The selected file is empty."


def test_a_file_that_grows_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_INFLATED", 1_000_000)
    bomb = changed(saved(TABLE), "xl/styles.xml", lambda text: text + " " * 2_000_000)
    assert len(bomb) < 20_000
    assert "Unpacked" in refusal(bomb)


def shared(text: str, times: int) -> bytes:
    """A sheet whose cells all say the same, which the file holds once, as Excel writes it."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{main}.sharedStrings+xml"/></Types>'
    inline, string = 't="inlineStr"><is><t>x</t></is>', 't="s"><v>0</v>'
    content = sheet(saved([["x"]] * times), lambda found: found.replace(inline, string))
    file = BytesIO(changed(content, "[Content_Types].xml", lambda found: found.replace("</Types>", part)))
    with ZipFile(file, "a", ZIP_DEFLATED) as archive:
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}"><si><t>{text}</t></si></sst>')
    return file.getvalue()


def test_texts_may_be_kept_apart_from_the_sheet() -> None:
    assert as_csv(shared("é", 2)) == "é\né\n"


def test_a_text_that_is_used_often_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_INFLATED", 1_000_000)
    assert "Unpacked" in refusal(shared("x" * 30_000, 50))


def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MEMORY", 150_000_000)
    monkeypatch.setattr(xlsx, "MOST_INFLATED", 300_000_000)
    row = '<row r="2">' + "<c/>" * 3_000_000 + "</row>"
    assert "Unpacked" in refusal(sheet(saved(TABLE), lambda text: text.replace("<sheetData>", f"<sheetData>{row}")))


def test_processor_time_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "CPU_SECONDS", 1)
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(4, 100_000))
    assert "cannot be read" in refusal(
        sheet(saved(TABLE), lambda text: text.replace("</sheetData>", f"{rows * 3}</sheetData>"))
    )


LAUGHS = '<!DOCTYPE x [<!ENTITY a "' + "ha" * 1000 + '">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 100}">' for before, after in ("ab", "bc", "cd")
) + "]>"  # fmt: skip
SECRET = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(("doctype", "entity"), [(LAUGHS, "&d;"), (SECRET, "&a;")])
def test_entities_are_not_followed(doctype: str, entity: str) -> None:
    content = sheet(saved([["x"], ["y"]]), lambda text: doctype + text.replace(">x<", f">{entity}<"))
    assert "cannot be read" in refusal(content)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 xl/workbook.xml and nothing more",
        saved(TABLE)[:-40],
        saved(TABLE)[:3000],
        sheet(saved(TABLE), lambda text: text[:-40]),
        sheet(saved(TABLE), lambda text: text.replace('t="n"', 't="s"')),
        changed(saved(TABLE), "xl/workbook.xml", lambda text: text, ZIP_BZIP2),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes) -> None:
    assert refusal(content) == "The Excel file cannot be read. Open it, save it as “CSV UTF-8”, and select that file."


# A batch


@pytest.fixture
def receive(db: None, analyst: User) -> Any:
    """`receive(content)`: the batch of an Excel file, leased by a worker."""
    model = RegisteredModel.objects.create(name="pay", endpoint="huggingface", repo_id="demo/pay")

    def received(content: bytes) -> Batch:
        batch = intake.receive(file=BytesIO(content), name="a.xlsx", model=model, by=analyst, language="fr")
        assert (batch.kind, batch.status, batch.headings) == ("xlsx", Batch.Status.READING, [])
        batch.lease = uuid4()
        batch.save()
        return batch

    return received


def test_a_sheet_becomes_the_rows_of_a_batch(receive: Any) -> None:
    batch = receive(saved(TABLE))
    before = batch.sha256
    intake.convert(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.headings, batch.lease, batch.sha256) == (
        Batch.Status.MAPPING,
        ["id", "pay"],
        None,
        before,
    )
    assert batch.dialect == {"delimiter": "comma", "encoding": "utf-8", "decimal": "point", "header": True}
    assert b"".join(parts.stream(batch.pk)) == b"id,pay\n1,1234.5\n2,0.3\n"


def test_a_refusal_is_kept_in_the_language_of_its_sender(receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 1)
    batch = receive(saved(TABLE))
    intake.convert(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.is_over, batch.finished_at is not None) == (Batch.Status.REFUSED, True, True)
    assert "lignes" in batch.reason
    assert not list(parts.stream(batch.pk))


@pytest.mark.parametrize("change", [{"lease": uuid4()}, {"status": Batch.Status.CANCELLED}])
def test_who_lost_the_lease_changes_nothing(receive: Any, change: dict[str, Any]) -> None:
    batch = receive(saved(TABLE))
    content = b"".join(parts.stream(batch.pk))
    Batch.objects.update(**change)
    intake.convert(batch)
    assert b"".join(parts.stream(batch.pk)) == content
    assert Batch.objects.filter(pk=batch.pk, headings=[], **change).exists()


@pytest.mark.parametrize(
    ("value", "text"), [(1e300, "1e+300"), (1234567890123456.0, "1234567890123456"), (-0.0, "0"), (12.10, "12.1")]
)
def test_numbers_have_fifteen_digits(value: float, text: str) -> None:
    assert sheet_child.cell_text(value) == text
