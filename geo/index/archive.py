"""A file of named arrays: a JSON head with checksums, then the arrays, ready to be mapped.

Nothing in such a file is ever executed. It is written under another name and moved into place, so
a reader sees the old file or the new one.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.errors import BadIndexFile

MAGIC: Final = b"CITYCELL"
ALIGN: Final = 64
HEAD_FIXED: Final = 16  # magic, length and checksum of the head

Arrays = Mapping[str, NDArray[Any]]


def write(path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Write *facts* (plain JSON values) and *arrays* to *path*, replacing what is there."""
    entries: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, array in arrays.items():
        entries[name] = {
            "dtype": array.dtype.str,
            "shape": array.shape,
            "offset": offset,
            "crc": zlib.crc32(_bytes(array)),
        }
        offset += _aligned(array.nbytes)
    head = json.dumps({"facts": facts, "arrays": entries, "size": offset}).encode()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(MAGIC)
        file.write(len(head).to_bytes(4, "little") + zlib.crc32(head).to_bytes(4, "little"))
        file.write(head)
        file.write(b"\0" * (_aligned(file.tell()) - file.tell()))
        for array in arrays.values():
            file.write(_bytes(array))
            file.write(b"\0" * (_aligned(array.nbytes) - array.nbytes))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Facts and arrays of the file at *path*; the arrays are mapped, not copied, and read-only.

    Raises BadIndexFile when the file is missing, foreign, cut short or damaged.
    """
    try:
        whole = np.memmap(path, dtype=np.uint8, mode="r")
    except FileNotFoundError as err:
        raise BadIndexFile(str(path), "does not exist; build the index again") from err
    except (OSError, ValueError) as err:
        raise BadIndexFile(str(path), f"cannot be read ({err})") from err
    head = _head(path, whole)
    start = _aligned(HEAD_FIXED + int.from_bytes(whole[8:12].tobytes(), "little"))
    if len(whole) != start + head["size"]:
        raise BadIndexFile(str(path), f"is {len(whole)} bytes, not {start + head['size']}")
    body = np.asarray(whole[start:])
    return head["facts"], {
        name: _array(path, body, name, entry) for name, entry in head["arrays"].items()
    }


def _head(path: Path, whole: NDArray[np.uint8]) -> dict[str, Any]:
    if whole[:8].tobytes() != MAGIC:
        raise BadIndexFile(str(path), "is not a cell index")
    length = int.from_bytes(whole[8:12].tobytes(), "little")
    head = whole[HEAD_FIXED : HEAD_FIXED + length].tobytes()
    if not head or zlib.crc32(head) != int.from_bytes(whole[12:16].tobytes(), "little"):
        raise BadIndexFile(str(path), "has a damaged head; build the index again")
    return json.loads(head)


def _array(path: Path, body: NDArray[np.uint8], name: str, entry: dict[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(entry["dtype"])
    size = int(np.prod(entry["shape"])) * dtype.itemsize
    raw = body[entry["offset"] : entry["offset"] + size]
    if zlib.crc32(raw.data) != entry["crc"]:
        raise BadIndexFile(str(path), f"has a damaged array {name!r}; build the index again")
    return raw.view(dtype).reshape(entry["shape"])


def _bytes(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN
