"""Folders for models: whoever sweeps while another process makes one takes none that is in use."""

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import folders
from registry.folders import Folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_removed_more_than_once() -> None:
    folder = Folder("model")
    (folder.path / "model").write_text("much")
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_unused_folders_are_removed(place: Path) -> None:
    for purpose in folders.PURPOSES:
        (place / f"futurisys-{purpose}-left").mkdir()
    (place / "futurisys-other").mkdir()
    (place / "futurisys-model-file").touch()
    (place / "futurisys-model-link").symlink_to(place / "futurisys-other")
    folder = Folder("model")
    kept = {"futurisys-other", "futurisys-model-file", "futurisys-model-link", folder.path.name}
    assert {each.name for each in place.iterdir()} == kept


def test_swept_before_it_was_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = in_turn(monkeypatch, Path.rmdir)
    folder = Folder("model")
    assert (folder.path, folder.path.exists()) == (made[1], True)


def test_swept_while_it_was_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    made, real = in_turn(monkeypatch, lambda path: None), os.open

    def opened(path: Path, flags: int, **how: int) -> int:
        descriptor = real(path, flags, **how)
        if path == made[0]:
            path.rmdir()
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    folder = Folder("model")
    assert (folder.path, folder.path.exists()) == (made[1], True)


def test_held_by_who_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper: list[int] = []
    made = in_turn(monkeypatch, lambda path: sweeper.append(folders._locked(path)))
    folder = Folder("model")
    assert folder.path == made[1]
    os.close(sweeper[0])


def test_where_files_cannot_be_locked_models_are_loaded_all_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folders.fcntl, "flock", refuse)
    first, second = Folder("model"), Folder("model")
    assert first.path.exists()
    first.remove()
    second.remove()
    assert list(place.iterdir()) == []


def in_turn(monkeypatch: pytest.MonkeyPatch, first: Callable[[Path], None]) -> list[Path]:
    """The folders that are made; `first` happens to the first of them before anything else."""
    made: list[Path] = []
    real = tempfile.mkdtemp

    def make(prefix: str) -> str:
        made.append(Path(real(prefix=prefix)))
        if len(made) == 1:
            first(made[0])
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", make)
    return made
