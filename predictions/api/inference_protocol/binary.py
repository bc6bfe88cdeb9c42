"""The binary tensor data extension: little-endian numbers, texts behind their length in 4 bytes. Pure."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# BOOL is read as what it is on the wire, a byte: numpy would take any byte for a truth value.
NUMBERS: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    **{f"INT{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
}
_LENGTH = struct.Struct("<I")


def numbers(raw: bytes, datatype: str, count: int) -> NDArray[Any]:
    """So many numbers of a datatype. Raises ValueError when these are not their bytes."""
    wanted = NUMBERS[datatype]
    if len(raw) != count * wanted.itemsize:
        raise ValueError
    found = np.frombuffer(raw, wanted)
    if datatype == "BOOL" and (found > 1).any():
        raise ValueError
    return found


def texts(raw: bytes, count: int) -> list[bytes]:
    """So many elements of BYTES. Raises ValueError when these are not their bytes."""
    found: list[bytes] = []
    place = 0
    while place < len(raw) and len(found) < count:
        if len(raw) - place < _LENGTH.size:
            raise ValueError
        (length,) = _LENGTH.unpack_from(raw, place)
        place += _LENGTH.size
        if length > len(raw) - place:
            raise ValueError
        found.append(raw[place : place + length])
        place += length
    if place != len(raw) or len(found) != count:
        raise ValueError
    return found


def packed(datatype: str, values: Sequence[Any]) -> bytes:
    """Numbers or texts as they go behind the JSON of an answer."""
    if datatype == "BYTES":
        encoded = [value.encode() for value in values]
        return b"".join(part for text in encoded for part in (_LENGTH.pack(len(text)), text))
    return np.asarray(values, NUMBERS[datatype]).tobytes()
