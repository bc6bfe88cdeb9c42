"""What a model file may name: an exact list, asked at `find_class`, where a pickle gets hold of code.

Two passes. The first reads the file with inert stand-ins, so that the report holds every name and nothing
runs; the second constructs, and asks the list again. Scanners of opcodes are no gate: joblib puts raw arrays
between them. Compressed files are inflated under a limit before either pass.
"""

import bz2
import importlib
import io
import json
import lzma
import pickle
import resource
import types
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from registry.importer.child.allowed import NEVER_CALLED, allowed, allowed_somewhere

Global = tuple[str, str]
_Unpickler: Any = pickle._Unpickler  # the one in Python, whose BUILD can be watched
WRAPPER: Global = ("joblib.numpy_pickle", "NumpyArrayWrapper")
CHUNK = 1 << 20
MOST_INFLATED = 1 << 30  # where the operating system sets no limit on memory


class Refused(Exception):
    """The file names something that is not on the list, or is no file this product reads."""


# --- bytes ----------------------------------------------------------------------------------------------


def inflated_limit() -> int:
    """Bytes a compressed file may become: a quarter of the memory limit, as the arrays come on top."""
    memory = resource.getrlimit(resource.RLIMIT_AS)[0]
    return MOST_INFLATED if memory == resource.RLIM_INFINITY else memory // 4


def _decompressor(head: bytes) -> Any:
    if head.startswith((b"\x1f\x8b", b"\x78")):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header
    if head.startswith(b"BZ"):
        return bz2.BZ2Decompressor()
    if head.startswith((b"\xfd7zXZ", b"\x5d\x00")):
        return lzma.LZMADecompressor()
    if head.startswith(b"\x04\x22\x4d\x18"):
        raise Refused("The file is compressed with lz4; save it with zlib, or uncompressed.")
    if head.startswith(b"ZF"):
        raise Refused("The file was written by joblib before 0.10; save it again with a current one.")
    return None


def read(path: Path) -> bytes:
    """The bytes of a joblib or pickle file, inflated if need be. Raises Refused when they grow too large."""
    data = path.read_bytes()
    decompressor = _decompressor(data[:6])
    return data if decompressor is None else b"".join(_inflate(decompressor, data))


def _inflate(decompressor: Any, data: bytes) -> Iterator[bytes]:
    room = inflated_limit()
    pending = data
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(pending, CHUNK)
        except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
            raise Refused("The compressed file is damaged: upload it again.") from error
        room -= len(piece)
        if room < 0:
            raise Refused(f"The file inflates to more than {inflated_limit() >> 20} MiB.")
        # zlib hands back what it did not read; bz2 and lzma keep it
        pending = getattr(decompressor, "unconsumed_tail", b"")
        if not piece and not pending:
            raise Refused("The compressed file ends too early: it is incomplete, upload it again.")
        yield piece


# --- first pass: inert stand-ins ------------------------------------------------------------------------


class _Inert:
    """Stands for any class, function or object of the file; accepts everything, does nothing."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> "_Inert":
        return object.__new__(cls)

    def __init__(self, *_arguments: Any, **_named: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def __call__(self, *_arguments: Any, **_named: Any) -> "_Inert":
        return self

    def append(self, item: Any) -> None: ...

    def extend(self, items: Any) -> None: ...

    def add(self, item: Any) -> None: ...


class _SkippedArray:
    """joblib's array wrapper, reduced to how many bytes follow it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def skip(self, reader: "_Recorder") -> None:
        if self.dtype.hasobject:
            _Recorder(reader.stream, reader.seen).load()
            return
        if getattr(self, "numpy_array_alignment_bytes", None) is not None:
            reader.stream.read(reader.stream.read(1)[0])
        left = self.dtype.itemsize
        for length in self.shape:
            left *= int(length)
        if reader.stream.seek(0, io.SEEK_CUR) + left > reader.size:
            raise Refused("The file ends in the middle of an array: it is incomplete, upload it again.")
        reader.stream.seek(left, io.SEEK_CUR)


class _Recorder(_Unpickler):  # type: ignore[misc]
    """Reads a pickle without making anything of it; `seen` holds every global it names."""

    dispatch = _Unpickler.dispatch.copy()

    def __init__(self, stream: io.BytesIO, seen: set[Global]) -> None:
        super().__init__(stream)
        self.stream = stream
        self.size = len(stream.getbuffer())
        self.seen = seen

    def find_class(self, module: str, name: str) -> Any:
        module, name = _modern(module, name)
        self.seen.add((module, name))
        if (module, name) == WRAPPER:
            return _SkippedArray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype  # needed to know how many bytes to step over
        return type(name.rpartition(".")[2] or "nameless", (_Inert,), {})

    def load_build(self) -> None:
        if isinstance(self.stack[-2], type):
            raise Refused("The file would change a class.")
        super().load_build()
        if isinstance(self.stack[-1], _SkippedArray):
            self.stack.pop().skip(self)
            self.stack.append(_Inert())

    dispatch[pickle.BUILD[0]] = load_build


