"""Reads and writes safetensors: a JSON header with the position of each tensor, then the bytes.

The whole header is checked before a tensor is read, so that no read goes beyond the file. After that, reading is one
line of numpy, so the package `safetensors` is not needed; its numpy part does not read bfloat16 either.
"""

import contextlib
import json
import math
import os
import stat
import struct
import typing

import numpy as np

from tinylm_keras import archive
from tinylm_keras.archive.refusal import shown

LARGEST_HEADER = 4 << 20  # bytes; a model of 48 blocks takes 100 kB
MOST_TENSORS = 20_000
MOST_DIMENSIONS = 8

# Bytes per number of each type.
SIZES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}
READ = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Tensor(typing.NamedTuple):
    """The position of a tensor in its file.

    Attributes:
        path: `pathlib.Path` of the file.
        dtype: str. Its name in the format.
        shape: tuple of int.
        offset: int. Its first byte in the file.
    """

    path: typing.Any
    dtype: str
    shape: tuple
    offset: int

    def read(self):
        """Return the tensor as a float32 array.

        Raises:
            ValueError: if its type is not float32, float16 or bfloat16, or if the file has changed.
        """
        if self.dtype not in READ:
            raise ValueError(f"{self.path} has a tensor of {self.dtype}; only F32, F16 and BF16 are read.")
        array = np.empty(self.shape, READ[self.dtype])
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            if file.readinto(array.reshape(-1).view("u1")) != array.nbytes:
                raise ValueError(f"{self.path} became shorter while it was read.")
        if self.dtype == "BF16":  # the first 16 bits of float32
            array = (array.astype("<u4") << 16).view("<f4")
        return array.astype("float32", copy=False)


def write(path, tensors, metadata):
    """Write float32 arrays as a safetensors file: the length of a JSON header, the header, the bytes.

    Args:
        path: `pathlib.Path`.
        tensors: dict of float32 arrays by name.
        metadata: dict of str by str.
    """
    header, offset = {"__metadata__": metadata}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        file.writelines(np.ascontiguousarray(array, "<f4").tobytes() for array in tensors.values())


def tensors(path):
    """Return the positions of the tensors in a file, as a dict of `Tensor` by name, without reading them.

    Args:
        path: `pathlib.Path`.

    Raises:
        OSError: if the file does not exist or cannot be read.
        ValueError: if it is not a complete safetensors file. The message is one line and names the file.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # before it is opened, because opening a pipe waits
        raise ValueError(f"{path} is not a regular file.")
    with open(path, "rb") as file, _naming(path):
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise archive.Refused("is not a complete safetensors file: its header is longer than the file.")
        if length > LARGEST_HEADER:
            raise archive.Refused(f"has a header of {length:,} bytes; at most {LARGEST_HEADER:,} are read.")
        return _checked(_parse(file.read(length)), path, 8 + length, size)


@contextlib.contextmanager
def _naming(path):
    try:
        yield
    except archive.Refused as refused:
        raise ValueError(f"{path} {refused}") from None


def _parse(content):
    if content.count(b"[") > 2 * MOST_TENSORS or content.count(b"{") > MOST_TENSORS:  # before they are parsed
        raise archive.Refused(f"has more than {MOST_TENSORS:,} tensors.")
    header = archive.parse(content, "header")
    if not isinstance(header, dict):
        raise archive.Refused("has a header that is not an object with tensors by name.")
    header.pop("__metadata__", None)
    return header


def _checked(header, path, begin, size):
    """Return the tensors of a header, whose bytes must fill the file from `begin` to its end without gaps."""
    found, stretches = {}, []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise _wrong(name, "is not described by dtype, shape and data_offsets")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in SIZES:
            raise _wrong(name, f"has an unknown dtype, {shown(dtype)}")
        if not _sizes(shape) or len(shape) > MOST_DIMENSIONS or not _sizes(offsets) or len(offsets) != 2:
            raise _wrong(name, "has an invalid shape or position")
        first, last = offsets
        if last - first != math.prod(shape) * SIZES[dtype]:
            raise _wrong(name, f"has {last - first:,} bytes, and a shape of {math.prod(shape):,} numbers of {dtype}")
        if math.prod(one or 1 for one in shape) > size:  # numpy cannot make an array of (0, 2**62) either
            raise _wrong(name, "has a shape that is larger than the file")
        stretches.append((first, last))
        found[name] = Tensor(path, dtype, tuple(shape), begin + first)
    end = 0
    for first, last in sorted(stretches):
        if first != end:
            raise archive.Refused("has gaps between its tensors, or tensors that overlap.")
        end = last
    if begin + end != size:
        raise archive.Refused(f"has tensors of {end:,} bytes, and {size - begin:,} bytes after its header.")
    return found


def _sizes(value):
    good = isinstance(value, list)
    return good and all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value)


def _wrong(name, why):
    return archive.Refused(f"has a tensor {shown(name)} that {why}.")
