"""The jailed child: `python -I -B .../child/__main__.py PARENT MEMORY CPU`, run in one model's folder.

Speaks over the pipes it was started with: four bytes of length (little-endian), then one msgpack map.
First message {"jail": ...}; then {"id", "op", ...} is answered by {"id", "ok"} or {"id", "error", "text"}.
"""

import importlib.util
import os
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

REQUEST_LIMIT = 64 << 20


def _own_package() -> None:
    """Make this folder, and nothing else of the project, importable under its full name."""
    here = Path(__file__).resolve().parent
    for name in ("registry", "registry.importer"):
        parent = ModuleType(name)
        parent.__path__ = []
        sys.modules[name] = parent
    name = "registry.importer.child"
    spec = importlib.util.spec_from_file_location(name, here / "__init__.py", submodule_search_locations=[str(here)])
    if spec is None or spec.loader is None:
        raise ImportError(name)
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


def _private_pipes() -> tuple[int, int]:
    """The protocol's pipes under numbers of their own: what a model prints goes nowhere."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reading, writing


def _read(descriptor: int, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        piece = os.read(descriptor, min(1 << 20, length - len(parts)))
        if not piece:  # the parent is gone or has closed the pipe
            os._exit(0)
        parts += piece
    return bytes(parts)


def _write(descriptor: int, message: dict[str, Any]) -> None:
    import msgpack

    body = msgpack.packb(message)
    view = memoryview(struct.pack("<I", len(body)) + body)
    while view:
        view = view[os.write(descriptor, view) :]


def _answer(operations: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Every failure becomes an answer; of a prediction without its text, which may hold personal data."""
    from registry.importer.child.operations import Failed

    try:
        return {"id": message["id"], "ok": operations.run(message["op"], message["payload"])}
    except Failed as error:
        return {"id": message["id"], "error": error.kind, "text": str(error)[:300]}
    except MemoryError:
        return {
            "id": message["id"],
            "error": "memory",
            "text": "The model needed more memory than it may use.",
        }
    except BaseException as error:  # noqa: BLE001  # a model may raise SystemExit
        name = type(error).__name__
        text = f"The model raised {name}."
        if message["op"] != "predict":
            text = f"The model could not be used: {name}: {error}"[:300]
        return {"id": message["id"], "error": "model", "text": text}


def main() -> None:
    """Enter the jail, say what is in force, then answer until the pipe closes."""
    parent, memory, cpu = (int(each) for each in sys.argv[1:4])
    reading, writing = _private_pipes()
    _own_package()
    from registry.importer.child import jail

    report = jail.enter(folder=str(Path.cwd()), parent=parent, memory=memory, cpu=cpu)
    _write(writing, {"jail": report})
    operations: Any = None
    while True:
        (length,) = struct.unpack("<I", _read(reading, 4))
        if length > REQUEST_LIMIT:
            os._exit(1)
        body = _read(reading, length)
        import msgpack

        message = msgpack.unpackb(body)
        if operations is None:  # numpy and all that follows: inside the jail only
            try:
                from registry.importer.child.operations import Operations

                operations = Operations()
            except Exception as error:  # noqa: BLE001  # libraries of a model's own that do not fit together
                text = f"The environment cannot be used: {type(error).__name__}: {error}"[:300]
                _write(writing, {"id": message["id"], "error": "load", "text": text})
                continue
        _write(writing, _answer(operations, message))


if __name__ == "__main__":
    main()
