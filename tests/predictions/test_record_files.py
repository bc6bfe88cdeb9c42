"""Files of records: how they are written is guessed, what cannot be read is said by row, and no value is repeated."""

from typing import Any

import pytest

from predictions.imports import column_kinds, csv_files, wording
from predictions.imports.column_kinds import Column, guess_key, keys, number, typed
from predictions.imports.csv_files import Dialect, FileRefused, guess, read
from registry.signature import Signature

FRENCH = "matricule;nom;salaire;présent\r\n007;Élodie;1 234,5;Oui\r\n008;Anaïs;2 000,25;Non\r\n"
PAY = {"name": "pay", "dtype": "number", "min": 0, "max": 9000, "label": "Pay"}
GRADE = {"name": "grade", "dtype": "category", "categories": [{"value": 1}, {"value": 2}]}
REMOTE = {"name": "remote", "dtype": "boolean", "nullable": True}
TEAM = {"name": "team", "dtype": "category", "categories": [{"value": "Sales"}, {"value": "Law"}]}


def model(*features: dict[str, Any]) -> Signature:
    return Signature.parse({"task": "tabular-classification", "inputs": {"features": list(features)}})


def column(text: str, name: str, *features: dict[str, Any], key: str = "id") -> Column:
    """A column of a file as it is kept."""
    content = text.encode()
    dialect = guess(content)
    found = typed(read(content, dialect), dialect, key, model(*features) if features else None)
    return next(column for column in found if column.name == name)


def refusal(content: bytes, dialect: Dialect | None = None) -> str:
    with pytest.raises(FileRefused) as refused:
        read(content, dialect or guess(content))
    return str(refused.value)


# How it is written


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (FRENCH.encode("cp1252"), Dialect("semicolon", "cp1252", "comma")),
        (FRENCH.encode("utf-8-sig"), Dialect("semicolon", "utf-8", "comma")),
        (b"id,pay\n1,2.5\n2,1234.75\n", Dialect("comma", "utf-8", "point")),
        (b'id,pay\n1,"2,5"\n2,"7,25"\n', Dialect("comma", "utf-8", "comma")),
        (b"id\tpay\n1\t2.5\n", Dialect("tab", "utf-8", "point")),
        (b"7;Ann;12\n8;Bob;13\n", Dialect("semicolon", "utf-8", "comma", header=False)),
        (b"sep=;\nid;a,b\n1;x,y\n", Dialect("semicolon")),
        ("id;note\n1;a,b,c\n2;é, è\n".encode(), Dialect("semicolon", decimal="comma")),
    ],
)
def test_how_a_file_is_written_is_guessed(content: bytes, dialect: Dialect) -> None:
    found = guess(content)
    assert (found.delimiter, found.encoding, found.header) == (dialect.delimiter, dialect.encoding, dialect.header)
    assert dialect.decimal in {found.decimal, "point"}


def test_the_first_accent_may_come_late() -> None:
    content = b"id;name\n" + b"1;Ann\n" * 20_000 + "2;Zoé\n".encode("cp1252")
    assert guess(content).encoding == "cp1252"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_texts_are_the_same_in_every_encoding(encoding: str) -> None:
    content = FRENCH.encode(encoding)
    sheet = read(content, guess(content))
    assert sheet.names == ["matricule", "nom", "salaire", "présent"]
    assert sheet.column("nom") == ["Élodie", "Anaïs"]


def test_texts_are_composed_and_stripped() -> None:
    sheet = read("id;name\n1;  Zoe\u0301 \n".encode(), Dialect("semicolon"))
    assert sheet.column("name") == ["Zoé"]


def test_spaces_that_do_not_break_are_plain_ones_in_headings() -> None:
    assert read("id;Note\u202f: 1\u00a0\n1;x\n".encode(), Dialect("semicolon")).names == ["id", "Note : 1"]


def test_rows_have_the_numbers_of_a_spreadsheet() -> None:
    sheet = read(b'id;note\n1;"two\nlines"\n\n;\n2;x\n', Dialect("semicolon"))
    assert sheet.rows == [2, 5]


def test_without_a_first_row_of_names_columns_are_numbered() -> None:
    sheet = read(b"7;Ann\n8;Bob\n", Dialect("semicolon", header=False))
    assert (sheet.names, sheet.rows) == (["column_1", "column_2"], [1, 2])


def test_empty_columns_at_the_end_are_left_out() -> None:
    assert read(b"id;a;;\n1;x;;\n2;y;;\n", Dialect("semicolon")).names == ["id", "a"]


