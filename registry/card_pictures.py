"""Pictures that a card shows: which files of the repository they are, and whether they are pictures at all.

Only what the card names is kept, as it is: a browser gets it with the type found here, whatever its name says.
"""

import io
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from PIL import Image

from registry.contract_checks import is_safe_path
from registry.contract_files import ContractError, read_file
from registry.pictures import BOMB, BROKEN

MOST = 20
MAX_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 24_000_000
MAX_CARD = 100_000  # characters of a card that are kept, and so looked at
ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}  # no SVG: it may hold code

# Every repetition is bounded: the text is a stranger's.
_SHOWN = (
    re.compile(r"!\[[^\]\n]{0,300}\]\(\s{0,9}<?([^)\s>]{1,300})"),
    re.compile(r"^ {0,3}\[[^\]\n]{1,300}\]:[ \t]{0,9}<?([^\s>]{1,300})", re.MULTILINE),
    re.compile(r"<img\b[^>]{0,300}?\bsrc\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,300})", re.IGNORECASE),
)


def named_in(text: str) -> list[str]:
    """Paths, relative to the repository, of the pictures that the text of a card shows; at most MOST."""
    found = [(match.start(), match[1]) for shown in _SHOWN for match in shown.finditer(text[:MAX_CARD])]
    paths = (posixpath.normpath(unquote(re.split("[?#]", address)[0])) for _place, address in sorted(found))
    return list(dict.fromkeys(path for path in paths if _may_be_kept(path)))[:MOST]


def _may_be_kept(path: str) -> bool:
    parts = PurePosixPath(path)
    hidden = any(part.startswith(".") for part in parts.parts)
    return is_safe_path(path) and not hidden and parts.suffix.lower() in ENDINGS


def collect(directory: Path, text: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The pictures a card shows that are there, {path: {"type", "width", "height"}}, and sentences on the others."""
    kept, left_out = {}, []
    for path in named_in(text):
        try:
            kept[path] = describe(read_file(directory, path, MAX_BYTES))
        except ContractError as error:
            left_out.append(f"{' '.join(error.problems)} The card is shown without it.")
        except ValueError as error:
            left_out.append(f"{path}: {error} The card is shown without it.")
    return kept, left_out


def describe(content: bytes) -> dict[str, Any]:
    """{"type", "width", "height"} of a picture that can be decoded. Raises ValueError with a sentence."""
    try:
        with Image.open(io.BytesIO(content), formats=tuple(TYPES)) as picture:
            width, height = picture.size
            kind = TYPES[str(picture.format)]
            if width * height <= MAX_PIXELS:  # else it is refused below, and not decoded before
                picture.load()
    except (*BOMB, *BROKEN):
        raise ValueError("it is no PNG, JPEG, WebP or GIF picture, or a damaged one.") from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels; {MAX_PIXELS:,} are allowed.")
    return {"type": kind, "width": width, "height": height}


def affordable(sizes: Iterable[tuple[str, int]], *, files: int, total: int) -> list[str]:
    """The first pictures, given with their bytes, that fit into what is left of a download; the model goes first."""
    taken: list[str] = []
    for path, size in sizes:
        if len(taken) < files and size <= min(MAX_BYTES, total):
            taken.append(path)
            total -= size
    return taken