def _modern(module: str, name: str) -> Global:
    """Pickles of protocol 2 and before use the names of Python 2."""
    import _compat_pickle  # the table pickle itself uses

    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def named_globals(data: bytes) -> set[Global]:
    """Every global an (inflated) joblib or pickle file names; nothing of it runs."""
    recorder = _Recorder(io.BytesIO(data), set())
    try:
        recorder.load()
    except (Refused, MemoryError):
        raise
    except Exception as error:  # a broken file may raise anything
        if not _refused(recorder.seen):
            raise Refused(
                f"The file is no readable pickle ({type(error).__name__}): upload what joblib.dump wrote."
            ) from error
    return recorder.seen


# --- second pass: construct -----------------------------------------------------------------------------


class _GatedArray(NumpyArrayWrapper):  # type: ignore[misc]
    """Reads object arrays, which are nested pickles, through the same gate whatever joblib's version does."""

    def read_array(self, unpickler: "_Gate", ensure_native_byte_order: bool) -> Any:
        if self.dtype.hasobject:
            return _Gate(unpickler.file_handle).load()
        return super().read_array(unpickler, ensure_native_byte_order)


class _Gate(NumpyUnpickler):  # type: ignore[misc]
    """Constructs from names on the list alone; calls only those, and changes no class."""

    dispatch = NumpyUnpickler.dispatch.copy()

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__("", stream, True)
        self.granted: dict[int, tuple[Any, Global]] = {}  # keeps them alive: an id is unique among the living only

    def find_class(self, module: str, name: str) -> Any:
        module, name = _modern(module, name)
        if (module, name) not in allowed():
            raise Refused(f"{module}.{name} is not on the list of allowed names.")
        if (module, name) == WRAPPER:
            found: Any = _GatedArray
        else:
            found = getattr(importlib.import_module(module), name)
        self.granted[id(found)] = found, (module, name)
        return found

    def _may_be_called(self, target: Any) -> None:
        if id(target) not in self.granted:
            raise Refused("The file would call an object that is no named function or class.")
        module, name = self.granted[id(target)][1]
        if (module, name) in NEVER_CALLED:
            raise Refused(f"The file would call {module}.{name}, which may read files.")

    def load_reduce(self) -> None:
        self._may_be_called(self.stack[-2])
        NumpyUnpickler.dispatch[pickle.REDUCE[0]](self)

    def _instantiate(self, klass: Any, arguments: Any) -> None:
        """What the opcodes of protocols 0 and 1 do to make an object: another way to call."""
        self._may_be_called(klass)
        super()._instantiate(klass, arguments)

    def load_build(self) -> None:
        if isinstance(self.stack[-2], (type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)):
            raise Refused("The file would change a class or a function.")
        super().load_build()

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build


def _refused(names: set[Global]) -> list[str]:
    return sorted(f"{module}.{name}" for module, name in names - allowed())


def _check(denied: list[str]) -> None:
    if denied:
        shown = ", ".join(denied[:8]) + (f" and {len(denied) - 8} more" if len(denied) > 8 else "")
        raise Refused(f"Not on the list of allowed names: {shown}.")


def scan_pickle(data: bytes, *, trusted: bool) -> list[str]:
    """The names an (inflated) joblib or pickle file uses; nothing of it runs. Raises Refused for those that are on the
    list of no environment, unless `trusted`.
    """
    if trusted:
        return sorted(_names_or_nothing(data))
    names = named_globals(data)
    _check(sorted(f"{module}.{name}" for module, name in names - allowed_somewhere()))
    return sorted(f"{module}.{name}" for module, name in names)


def load_pickle(data: bytes, *, trusted: bool) -> tuple[Any, list[str]]:
    """The object of an (inflated) joblib or pickle file, and the names it uses. Raises Refused.

    `trusted`: the list is not asked, and the file's own code may run.
    """
    if trusted:
        return NumpyUnpickler("", io.BytesIO(data), True).load(), sorted(_names_or_nothing(data))
    names = named_globals(data)
    _check(_refused(names))
    return _Gate(io.BytesIO(data)).load(), sorted(f"{module}.{name}" for module, name in names)


def _names_or_nothing(data: bytes) -> list[str]:
    try:
        return [f"{module}.{name}" for module, name in named_globals(data)]
    except Refused:  # trusted code may pickle in ways the first pass does not follow
        return []


# --- skops ----------------------------------------------------------------------------------------------


def scan_skops(path: Path) -> list[str]:
    """The types a .skops file uses; nothing of it runs. Raises Refused when it would inflate too far."""
    with zipfile.ZipFile(path) as archive:
        if sum(each.file_size for each in archive.infolist()) > inflated_limit():
            raise Refused(f"The file inflates to more than {inflated_limit() >> 20} MiB.")
        return sorted(set(_types(json.loads(archive.read("schema.json")))))


def load_skops(path: Path, *, trusted: bool) -> tuple[Any, list[str]]:
    """The object of a .skops file, and the types it uses. Raises Refused."""
    names = scan_skops(path)
    from skops.io import get_untrusted_types, load  # late: it imports all of scikit-learn

    untrusted = get_untrusted_types(file=path)
    if not trusted:
        listed = {f"{module}.{name}" for module, name in allowed()}
        _check(sorted(set(untrusted) - listed))
    return load(path, trusted=untrusted), names


def _types(node: Any) -> Iterator[str]:
    """module.class of every node of a skops schema."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("__class__"), str) and isinstance(node.get("__module__"), str):
                yield f"{node['__module__']}.{node['__class__']}"
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