def test_empty_cells_beyond_the_first_row_are_left_out() -> None:
    assert read(b"id;a\n1;x;;\n2;y\n", Dialect("semicolon")).column("a") == ["x", "y"]


# What cannot be read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id;a\n1;secret\n2;secret;more\n3;x\n4;x;y;z\n", "more cells than the first row. Rows 3, 5."),
        (b"id;a;b\n1;secret;3\n2;secret\n", "fewer cells than the first row. Row 3."),
        (
            b'id;a\n1;x\n2;"secret" y\n',
            "quotation mark stands alone: close it, or write it twice inside a text. Row 3.",
        ),
        (b'id;a\n1;x\n2;"secret\n', "quotation mark stands alone"),
        (b"id;a\n1;sec\x00ret\n", "character that cannot be stored. Row 2."),
        (
            b"id;a\n1;" + b"secret" * 2_000 + b"\n",
            "10\u202f000 characters at most. Is a quotation mark never closed? Row 2.",
        ),
        (b'id;a\n1;"' + b"secret\n" * 50_000, "Is a quotation mark never closed? Row 2."),
        (b"id;" * 250 + b"\n" + b"1;" * 250, "200 columns at most."),
        (b";" * 3_000_000, "characters at most"),
        (b"id;a;id\n1;secret;3\n", "Columns 1, 3 do not have names of their own."),
        (b"id;a\n", "holds no records"),
        (b"secret\nsecret\n", "one column only"),
    ],
)
def test_what_cannot_be_read_is_said_by_row_and_without_a_value(content: bytes, words: str) -> None:
    said = refusal(content)
    assert words in said
    assert "secret" not in said


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_ROWS", 3)
    assert "3 records at most" in refusal(b"id;a\n" + b"1;x\n" * 4)


def test_a_character_that_the_chosen_encoding_lacks_is_said() -> None:
    assert "Choose another encoding. Row 3." in refusal("id;a\n1;x\n2;é\n".encode("cp1252"), Dialect("semicolon"))


def test_only_ten_row_numbers_are_listed() -> None:
    content = b"id;a\n" + b"1;x;y\n" * 312
    assert "Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and others, 312 in all." in refusal(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"x" * 2_000, "must be smaller than 0 MB"),
        (b"PK\x03\x04zip", "a ZIP file"),
        (b"PK\x03\x04[Content_Types].xml xl/workbook.xml", r"a spreadsheet \(.xlsx or .ods\)"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text", "a document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (b"%PDF-1.7\n", "a PDF"),
        (b'\xef\xbb\xbf[\n {"id": 1}]', "JSON"),
        (b'{"id": 1}', "JSON"),
        (b"<!DOCTYPE html><table>", "a web page"),
        ("id;a\n1;x\n".encode("utf-16"), "UTF-16"),
        ("id;a\n1;x\n".encode("utf-16-le"), "UTF-16"),
        (bytes(range(256)) * 3, "not a CSV table"),
        (b"SQLite format 3\x00" + bytes(100), "not a CSV table"),
    ],
)
def test_what_is_no_csv_file_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        csv_files.refuse_other_kinds(content, most=1_000)


@pytest.mark.parametrize(
    "content", [b"[id];a\n1;x\n", b"{id};a\n1;x\n", b"BMI;id\n1;2\n", b"PK;a\n1;2\n", b"<18;a\n1;2\n"]
)
def test_headings_that_begin_like_other_files_are_read(content: bytes) -> None:
    csv_files.refuse_other_kinds(content, most=1_000)


def test_the_apostrophe_before_a_formula_is_no_part_of_a_text() -> None:
    assert read(b"id;a\n'=1;'-x\n2;'tis\n", Dialect("semicolon")).columns == [["=1", "2"], ["-x", "'tis"]]


# Kinds and values


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1 234,5", "comma", 1234.5),
        ("1\u202f234\u202f567,25", "comma", 1234567.25),
        ("1.234,5", "comma", 1234.5),
        ("1.234.567", "comma", 1234567),
        ("1.234", "comma", None),  # thousands or decimals
        ("12.5", "comma", None),
        ("1,234.5", "point", 1234.5),
        ("1,234", "point", None),
        ("-12.50", "point", -12.5),
        ("1e-05", "point", 1e-05),
        ("007", "point", None),  # a code
        ("1234567890123456", "point", None),
        ("1e999", "point", None),
        ("+33", "point", None),
        ("", "point", None),
        ("٣", "point", None),
    ],
)
def test_numbers_are_read_by_the_decimal_sign_of_the_file(text: str, decimal: str, value: float | None) -> None:
    assert number(text, decimal) == value


