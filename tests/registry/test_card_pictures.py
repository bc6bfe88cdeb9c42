"""Pictures a card shows: which are fetched and kept, and what is no picture whatever its name says."""

import io
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from examples.local_hub import LocalHub
from registry import card_pictures
from tests.hubs import (
    a_place,  # noqa: F401  fixtures
    a_source,  # noqa: F401
    loopback_hub,  # noqa: F401
    publish,
    pull,
)


def picture(kind: str, size: tuple[int, int] = (4, 3)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("![a](one.png)", ["one.png"]),
        ('![a](./docs/one.PNG "A title") and ![b](two.jpeg#x)', ["docs/one.PNG", "two.jpeg"]),
        ("![a](docs/../one.webp?raw=true) ![b](one.webp)", ["one.webp"]),
        ("![a][ref]\n\n[ref]: <three.gif>\n[link]: page.html", ["three.gif"]),
        ('<p><IMG alt="x" src="four.jpg" width=3></p>', ["four.jpg"]),
        ("![one](%6fne.png)", ["one.png"]),
        ("[a link](one.png)", []),
        ("![a](https://elsewhere.example/one.png) ![b](//elsewhere.example/one.png)", []),
        ("![a](../one.png) ![b](/etc/one.png) ![c](.git/one.png) ![d](a%00.png)", []),
        ("![a](drawing.svg) ![b](model.joblib) ![c](one.png.exe)", []),
        ("![a](data:image/png;base64,AAAA)", []),
    ],
)
def test_what_a_card_shows(text: str, paths: list[str]) -> None:
    assert card_pictures.named_in(text) == paths


def test_a_long_card_names_twenty_and_takes_no_time() -> None:
    many = "".join(f"![x]({n}.png)" for n in range(50))
    assert card_pictures.named_in(many) == [f"{n}.png" for n in range(20)]
    began = time.perf_counter()
    for text in ("![" * 2_000_000, "<img " * 800_000, "[a" * 2_000_000, "[a]:" + " " * 4_000_000):
        assert card_pictures.named_in(text) == []
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(("kind", "found"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp"), ("GIF", "gif")])
def test_the_type_is_what_it_is_and_not_its_name(tmp_path: Path, kind: str, found: str) -> None:
    (tmp_path / "x.png").write_bytes(picture(kind))
    kept, left_out = card_pictures.collect(tmp_path, "![x](x.png)")
    assert kept == {"x.png": {"type": f"image/{found}", "width": 4, "height": 3}}
    assert left_out == []


def huge() -> bytes:
    """A PNG whose header promises 100 million pixels."""
    return picture("PNG").replace(struct.pack(">II", 4, 3), struct.pack(">II", 10_000, 10_000))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no PNG, JPEG, WebP or GIF picture, or a damaged one."),
        (b"<svg onload=alert(1)>", "it is no PNG"),
        (picture("BMP"), "it is no PNG"),
        (picture("PNG")[:-30], "a damaged one"),
        (picture("GIF")[:20], "a damaged one"),
        (picture("PNG", (5_000, 5_000)), "it has 5000 x 5000 pixels; 24,000,000 are allowed."),
        (huge(), "it "),
        (b"\x89PNG" + bytes(card_pictures.MAX_BYTES), "more than 2097152 is not accepted"),
    ],
)
def test_what_is_no_picture_is_left_out_and_said(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.png").write_bytes(content)
    kept, (sentence,) = card_pictures.collect(tmp_path, "![x](x.png)")
    assert kept == {}
    assert sentence.startswith("x.png: ")
    assert said in sentence
    assert sentence.endswith("The card is shown without it.")


def test_a_linked_picture_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(picture("PNG"))
    (tmp_path / "x.png").symlink_to(tmp_path / "real.png")
    kept, (sentence,) = card_pictures.collect(tmp_path, "![x](x.png)")
    assert (kept, "it is a link" in sentence) == ({}, True)


# -- from the Hub


def card(source: Path, *paths: str) -> None:
    (source / "README.md").write_text("".join(f"![x]({path})\n" for path in paths))


def pictures_of(hub: LocalHub, source: Path, place: Path, **how: Any) -> set[str]:
    pulled = pull(hub, publish(hub, source), place, **how)
    return {path for path in pulled.files if path.endswith(".png")}


def test_only_pictures_the_card_shows_are_fetched(hub: LocalHub, source: Path, place: Path) -> None:
    (source / "docs").mkdir()
    for name in ("docs/one.png", "two.png", "three.png"):
        (source / name).write_bytes(picture("PNG"))
    card(source, "docs/one.png", "two.png", "gone.png")
    assert pictures_of(hub, source, place) == {"docs/one.png", "two.png"}


def test_a_large_picture_is_not_fetched(hub: LocalHub, source: Path, place: Path) -> None:
    (source / "one.png").write_bytes(bytes(card_pictures.MAX_BYTES + 1))
    (source / "two.png").write_bytes(picture("PNG"))
    card(source, "one.png", "two.png")
    assert pictures_of(hub, source, place, max_bytes=9 << 20) == {"two.png"}


def test_pictures_never_make_a_repository_too_large(hub: LocalHub, source: Path, place: Path) -> None:
    names = [f"{n}.png" for n in range(6)]
    for name in names:
        (source / name).write_bytes(bytes(100_000))
    card(source, *names)
    commit = publish(hub, source)
    few = pull(hub, commit, place, max_files=8)
    assert sum(path.endswith(".png") for path in few.files) == 2
    small = pull(hub, commit, place, max_bytes=300_000)
    assert sum(path.endswith(".png") for path in small.files) == 2
