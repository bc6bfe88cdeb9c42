"""What a file is that is no CSV file, told by its first bytes. Pure."""

import re

from django.utils.translation import gettext_lazy

LOOKED_AT = 8_000
_KINDS = {
    "picture": rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*|....ftyp(hei|mif|avi)",
    "pdf": rb"\s*%PDF-",
    "xls": rb"\xd0\xcf\x11\xe0",
    "packed": rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!",
    "json": rb'(\xef\xbb\xbf)?\s*(\{\s*["}]|\[\s*[\[{])',
    "markup": rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml|table|svg)\b",
}
_PATTERNS = {kind: re.compile(pattern, re.DOTALL | re.IGNORECASE) for kind, pattern in _KINDS.items()}
_SENTENCES = {
    "picture": gettext_lazy("The selected file is a picture. Select a CSV file."),
    "pdf": gettext_lazy("The selected file is a PDF. Ask for the table behind it, saved as CSV."),
    "xls": gettext_lazy("The selected file is an old Excel file (.xls). Open it, choose “Save as”, then CSV."),
    "spreadsheet": gettext_lazy(
        "The selected file is a spreadsheet (.xlsx or .ods). Open it, choose “Save as”, then CSV."
    ),
    "document": gettext_lazy("The selected file is a document. Select a table that was saved as CSV."),
    "packed": gettext_lazy("The selected file is a ZIP file. Unpack it, and select the CSV file in it."),
    "binary": gettext_lazy("The selected file is not a CSV table. Select a CSV file."),
    "json": gettext_lazy("The selected file is JSON. Select a table that was saved as CSV."),
    "markup": gettext_lazy(
        "The selected file is a web page or XML. Open it in a spreadsheet, choose “Save as”, then CSV."
    ),
}


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r")
MOST_CONTROLS = 8  # different ones that a text may hold: a stray one is said by its row instead


def kind_of(content: bytes) -> str:
    """What this is, a key of the sentences or "xlsx"; nothing for what may be a CSV file. Both ends are enough."""
    start = content[:LOOKED_AT]
    kind = next((kind for kind, pattern in _PATTERNS.items() if pattern.match(start)), "")
    if not kind and _is_binary(start):
        return "binary"
    return _packed(content) if kind == "packed" else kind


def no_csv(content: bytes) -> str:
    """Why this cannot be a CSV file, and what to do; nothing for what may be one."""
    kind = kind_of(content)
    return str(_SENTENCES["spreadsheet" if kind == "xlsx" else kind]) if kind else ""


def _is_binary(start: bytes) -> bool:
    """Whether it is no text in any encoding: no text of two bytes a letter has four zeros in a row either."""
    if start.startswith(_UTF_16):
        return False
    return b"\x00" * 4 in start or len(_CONTROLS.intersection(start)) > MOST_CONTROLS


def _packed(content: bytes) -> str:
    # The names of what is packed stand at both ends, as they are.
    ends = content[:LOOKED_AT] + content[-LOOKED_AT:]
    if b"xl/" in ends:
        return "xlsx"
    if b"opendocument.spreadsheet" in ends:
        return "spreadsheet"
    return "document" if b"[Content_Types].xml" in ends or b"opendocument" in ends else "packed"