def test_a_column_is_a_number_only_if_all_its_values_are() -> None:
    text = "id;a;b\n1;2,5;2,5\n2;;n/a\n3;7,5;1\n"
    assert (column(text, "a").kind, column(text, "a").values) == ("number", [2.5, None, 7.5])
    assert (column(text, "b").kind, column(text, "b").values) == ("text", ["2,5", "n/a", "1"])


def test_low_and_high_are_what_was_seen() -> None:
    found = column("id;a\n1;5\n2;-3\n3;\n", "a").described()
    assert found == {"name": "a", "kind": "integer", "low": -3, "high": 5}


def test_few_different_texts_are_a_choice() -> None:
    text = "id;team;name\n" + "".join(f"{n};{'AB'[n % 2]};n{n}\n" for n in range(6))
    assert column(text, "team").described() == {"name": "team", "kind": "category", "values": ["A", "B"]}
    assert column(text, "name").kind == "text"


def test_codes_with_leading_zeros_stay_texts() -> None:
    assert column("id;zip\n1;01000\n2;75001\n", "zip").values == ["01000", "75001"]


def test_the_key_stays_as_the_file_has_it() -> None:
    assert column("id;a\n1;x\n2;y\n", "id").described() == {"name": "id", "kind": "text"}


def test_the_model_decides_where_the_values_allow_it() -> None:
    text = "id;grade;remote;team;pay\n1;1;oui;Law;10\n2;2;non;Sales;20,5\n3;1;;Sales;30\n"
    features = (GRADE, REMOTE, TEAM, PAY)
    assert column(text, "grade", *features).values == [1, 2, 1]
    assert column(text, "remote", *features).values == [True, False, None]
    assert column(text, "team", *features).described()["values"] == ["Sales", "Law"]
    assert column(text, "pay", *features).values == [10.0, 20.5, 30.0]


def test_without_a_model_words_stay_words() -> None:
    assert column("id;remote\n1;oui\n2;non\n3;oui\n4;oui\n5;non\n", "remote").values[0] == "oui"


def test_what_the_model_would_refuse_stays_and_is_counted() -> None:
    found = column("id;pay\n1;100\n2;99999\n3;much\n4;200\n5;\n", "pay", PAY)
    assert (found.kind, found.values) == ("number", [100.0, "99999", "much", 200.0, None])
    assert found.described() | {"low": 100.0, "high": 200.0} == found.described()
    assert sorted(found.refused.values()) == [[1], [2], [4]]
    assert not any("99999" in text or "much" in text for text in found.refused)


def test_a_column_that_the_model_mostly_refuses_is_typed_by_its_values() -> None:
    assert column("id;pay\n1;low\n2;high\n3;100\n", "pay", PAY).kind == "text"


def test_a_number_that_could_be_read_in_two_ways_is_refused_by_row() -> None:
    with pytest.raises(FileRefused, match=r"“Pay” holds points in a file with decimal commas.*Row 3\."):
        column("id;pay;b\n1;2,5;1,5\n2;1.234;2,5\n", "pay", PAY)


# The words of the pages

SEX = {
    "name": "genre",
    "dtype": "category",
    "label": {"en": "Gender", "fr": "Genre"},
    "categories": [
        {"value": "F", "label": {"en": "Woman", "fr": "Femme"}},
        {"value": "M", "label": {"en": "Man", "fr": "Homme"}},
    ],
}
STUDY = {"name": "niveau_education", "dtype": "integer", "label": {"en": "Level", "fr": "Niveau d’études"}}


def named(text: str, *features: dict[str, Any], key: str = "id") -> list[str]:
    """What the columns of a file are called here."""
    return wording.renamed(read(text.encode(), Dialect("semicolon")), model(*features), key).names


@pytest.mark.parametrize("heading", ["genre", "Gender", "GENRE", " gender ", "Genre"])
def test_a_heading_in_any_language_is_the_models_field(heading: str) -> None:
    assert named(f"id;{heading}\n1;F\n", SEX) == ["id", "genre"]


@pytest.mark.parametrize("heading", ["Niveau d'etudes", "NIVEAU  D’ÉTUDES", "niveau education", "level"])
def test_accents_apostrophes_and_spaces_do_not_matter(heading: str) -> None:
    assert named(f"id;{heading}\n1;2\n", STUDY) == ["id", "niveau_education"]


def test_headings_stay_to_be_shown() -> None:
    sheet = wording.renamed(read(b"id;Gender\n1;F\n", Dialect("semicolon")), model(SEX))
    assert sheet.headings == ["id", "Gender"]


def test_two_headings_of_one_field_are_refused() -> None:
    with pytest.raises(FileRefused, match="“Gender” and “Genre” both mean “Gender”"):
        named("id;Gender;Genre\n1;F;F\n", SEX)


