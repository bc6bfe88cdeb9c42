"""Begin a model repository of your own from an example: `new_model_repository.py iris FOLDER`.

Its code comes to the root of the folder and imports its own modules by their plain names; what the examples share
(`examples.repository`, `registry.pictures`) still comes from Futurisys, which train.yml checks out beside it.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.parents[2].name for path in EXAMPLES.glob("*/.github/workflows/train.yml"))
# The line that makes `examples` importable where the example lies.
PATH_LINE = re.compile(r"^sys\.path\.insert\(0, .*parents\[2\].*\n\n?", re.MULTILINE)


def moved(text: str, name: str) -> str:
    """The code of an example, as it reads in a repository of its own."""
    text = PATH_LINE.sub("", text)
    text = re.sub(rf"^from examples\.{name} import ", "import ", text, flags=re.MULTILINE)
    text = re.sub(rf"^from examples\.{name}\.", "from ", text, flags=re.MULTILINE)
    return text.replace(f"examples/{name}/", "")


def begin(name: str, folder: Path) -> list[str]:
    """Write the repository into a new or empty folder; what it holds now."""
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: name a new folder.")
    source = EXAMPLES / name
    for path in sorted(source.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            target.write_text(moved(path.read_text("utf-8"), name), "utf-8")
        else:
            shutil.copyfile(path, target)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Say what was written and what to do next."""
    parser = argparse.ArgumentParser(description="Begin a model repository from an example.")
    parser.add_argument("example", choices=NAMES)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    print("\n".join(begin(options.example, options.folder)))  # noqa: T201
    print("Next: the head of .github/workflows/train.yml says what to set on GitHub.")  # noqa: T201


if __name__ == "__main__":
    main()