def test_a_heading_that_could_mean_two_fields_stays() -> None:
    assert named("id;Pay\n1;2\n", PAY, PAY | {"name": "other"}) == ["id", "Pay"]


@pytest.mark.parametrize("heading", ["Key of the record", "Clé de la fiche", "ID"])
def test_the_key_is_found_as_downloads_call_it(heading: str) -> None:
    assert named(f"{heading};Gender\n1;F\n", SEX) == ["id", "genre"]


def test_the_key_keeps_its_name() -> None:
    assert named("Gender;pay\n1;2\n", SEX, PAY, key="Gender") == ["Gender", "pay"]


def test_cells_in_any_language_are_the_models_values() -> None:
    found = column("id;genre\n1;Woman\n2;homme\n3;F\n4;FEMME\n5;x\n", "genre", SEX)
    assert found.values == ["F", "M", "F", "F", "x"]
    assert list(found.refused.values()) == [[4]]


def test_a_word_of_two_choices_stays_as_it_is() -> None:
    twins = [{"value": "a", "label": "Same"}, {"value": "b", "label": {"en": "same"}}, {"value": "Same"}]
    feature = {"name": "team", "dtype": "category", "categories": twins[:2]}
    assert column("id;team\n1;a\n2;Same\n3;b\n", "team", feature).values == ["a", "Same", "b"]
    assert column("id;team\n1;a\n2;Same\n", "team", feature | {"categories": twins}).refused == {}


def test_choices_that_are_numbers_have_words_too() -> None:
    categories = [{"value": 1, "label": "Low"}, {"value": 2, "label": "High"}]
    found = column("id;grade\n1;low\n2;2\n3;HIGH\n", "grade", GRADE | {"categories": categories})
    assert found.values == [1, 2, 2]


def test_a_file_made_here_calls_a_field_by_its_name_where_the_title_is_not_its_own() -> None:
    signature = model(SEX, PAY, PAY | {"name": "other"})
    assert wording.headings(signature.features, signature) == ["Gender", "pay", "other"]


# Keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name;id_employee\nAnn;7\nBob;8\n", "id_employee"),
        ("name;Matricule\nAnn;7\nBob;8\n", "Matricule"),
        ("name;employee id\nAnn;7\nBob;8\n", "employee id"),
        ("id;code\n1;7\n1;8\n", "code"),
        ("id;name\n1;Ann\n2;Bob\n2;Cid\n", "id"),  # which rows are wrong will be said
        ("id;name\n1;Ann\n1;Ann\n", "id"),
        ("Clé de la fiche;name\n1;Ann\n2;Bob\n", "Clé de la fiche"),
        ("a;b\n1;7\n1;7\n", ""),
    ],
)
def test_the_key_is_guessed(text: str, key: str) -> None:
    assert guess_key(read(text.encode(), Dialect("semicolon"))) == key


def test_a_field_of_the_model_is_no_key() -> None:
    sheet = read(b"pay;code\n1;7\n2;8\n", Dialect("semicolon"))
    assert guess_key(sheet, model(PAY)) == "code"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id;a\n7;x\n;y\n", r"The key is empty\. Row 3\."),
        ("id;a\n7;x\n8;y\n7;z\n", r"“id” is the same in several rows.*Rows 2, 4\."),
        (f"id;a\n{'7' * 201};x\n", r"200 characters at most\. Row 2\."),
        ("x;a\n7;x\n", r"no column of the name"),
    ],
)
def test_a_key_that_does_not_tell_records_apart_is_refused_by_row(text: str, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        keys(read(text.encode(), Dialect("semicolon")), "id")


def test_sensitive_texts_cannot_be_searched() -> None:
    text = "id;name;secret\n" + "".join(f"K{n};Éva{n};s{n}\n" for n in range(3))
    secret = {"name": "secret", "dtype": "string", "sensitive": "personal"}
    sheet, dialect = read(text.encode(), guess(text.encode())), guess(text.encode())
    found = column_kinds.searches(keys(sheet, "id"), typed(sheet, dialect, "id", model(secret)), "id")
    assert found == ["k0 eva0", "k1 eva1", "k2 eva2"]


def test_what_a_part_of_a_set_shows_joins_what_was_seen_before() -> None:
    before = [{"name": "a", "kind": "integer", "low": 1, "high": 9}, {"name": "old", "kind": "text"}]
    now = [{"name": "a", "kind": "number", "low": 0.5, "high": 2.5}]
    assert column_kinds.merged(before, now) == [{"name": "a", "kind": "number", "low": 0.5, "high": 9}, before[1]]
